"""The interface of encoders."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Vectors = NDArray[np.float32]

_LEAST = 1e-9  # the length that a vector of zeros is divided by


@dataclass(frozen=True)
class Tokens:
    """The word pieces of one text, without special tokens and punctuation.

    `ids` are int32 (n,); `vectors` are those of the last layer, float32 (n, width), of any length;
    `starts` are the places of the pieces in the text, int32 (n,), in characters.
    """

    ids: NDArray[np.int32]
    vectors: Vectors
    starts: NDArray[np.int32]


class Encoder(Protocol):
    """Turns texts into vectors whose dot product is their cosine similarity.

    A library calls its `close`, if it has one, when it is closed itself; the encoder may be used again. If
    it is also a `TokenEncoder`, it encodes tokens too; otherwise the embedded encoder does.
    """

    @property
    def name(self) -> str:
        """Names the encoder and its version; vectors of different names are never compared."""
        ...

    @property
    def dimension(self) -> int:
        """Length of a vector."""
        ...

    def encode(self, texts: Sequence[str]) -> Vectors:
        """float32, (len(texts), dimension), unit length."""
        ...


class TokenEncoder(Protocol):
    """Turns texts into one vector per word piece, for late interaction."""

    @property
    def name(self) -> str:
        """Names the encoder and its version."""
        ...

    @property
    def width(self) -> int:
        """Length of a token's vector."""
        ...

    @property
    def vocabulary(self) -> int:
        """Number of different word pieces; ids are below it. At most 65,536."""
        ...

    def encode_tokens(self, texts: Sequence[str]) -> list[Tokens]:
        """The word pieces of each text."""
        ...


def unit(vectors: Vectors) -> Vectors:
    """The vectors (..., width) with length 1; zeros stay zeros."""
    lengths = np.linalg.norm(vectors, axis=-1, keepdims=True)
    scaled: Vectors = vectors / np.maximum(lengths, _LEAST)
    return scaled

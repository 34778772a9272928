"""Encoders that give the vectors of texts and of their tokens, in one pass if they can."""

from collections.abc import Callable, Sequence
from typing import Protocol, TypeGuard

from rag.embedding.base import Encoder, TokenEncoder, Tokens, Vectors

OnePass = Callable[[Sequence[str]], tuple[Vectors, list[Tokens]]]


class BothEncoder(Encoder, TokenEncoder, Protocol):
    """Encodes both texts and tokens.

    If it has `encode_both(texts)`, which returns the results of `encode` and `encode_tokens`, one pass
    serves two indexes.
    """


def gives_tokens(encoder: Encoder) -> TypeGuard[BothEncoder]:
    """Whether an encoder also gives the vectors of tokens."""
    return hasattr(encoder, "encode_tokens")


def encode_both(encoder: BothEncoder, texts: Sequence[str]) -> tuple[Vectors, list[Tokens]]:
    """The vectors of texts and those of their tokens."""
    one_pass: OnePass | None = getattr(encoder, "encode_both", None)
    return one_pass(texts) if one_pass else (encoder.encode(texts), encoder.encode_tokens(texts))


class SharedPass:
    """Keeps the tokens of the last encoded texts for the next index. For one thread."""

    def __init__(self, encoder: BothEncoder) -> None:
        self._encoder = encoder
        self._kept: dict[str, Tokens] = {}
        self.name, self.width, self.vocabulary = encoder.name, encoder.width, encoder.vocabulary

    @property
    def dimension(self) -> int:
        """Length of a vector; an encoder on a server may have to request it."""
        return self._encoder.dimension

    def encode(self, texts: Sequence[str]) -> Vectors:
        """float32, (len(texts), dimension), unit length."""
        vectors, tokens = encode_both(self._encoder, texts)
        self._kept = dict(zip(texts, tokens, strict=True))
        return vectors

    def encode_tokens(self, texts: Sequence[str]) -> list[Tokens]:
        """The word pieces of each text; only texts that were not encoded just now need a pass."""
        kept, self._kept = self._kept, {}
        missing = [text for text in dict.fromkeys(texts) if text not in kept]
        kept |= dict(zip(missing, self._encoder.encode_tokens(missing), strict=True))
        return [kept[text] for text in texts]

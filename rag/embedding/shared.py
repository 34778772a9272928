"""One pass of an encoder for two indexes."""

from collections.abc import Sequence
from typing import Protocol

from rag.embedding.base import Encoder, TokenEncoder, Tokens, Vectors


class BothEncoder(Encoder, TokenEncoder, Protocol):
    """An encoder whose one pass gives the vector of a text and those of its tokens."""

    def encode_both(self, texts: Sequence[str]) -> tuple[Vectors, list[Tokens]]:
        """What `encode` and `encode_tokens` give."""
        ...


class SharedPass:
    """Keeps the tokens of the texts that were encoded last, for the index that asks next.

    For one writer: not safe to use from several threads.
    """

    def __init__(self, encoder: BothEncoder) -> None:
        self._encoder = encoder
        self._kept: dict[str, Tokens] = {}
        self.name, self.dimension = encoder.name, encoder.dimension
        self.width, self.vocabulary = encoder.width, encoder.vocabulary

    def encode(self, texts: Sequence[str]) -> Vectors:
        """float32, (len(texts), dimension), unit length."""
        vectors, tokens = self._encoder.encode_both(texts)
        self._kept = dict(zip(texts, tokens, strict=True))
        return vectors

    def encode_tokens(self, texts: Sequence[str]) -> list[Tokens]:
        """The word pieces of each text; only those that were not encoded just now cost a pass."""
        kept, self._kept = self._kept, {}
        missing = [text for text in dict.fromkeys(texts) if text not in kept]
        kept |= dict(zip(missing, self._encoder.encode_tokens(missing), strict=True))
        return [kept[text] for text in texts]

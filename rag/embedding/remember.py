"""A token encoder that remembers the texts it has just seen."""

from collections.abc import Sequence

from rag.embedding.base import TokenEncoder, Tokens
from rag.recent import Recent

TEXTS = 600  # sentences; one of 25 word pieces takes 40 KB


class Remembering:
    """Encodes a text once, while it is among the last `texts`. Safe to use from several threads.

    The same sentences are encoded to find what is near a question, to write the answer, to check it, and
    again for the next question about the same papers.
    """

    def __init__(self, encoder: TokenEncoder, texts: int = TEXTS) -> None:
        self.name, self.width, self.vocabulary = encoder.name, encoder.width, encoder.vocabulary
        self._recent = Recent(encoder.encode_tokens, texts)

    def encode_tokens(self, texts: Sequence[str]) -> list[Tokens]:
        """The word pieces of each text."""
        tokens = self._recent.of(texts)
        return [tokens[text] for text in texts]

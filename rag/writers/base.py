"""What a writer is to the assistant."""

from collections.abc import Iterator, Sequence
from typing import Protocol

from rag.citations import Piece
from rag.types import Hit


class Writer(Protocol):
    """Answers a question from hits."""

    @property
    def name(self) -> str:
        """Names the writer in the answer: "extractive", or the model."""
        ...

    def write(
        self, question: str, hits: Sequence[Hit], words: int | None, usage: dict[str, int]
    ) -> Iterator[Piece]:
        """The answer piece by piece, in about `words` words at most; adds to `usage` what it took.

        Raises ModelError.
        """
        ...

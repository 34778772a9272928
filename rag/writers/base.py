"""What a writer is to the assistant."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from rag.citations import Piece
from rag.types import Hit

NOT_SAID = "The papers do not say."
"""What a writer answers where the papers hold no answer."""


@dataclass
class Log:
    """What a writer tells beside its text: tokens used, and lines that a reader should know."""

    usage: dict[str, int] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


class Writer(Protocol):
    """Answers a question from hits."""

    @property
    def name(self) -> str:
        """Names the writer in the answer: "extractive", or the model."""
        ...

    def write(self, question: str, hits: Sequence[Hit], words: int | None, log: Log) -> Iterator[Piece]:
        """The answer piece by piece, in about `words` words at most. Raises ModelError."""
        ...

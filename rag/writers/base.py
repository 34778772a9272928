"""What a writer is to the assistant."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from rag.citations import Piece
from rag.query import Kind
from rag.types import Hit

NOT_SAID = "The papers do not say."
"""What a writer answers where the papers hold no answer."""


@dataclass(frozen=True)
class Task:
    """What a writer is asked: a question, the kind of answer that it wants, and in how many words."""

    question: str
    kind: Kind = "single"
    words: int | None = None


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

    def write(self, task: Task, hits: Sequence[Hit], log: Log) -> Iterator[Piece]:
        """The answer piece by piece; a list has a line for each of the hits. Raises ModelError."""
        ...

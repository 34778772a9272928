"""What a writer is to the assistant."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Protocol, runtime_checkable

from rag.citations import Piece, Sentence
from rag.types import Hit, Kind


@dataclass(frozen=True)
class Task:
    """What a writer is asked: a question, the kind of answer that it wants, and in how many words."""

    question: str
    kind: Kind = "single"
    words: int | None = None


@dataclass
class Log:
    """What a writer tells beside its text.

    `usage` is what its requests took, `notes` are lines that a reader should know, `missing` is what
    the answer leaves out. `refusal` is why the text, if there is any, is no answer.
    """

    usage: dict[str, float] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    missing: str | None = None
    refusal: str | None = None


class Writer(Protocol):
    """Answers a question from hits."""

    @property
    def name(self) -> str:
        """Names the writer in the answer: "extractive", or the model."""
        ...

    def write(self, task: Task, hits: Sequence[Hit], log: Log) -> Iterator[Piece]:
        """The answer piece by piece; a list has a line for each of the hits. Raises ModelError."""
        ...


@runtime_checkable
class Mender(Writer, Protocol):
    """A writer that can be asked once more for sentences that their quotes do not support."""

    def mend(
        self, task: Task, hits: Sequence[Hit], doubts: Sequence[Sentence], log: Log
    ) -> list[list[Piece]]:
        """Other words for each sentence in doubt, none where there are none. Raises ModelError."""
        ...

"""The interface of writers."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Protocol, runtime_checkable

from rag.citations import AnswerSentence, Piece
from rag.query import Understanding
from rag.types import Hit


@dataclass
class Log:
    """What a writer reports in addition to its text.

    `notes` are lines for the reader; `missing` is what the answer leaves out; `refusal` is the reason why
    the text, if there is any, is not an answer.
    """

    usage: dict[str, float] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    missing: str | None = None
    refusal: str | None = None


class Writer(Protocol):
    """Answers a question from hits."""

    @property
    def name(self) -> str:
        """ "extractive", or the name of the model."""
        ...

    def write(self, question: Understanding, hits: Sequence[Hit], log: Log) -> Iterator[Piece]:
        """The answer piece by piece; a list has a line for each hit. Raises ModelError."""
        ...


@runtime_checkable
class Mender(Writer, Protocol):
    """A writer that can replace sentences that their quotes do not support."""

    def mend(
        self, question: Understanding, hits: Sequence[Hit], doubts: Sequence[AnswerSentence], log: Log
    ) -> list[list[Piece]]:
        """Other words for each sentence in doubt, or no pieces. Raises ModelError."""
        ...

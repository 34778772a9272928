"""The interface of writers."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Protocol, runtime_checkable

from rag.composing import Piece
from rag.model.base import Usage
from rag.parts import Parts
from rag.query import Understanding
from rag.types import Hit


@dataclass
class Log:
    """What a writer reports in addition to its text.

    `notes` are lines for the reader; `missing` is what the answer leaves out; `refusal` is the reason why
    the text, if there is any, is not an answer; `searches` are queries that may find papers that have one;
    `papers` is how many papers it reads.
    """

    usage: Usage = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    missing: str | None = None
    refusal: str | None = None
    searches: tuple[str, ...] = ()
    papers: int = 0

    def begin(self) -> None:
        """Forget what was reported of a text that does not count."""
        self.missing, self.refusal, self.searches = None, None, ()


@dataclass(frozen=True)
class Correction:
    """A writer's reply to a sentence in doubt: new text with keys, or words of papers that show it."""

    text: str = ""
    words: tuple[str, ...] = ()


class Writer(Protocol):
    """Answers a question from hits."""

    @property
    def name(self) -> str:
        """ "extractive", or the name of the model."""
        ...

    @property
    def by_rules(self) -> bool:
        """Whether rules, and no model, understand its questions, find its papers and keep its sentences."""
        ...

    def write(self, question: Understanding, hits: Sequence[Hit], log: Log) -> Iterator[Piece]:
        """The answer piece by piece; a list has a line for each hit. Raises ModelError."""
        ...


@runtime_checkable
class Corrector(Writer, Protocol):
    """A writer that can correct sentences in doubt."""

    def correct(
        self, question: Understanding, hits: Sequence[Hit], parts: Parts, usage: Usage
    ) -> list[Correction]:
        """A correction of each sentence in doubt, perhaps an empty one.

        Raises ModelError.
        """
        ...

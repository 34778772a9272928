"""What a judge of sentences is to the rest of the program."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from rag.model.base import Usage
from rag.types import Check, Paper, Part, Passage, Span

_BY_WORTH: tuple[Check, ...] = (
    "contradicted",
    "not found",
    "unchecked",
    "partly",
    "supported",
    "verbatim",
)


@dataclass(frozen=True)
class Statement:
    """A sentence without markers, the papers that it rests on, and the words that its writer points to."""

    text: str
    papers: tuple[Paper, ...]
    words: tuple[str, ...] = ()


@dataclass(frozen=True)
class Quote:
    """Words of a paper: one of its parts at [start, end)."""

    paper: Paper
    span: Span
    part: Part = "abstract"

    @classmethod
    def at(cls, paper: Paper, place: Passage) -> "Quote":
        """The words of a place in a paper."""
        return cls(paper, (place.start, place.end), place.part)

    @property
    def text(self) -> str:
        return self.paper.text_of(self.part)[self.span[0] : self.span[1]]


@dataclass(frozen=True)
class Verdict:
    """The verdict on a statement, the words that show it, and the reason.

    With `lacks_words` it is the judge's "supported", which does not count, as no words show it. `support`
    is how likely the papers say it, in [0, 1], from a judge that knows.
    """

    check: Check = "unchecked"
    quotes: tuple[Quote, ...] = ()
    reason: str | None = None
    lacks_words: bool = False
    support: float | None = None

    @property
    def is_supported(self) -> bool:
        return self.check in ("verbatim", "supported")

    @property
    def is_in_doubt(self) -> bool:
        """Whether a correction, or words that show it, may make it supported."""
        return self.lacks_words or self.check in ("partly", "contradicted", "not found")

    @property
    def worth(self) -> int:
        """A rank, to choose the better one of two sentences."""
        return _BY_WORTH.index(self.check)


class Judge(Protocol):
    """Judges statements by their papers."""

    @property
    def name(self) -> str:
        """Names the judge: "llm:gpt-4.1-mini"."""
        ...

    def judge(self, statements: Sequence[Statement], usage: Usage) -> list[Verdict]:
        """A verdict on each statement, in order; adds to `usage`. Raises ModelError."""
        ...

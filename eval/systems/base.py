"""What a system is to a run: questions in, answers out, and where the papers of an answer stand."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Protocol, runtime_checkable

from eval.cases import CaseTurn, Years
from eval.outcomes import Outcomes, not_applicable
from eval.shelf import Shelf
from rag.library import Library
from rag.query import History
from rag.types import Answer, Filters


@dataclass(frozen=True)
class Options:
    """What is asked of every answer; the filters of a case go before these."""

    filters: Filters = field(default_factory=Filters)
    words: int | None = None
    k: int | None = None
    years_from_question: bool = True

    def within(self, years: Years) -> Filters:
        """The filters, with the years of a case in place of theirs where it has any."""
        return replace(
            self.filters,
            from_year=self.filters.from_year if years.from_year is None else years.from_year,
            to_year=self.filters.to_year if years.to_year is None else years.to_year,
        )

    def to_dict(self) -> dict[str, Any]:
        return {
            "filters": self.filters.to_dict(),
            "words": self.words,
            "k": self.k,
            "years_from_question": self.years_from_question,
        }


@dataclass(frozen=True)
class Answered:
    """An answer, and where the papers that it cites stand.

    `untold` are the metrics for which the answer says too little, each with what is lacking.
    """

    answer: Answer
    shelf: Shelf
    untold: Mapping[str, str] = field(default_factory=dict)

    def told(self, outcomes: Outcomes) -> Outcomes:
        """The outcomes, not applicable where the answer says too little: no value is made of silence."""
        silent = {name: why for name, why in self.untold.items() if outcomes[name].value is not None}
        return outcomes | {name: not_applicable(why) for name, why in silent.items()}


@runtime_checkable
class System(Protocol):
    """Answers the questions of a run, several at a time."""

    @property
    def name(self) -> str:
        """Who writes: "extractive", a model, a function's name."""
        ...

    @property
    def record(self) -> Mapping[str, Any]:
        """What decides its answers, for the record of a run; JSON types, no keys."""
        ...

    @property
    def shelf(self) -> Shelf:
        """The papers that are known before anything is answered."""
        ...

    def answer(self, turn: CaseTurn, history: History) -> Answered:
        """The answer to a turn.

        Raises QuestionError and ModelFailedError, which are of this turn alone, and other errors of
        askpapers, which would stop every turn.
        """
        ...


def library_record(library: Library) -> dict[str, Any]:
    """What a library holds, for the record of a run."""
    catalog = library.catalog
    return {
        "papers": catalog.count(),
        "passages": catalog.count_passages(),
        "sha256": catalog.digest(),
        "digests": catalog.holds_digests,
    }

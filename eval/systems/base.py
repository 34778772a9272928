"""The systems that a run can ask: questions in, answers and the papers behind them out."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Protocol, runtime_checkable

from eval.cases import CaseTurn
from eval.outcomes import Outcomes, not_applicable
from eval.shelf import Shelf
from rag.library import Library
from rag.types import Answer, History, Request


@dataclass(frozen=True)
class Answered:
    """An answer, and the shelf of the papers that it cites.

    `lacking` are the metrics for which the answer says too little, each with what is missing.
    """

    answer: Answer
    shelf: Shelf
    lacking: Mapping[str, str] = field(default_factory=dict)

    def applicable(self, outcomes: Outcomes) -> Outcomes:
        """The outcomes; those for which the answer says too little do not apply."""
        silent = {name: why for name, why in self.lacking.items() if outcomes[name].value is not None}
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


def request_of(turn: CaseTurn, options: Request, history: History) -> Request:
    """A turn asked with these options; each end of its own years goes before theirs."""
    first, last = turn.filters.from_year, turn.filters.to_year
    filters = options.filters
    return replace(
        options,
        question=turn.question,
        history=history,
        filters=replace(
            filters,
            from_year=filters.from_year if first is None else first,
            to_year=filters.to_year if last is None else last,
        ),
    )


def library_record(library: Library) -> dict[str, Any]:
    """What a library holds, for the record of a run."""
    catalog = library.catalog
    return {
        "papers": catalog.count(),
        "passages": catalog.count_passages(),
        "sha256": catalog.digest(),
        "digests": catalog.holds_digests,
    }

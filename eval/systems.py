"""Who answers the questions of a run: our assistant, or anybody's program."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

from eval.cases import Turn, Years
from eval.shelf import Shelf
from rag.assistant import Assistant
from rag.errors import ModelFailedError
from rag.library import Library
from rag.query import History
from rag.support import Judge
from rag.types import Answer, Filters


@dataclass(frozen=True)
class Options:
    """What is asked of every answer; the filters of a case go before these."""

    filters: Filters = field(default_factory=Filters)
    words: int | None = None
    years_from_question: bool = True

    def to_dict(self) -> dict[str, Any]:
        return {
            "filters": self.filters.to_dict(),
            "words": self.words,
            "years_from_question": self.years_from_question,
        }


@dataclass(frozen=True)
class Answered:
    """An answer, and where the papers that it cites stand."""

    answer: Answer
    shelf: Shelf


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

    def answer(self, turn: Turn, history: History) -> Answered:
        """The answer to a turn.

        Raises QuestionError and ModelFailedError, which are of this turn alone, and other errors of
        askpapers, which would stop every turn.
        """
        ...


class AssistantSystem:
    """Our assistant with its library."""

    def __init__(self, assistant: Assistant, options: Options = Options()) -> None:
        self._assistant = assistant
        self._options = options

    @property
    def name(self) -> str:
        return self._assistant.writer

    @property
    def record(self) -> dict[str, Any]:
        catalog, encoder = self._assistant.library.catalog, self._assistant.library.encoder
        return {
            "writer": self.name,
            "checks": self._assistant.checks,
            "encoder": encoder.name,
            "library": {
                "papers": catalog.count(),
                "passages": catalog.count_passages(),
                "last_change": catalog.last_sequence(),
                "digests": catalog.holds_digests,
            },
            "options": self._options.to_dict(),
        }

    @property
    def shelf(self) -> Shelf:
        return self._assistant.library.catalog

    def answer(self, turn: Turn, history: History) -> Answered:
        """Raises QuestionError; ModelFailedError where another writer had to take over."""
        answer = self._assistant.ask(
            turn.question,
            filters=_within(self._options.filters, turn.filters),
            history=history,
            words=self._options.words,
            years_from_question=self._options.years_from_question,
        )
        if answer.writer != self.name:
            raise ModelFailedError(" ".join(answer.notes))
        return Answered(answer, self.shelf)


def _within(filters: Filters, years: Years) -> Filters:
    """The filters, with the years of a case in place of theirs where it has any."""
    return replace(
        filters,
        from_year=filters.from_year if years.from_year is None else years.from_year,
        to_year=filters.to_year if years.to_year is None else years.to_year,
    )


def as_system(
    thing: object,
    *,
    judge: Judge,
    library: Library | None = None,
    options: Options = Options(),
    refuses: Callable[[str], bool] | None = None,
) -> System:
    """Whoever is to be asked, as a System. Raises TypeError for what cannot answer."""
    if isinstance(thing, Assistant):
        return AssistantSystem(thing, options)
    raise TypeError(f"{type(thing).__name__} is nothing that answers questions: give an Assistant")

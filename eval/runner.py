"""A batch run: every case is asked, every answer scored."""

import json
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from eval.cases import Case, Turn, Years
from eval.errors import RunError
from eval.scoring import Scores, score
from rag.assistant import Assistant
from rag.errors import ModelFailedError, QuestionError
from rag.library import Library
from rag.library.library import Track, untracked
from rag.query import History
from rag.types import Answer, Filters

RESULTS = "results.jsonl"


@dataclass(frozen=True)
class Options:
    """What is asked of every answer; the filters of a case go before these."""

    filters: Filters = field(default_factory=Filters)
    words: int | None = None
    years_from_question: bool = True


@dataclass(frozen=True)
class Row:
    """One question or turn (counted from 1) with its answer and scores, or the error in their place."""

    case_id: str
    turn: int
    tags: tuple[str, ...]
    answer: Answer | None = None
    scores: Scores = field(default_factory=dict)
    error: str | None = None

    def to_dict(self) -> dict[str, Any]:
        """The line of `results.jsonl`."""
        return {
            "id": self.case_id,
            "turn": self.turn,
            "tags": list(self.tags),
            "answer": self.answer.to_dict() if self.answer else None,
            "scores": self.scores,
            "error": self.error,
        }


def run_cases(
    assistant: Assistant, cases: Sequence[Case], options: Options = Options(), track: Track = untracked
) -> Iterator[Row]:
    """Ask and score every turn, in order; the turns of a case see those before them.

    A question that cannot be asked, or that its writer failed to answer, is a row with an error.
    What would stop every question (a damaged library, a refused key) is raised.
    """
    for (case,) in track(([case] for case in cases), "questions", len(cases)):
        history: list[dict[str, str]] = []
        for number, turn in enumerate(case.turns, start=1):
            row = Row(case.id, number, turn.tags)
            try:
                answer = _ask(assistant, turn, options, history)
                row = replace(
                    row, answer=answer, scores=score(turn, answer, assistant.library, assistant.judge)
                )
            except (QuestionError, ModelFailedError) as error:
                row = replace(row, error=str(error))
            yield row
            history.append({"role": "user", "content": turn.question})
            if row.answer:
                history.append({"role": "assistant", "content": row.answer.text})


def write_rows(rows: Iterable[Row], folder: Path) -> list[Row]:
    """Each row at once to `results.jsonl`, in place of those of an earlier run; all of them.

    Raises RunError.
    """
    written = []
    with _translated(folder):
        folder.mkdir(parents=True, exist_ok=True)
        file = (folder / RESULTS).open("w", encoding="utf-8")
    with file:
        for row in rows:
            with _translated(folder):
                file.write(json.dumps(row.to_dict(), ensure_ascii=False) + "\n")
                file.flush()
            written.append(row)
    return written


@contextmanager
def _translated(folder: Path) -> Iterator[None]:
    """Around writing alone: an error of the asking is no error of the folder."""
    try:
        yield
    except OSError as error:
        raise RunError(
            f"{folder} cannot be written ({error.strerror}): name another folder with --out"
        ) from error


def missing_papers(library: Library, cases: Iterable[Case]) -> list[str]:
    """The papers that the cases name and the library does not hold."""
    named = {paper for case in cases for turn in case.turns for paper in turn.papers}
    return sorted(named - library.catalog.find(sorted(named)).keys())


def _ask(assistant: Assistant, turn: Turn, options: Options, history: History) -> Answer:
    """Raises QuestionError; ModelFailedError where another writer had to take over."""
    answer = assistant.ask(
        turn.question,
        filters=_within(options.filters, turn.filters),
        history=history,
        words=options.words,
        years_from_question=options.years_from_question,
    )
    if answer.writer != assistant.writer:
        raise ModelFailedError(" ".join(answer.notes))
    return answer


def _within(filters: Filters, years: Years) -> Filters:
    """The filters, with the years of a case in place of theirs where it has any."""
    return replace(
        filters,
        from_year=filters.from_year if years.from_year is None else years.from_year,
        to_year=filters.to_year if years.to_year is None else years.to_year,
    )

"""Judges the answers of a run, several at a time."""

import threading
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from eval.judging.answers import Judged, Subject, judge_answer
from eval.judging.base import JudgeInput, ModelJudge, Verdict
from eval.judging.lines import JudgedFile
from eval.judging.pool import in_threads
from eval.rows import Row, load_outcomes
from eval.shelf import Shelf
from rag.library.progress import Track, untracked
from rag.model.base import Usage
from rag.model.usage import total_usage


@dataclass(frozen=True)
class Judging:
    """The rows with their judged outcomes; `record` has the judge's name, model and usage."""

    rows: tuple[Row, ...]
    record: Mapping[str, Any]


def judge_rows(
    rows: Sequence[Row],
    shelf_of: Callable[[Row], Shelf],
    judge: ModelJudge,
    folder: Path,
    workers: int = 4,
    track: Track = untracked,
) -> Judging:
    """Judge the answers of a run, `workers` at a time, and keep the verdicts in `folder/judged.jsonl`.

    `shelf_of` finds the papers that a row's answer cites. Verdicts of an earlier call are kept unless the
    judge, the answer or its papers have changed, or a verdict was an error. A verdict that fails is an
    error of each metric that needs it. Errors that would stop every verdict are raised, and earlier
    verdicts kept: KeyRefusedError, ModelMissingError, RunError.
    """
    subjects = _subjects(rows, shelf_of)
    digests = {subject.row.place: subject.digest(judge) for subject in subjects}
    with JudgedFile(folder, judge.name, digests) as file:
        todo = [subject for subject in subjects if not file.is_judged(subject.row)]
        work = in_threads(lambda subject, stopped: _judge(subject, judge, stopped), todo, workers)
        with closing(work) as done:
            for (judged,) in track(([each] for each in done), "answers", len(todo)):
                file.append(*judged)
        lines = file.finish([row.place for row in rows])
    judged_rows = [replace(row, judged=load_outcomes(line)) for row, line in zip(rows, lines, strict=True)]
    usage = total_usage(line["usage"] for line in lines)
    return Judging(tuple(judged_rows), {"name": judge.name, "model": judge.model, "usage": usage})


def _subjects(rows: Sequence[Row], shelf_of: Callable[[Row], Shelf]) -> list[Subject]:
    """The rows, each with the questions before it in its conversation."""
    asked: dict[str, dict[int, str]] = defaultdict(dict)
    for row in rows:
        asked[row.case_id][row.turn] = row.question
    return [
        Subject.of(
            row,
            shelf_of(row),
            [question for turn, question in sorted(asked[row.case_id].items()) if turn < row.turn],
        )
        for row in rows
    ]


class _StoppedError(Exception):
    """The verdict is no longer wanted."""


def _judge(subject: Subject, judge: ModelJudge, stopped: threading.Event) -> tuple[Row, Judged, Usage]:
    usage: Usage = {}

    def ask(judge_inputs: Sequence[JudgeInput]) -> list[Verdict]:
        if stopped.is_set():
            raise _StoppedError
        return judge.verdicts(judge_inputs, usage)

    return subject.row, judge_answer(subject, ask), usage

"""The answers of a run before a judge, several at a time."""

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
    """`rows` with what a judge says of them, in their order; `record` is for the record of their run: name
    and model of the judge, and what it took, JSON types."""

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
    """Judge the answers of a run, so many at a time, and keep what is said in `folder/judged.jsonl`.

    `shelf_of` tells where the papers stand that a row's answer cites. What an earlier call left there is
    not asked again, unless the judge, the answer or its papers have changed or a verdict was an error.
    A verdict that cannot be had is an error of each metric that needs it. What would stop every verdict
    is raised, and what was said before is kept: KeyRefusedError, ModelMissingError, RunError.
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

"""A batch run: asks every question, scores every answer, and keeps each row at once."""

import threading
import time
from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import ExitStack, closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from eval.cases import Case, CaseTurn
from eval.errors import RunError
from eval.folder import RunFolder, day_of, write_summary
from eval.judging import ModelJudge
from eval.judging.running import judge_rows
from eval.record import make_record
from eval.report import write_reports
from eval.rows import Place, Row
from eval.run import Run
from eval.scoring import expect, score, score_nothing
from eval.selection import Questions, Selection
from eval.shelf import Papers, Shelf
from eval.systems import Refuses, System, as_system
from rag.errors import ModelFailedError, QuestionError
from rag.library import Library
from rag.library.progress import Track, untracked
from rag.types import Request

Keep = Callable[[Row], None]


def evaluate(
    system: object,
    questions: Questions | str | Path | Case | Sequence[str | Path | Case] = "test",
    *,
    library: Library | Path | str | None = None,
    request: Request | None = None,
    selection: Selection = Selection(),
    out: Path | str | None = None,
    fresh: bool = False,
    workers: int = 1,
    refuses: Refuses | None = None,
    name: str | None = None,
    model_judge: ModelJudge | None = None,
    judge_workers: int = 4,
    track: Track = untracked,
) -> Run:
    """Ask a system the questions, and score its answers.

    `system` is an Assistant, a LlamaIndex query engine, or any callable from a question to an Answer, to
    text, or to text with sources (`eval/systems/`); `library`, or its folder, and `refuses` help to read
    its replies, and `name` is its name in reports.
    `request` has the options for each question; a resumed run keeps the day on which it began.
    `questions` are files, folders, the names of bundled sets, or cases.
    With `out` every row is on disk at once, and a stopped run is resumed; `fresh` begins anew.
    `workers` cases are asked at a time. A `model_judge` (`eval.judging.open_judge`) judges the answers in
    the folder `out` too, `judge_workers` at a time.
    Raises CaseError, RunError, and what would stop every question: LibraryError, KeyRefusedError.
    """
    if model_judge and out is None:
        raise RunError("what a model judges is kept with the run: name a folder with `out`")
    read = questions if isinstance(questions, Questions) else Questions.read(questions)
    cases = selection.of(read.cases)
    request = request or Request()
    if out is not None and not fresh:
        request = replace(request, day=day_of(Path(out)) or request.day)
    with ExitStack() as opened:
        if isinstance(library, Path | str):
            library = opened.enter_context(Library.open(library))
        target = as_system(system, library=library, options=request, refuses=refuses, name=name)
        record = make_record(
            Path(out).resolve().name if out else target.name,
            target.record,
            read.sources,
            selection.to_dict(),
        )
        runner = Runner(target, workers, track)
        if out is None:
            return runner.run_in_memory(cases, record)
        with RunFolder(Path(out), record, fresh=fresh) as folder:
            return runner.run_and_report(folder, cases, model_judge, judge_workers)


@dataclass(frozen=True)
class Runner:
    """Asks a system, `workers` cases at a time."""

    system: System
    workers: int = 1
    track: Track = untracked

    def run_in(self, folder: RunFolder, cases: Sequence[Case]) -> Run:
        """Ask the questions that have no row in the folder yet. Raises RunError, AskpapersError."""
        started = time.perf_counter()
        try:
            self.ask(cases, folder.rows, folder.append)
        finally:
            folder.add_seconds(time.perf_counter() - started)
        return folder.finish(_places(cases))

    def run_and_report(
        self, folder: RunFolder, cases: Sequence[Case], judge: ModelJudge | None, judge_workers: int
    ) -> Run:
        """Ask, let a model judge if there is one, and report, also if the judge fails."""
        if judge:
            folder.add_judge(None)  # until it has judged all
        run = self.run_in(folder, cases)
        try:
            if judge:
                run = self.judge_in(folder, run, judge, judge_workers)
        finally:
            write_summary(run, folder.folder)
            write_reports(run, folder.folder)
        return run

    def judge_in(self, folder: RunFolder, run: Run, judge: ModelJudge, workers: int) -> Run:
        """Let a model judge the answers that it has not judged yet. Raises RunError, ModelError."""
        judging = judge_rows(run.rows, self._shelf_of, judge, folder.folder, workers, self.track)
        folder.add_judge(judging.record)
        return Run(folder.record, judging.rows)

    def run_in_memory(self, cases: Sequence[Case], record: Mapping[str, Any]) -> Run:
        started = time.perf_counter()
        rows: dict[Place, Row] = {}
        self.ask(cases, rows, lambda row: rows.update({row.place: row}))
        seconds = round(time.perf_counter() - started, 1)
        ended = {**record, "seconds": seconds, "finished": True}
        return Run(ended, [rows[place] for place in _places(cases)])

    def ask(self, cases: Sequence[Case], known: Mapping[Place, Row], keep: Keep) -> None:
        """Ask and score every turn that is not known yet, with the earlier turns of its case as history.

        A question that cannot be asked, or that its writer failed to answer, becomes a row with an error.
        Errors that would stop every question (a damaged library, a refused key) are raised.
        """
        before = dict(known)
        open_cases = [case for case in cases if any(place not in before for place in _places([case]))]
        if not open_cases:
            return
        work = self._ask_each(open_cases, lambda case: self._ask_case(case, before, keep))
        with closing(work) as done:  # Ctrl-C while progress is shown stops the workers too
            for _ in self.track(([case] for case in done), "questions", len(open_cases)):
                pass

    def _ask_each(self, cases: Sequence[Case], ask: Callable[[Case], None]) -> Generator[Case, None, None]:
        """Each case when it is done; one after the other if there is one worker."""
        if self.workers == 1:
            for case in cases:
                ask(case)
                yield case
            return
        stopped = threading.Event()

        def ask_unless_stopped(case: Case) -> Case:
            if not stopped.is_set():
                ask(case)
            return case

        with ThreadPoolExecutor(self.workers, thread_name_prefix="askpapers-eval") as pool:
            try:
                for future in as_completed([pool.submit(ask_unless_stopped, case) for case in cases]):
                    yield future.result()
            finally:
                stopped.set()  # an error, or Ctrl-C: open questions are finished, no other begun

    def _ask_case(self, case: Case, known: Mapping[Place, Row], keep: Keep) -> None:
        history: list[dict[str, str]] = []
        for number, turn in enumerate(case.turns, start=1):
            row = known.get((case.id, number))
            if row is None:
                row = self._ask_turn(Row(case.id, number, turn.question, turn.tags), turn, history)
                keep(row)
            history.append({"role": "user", "content": turn.question})
            if row.answer:
                history.append({"role": "assistant", "content": row.answer["text"]})

    def _shelf_of(self, row: Row) -> Shelf:
        return Papers(row.sources, self.system.shelf) if row.sources else self.system.shelf

    def _ask_turn(self, row: Row, turn: CaseTurn, history: list[dict[str, str]]) -> Row:
        try:
            answered = self.system.answer(turn, history)
        except (QuestionError, ModelFailedError) as error:
            return replace(
                row,
                expected=expect(turn, self.system.shelf),
                outcomes=score_nothing(turn, str(error)),
                error=str(error),
            )
        expected = expect(turn, answered.shelf)
        return replace(
            row,
            expected=expected,
            answer=answered.answer.to_dict(),
            sources=answered.shelf.own if isinstance(answered.shelf, Papers) else (),
            outcomes=answered.applicable(score(turn, expected, answered.answer, answered.shelf)),
        )


def missing_papers(library: Library, cases: Iterable[Case]) -> list[str]:
    """The papers that the cases name and the library does not hold."""
    named = {paper for case in cases for turn in case.turns for paper in turn.papers}
    return sorted(named - library.catalog.find(sorted(named)).keys())


def _places(cases: Iterable[Case]) -> list[Place]:
    return [(case.id, number) for case in cases for number in range(1, len(case.turns) + 1)]

"""A large batch: how fast questions are asked and scored, and what that takes of memory.

    python -m benchmarks.batches --questions 1000 --workers 1 2 4

About the bundled papers: three questions a paper, and lists. Each number of workers has a process of
its own, one after the other, over the same questions. Prints one JSON line each: how many questions were
asked a second, with scoring and writing; `answering`, the share of that time that went into the answers
themselves (of one worker: the rest is scoring and writing); the peak of memory, what it grew by after the
first hundred questions, and the size of the run's folder. Read the shares: the machines are noisy.
"""

import json
import multiprocessing
import resource
import tempfile
import time
from collections.abc import Iterable, Iterator
from itertools import chain, islice
from pathlib import Path
from typing import Any

from benchmarks.commands import bundled_in, parser
from benchmarks.processes import folder_mb
from eval.cases import Case, CaseTurn
from eval.runner import evaluate
from rag import Assistant, Library
from rag.embedding import embedded_encoder
from rag.library.progress import Work
from rag.types import Paper
from ui.terminal import track

_WARM = 100  # questions after which memory is looked at
_FORMS = ("What is new in {}?", "Which results does {} report?", "On which data does {} rest?")


def measure(folder: Path, questions: int, workers: int) -> dict[str, Any]:
    """One batch over the library in a folder."""
    with Library(folder / "library", embedded_encoder()) as library:
        ids = [paper_id for paper_id, _ in library.catalog.passages_by_paper()]
        papers = list(library.catalog.papers(ids).values())
        cases = list(islice(_cases(papers), questions))
        assistant = Assistant(library, writer="extractive")
        memory: list[float] = []

        def watched(batches: Iterable[Work], what: str, total: int | None) -> Iterator[Work]:
            for batch in track(batches, what, total):
                memory.append(_peak_mb())
                yield batch

        started = time.perf_counter()
        out = folder / f"run{workers}"
        run = evaluate(assistant, cases, out=out, workers=workers, track=watched)
        seconds = time.perf_counter() - started
        answering = sum(row.answer["seconds"]["total"] for row in run.rows if row.answer)
    return {
        "questions": len(run.rows),
        "workers": workers,
        "errors": run.summary()["errors"],
        "seconds": round(seconds, 1),
        "asked_per_second": round(len(run.rows) / seconds, 2),
        "answering": round(answering / seconds / workers, 2),
        "peak_mb": round(memory[-1]),
        "grown_mb": round(memory[-1] - memory[min(_WARM, len(memory) - 1)]),
        "folder_mb": folder_mb(out),
    }


def _cases(papers: list[Paper]) -> Iterator[Case]:
    single = (form.format(paper.title) for form in _FORMS for paper in papers)
    lists = (f"Which papers are about {paper.title.split(':')[-1]}?" for paper in papers)
    for number, (question, paper) in enumerate(zip(chain(single, lists), papers * 4, strict=True)):
        turn = CaseTurn(question=question, papers=(paper.paper_id,))
        yield Case(id=str(number), turns=(turn,))


def _peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024  # kilobytes on Linux


def main() -> None:
    options = parser(__doc__)
    options.add_argument("--questions", type=int, default=1000)
    options.add_argument("--workers", type=int, nargs="+", default=[1, 2])
    arguments = options.parse_args()
    with tempfile.TemporaryDirectory() as place:
        bundled_in(Path(place) / "library")
        for workers in arguments.workers:
            with multiprocessing.get_context("spawn").Pool(1) as pool:
                row = pool.apply(measure, (Path(place), arguments.questions, workers))
            print(json.dumps(row), flush=True)


if __name__ == "__main__":
    main()

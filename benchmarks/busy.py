"""How long questions wait while papers are ingested in the same process, as JSON.

    python -m benchmarks.busy --papers 2000 --questions 50

Made-up papers are ingested by one thread while another asks, without a model, and pauses between its
questions so that they fall into all stages of the ingest. `alone` are the same questions once it is over;
`slowest` says which stage the slowest ones met.
"""

import json
import tempfile
import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.commands import parser
from benchmarks.processes import timed
from benchmarks.synthetic import Slice, synthetic_papers
from eval.cases import read_cases
from ingest.pipeline import ingest
from rag.assistant import Assistant
from rag.library import Library
from rag.library.progress import Work

_THERE_BEFORE = 333  # papers that can be asked about from the start
_SLOWEST = 3


class Busy:
    """An ingest in a thread of its own, and the stage that it is in."""

    def __init__(self, library: Library, source: Slice) -> None:
        self.stage = "start"
        self._library, self._source = library, source
        self._thread = threading.Thread(target=self._ingest)

    def __enter__(self) -> "Busy":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._thread.join()

    @property
    def is_over(self) -> bool:
        return not self._thread.is_alive()

    def _ingest(self) -> None:
        ingest(self._library, [self._source], self._watched)

    def _watched(self, batches: Iterable[Work], what: str, total: int | None) -> Iterator[Work]:
        self.stage = what
        yield from batches


def measure(papers: int, count: int, pause: float, folder: Path) -> dict[str, Any]:
    """The waits of so many questions while so many papers come in, and of the same ones afterwards."""
    made = list(islice(synthetic_papers(), _THERE_BEFORE + papers))
    cases = islice(read_cases(["dev"]), count)
    questions = [case.turns[0].question for case in cases]
    with Library.create(folder) as library:
        ingest(library, [Slice(0, made[:_THERE_BEFORE])])
        assistant = Assistant(library, writer="extractive")
        assistant.ask(questions[0])  # loads what is loaded late
        waits: list[tuple[float, str]] = []
        with Busy(library, Slice(_THERE_BEFORE, made[_THERE_BEFORE:])) as busy:
            for question in questions:
                stage, is_over = busy.stage, busy.is_over
                waits.append((timed(assistant.ask, question), "over" if is_over else stage))
                time.sleep(pause)
        alone = [timed(assistant.ask, question) for question in questions]
    return {
        "papers": papers,
        "questions": len(questions),
        "during": sum(stage != "over" for _, stage in waits),
        "busy": _quantiles([wait for wait, _ in waits]),
        "alone": _quantiles(alone),
        "slowest": [[round(wait, 3), stage] for wait, stage in sorted(waits, reverse=True)[:_SLOWEST]],
    }


def _quantiles(waits: Sequence[float]) -> dict[str, float]:
    p50, p95 = np.quantile(waits, (0.5, 0.95))
    return {"max": round(max(waits), 3), "p50": round(float(p50), 3), "p95": round(float(p95), 3)}


def main() -> None:
    options = parser(__doc__)
    options.add_argument("--papers", type=int, default=2000, metavar="N")
    options.add_argument("--questions", type=int, default=50, metavar="N")
    options.add_argument("--pause", type=float, default=0.5, metavar="SECONDS")
    arguments = options.parse_args()
    with tempfile.TemporaryDirectory(prefix="askpapers-busy-") as folder:
        print(json.dumps(measure(arguments.papers, arguments.questions, arguments.pause, Path(folder))))


if __name__ == "__main__":
    main()

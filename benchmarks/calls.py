"""What many calls of `rag.ask` leave behind in a process: open files, threads, memory. On Linux.

    python -m benchmarks.calls --library DIR
    python -m benchmarks.calls --library DIR --model

Asks the questions of a set in turn, each by a call of its own, and prints a JSON line at each stop: the
open file handles, the threads and the resident memory of this process, and the median and the longest time
of the calls since the stop before. Without a model the papers' own sentences answer. With `--model` a
scripted OpenAI-compatible server answers, on the loopback and in a process of its own.
"""

import json
import os
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from itertools import cycle
from pathlib import Path
from typing import Any

from benchmarks.commands import parser, questions_of
from benchmarks.processes import in_own_process, memory_mb, milliseconds, status
from benchmarks.scripted_model import ScriptedModel
from rag import ask

_STOPS = (1, 50, 100, 200, 300)


def measure(library: Path, questions: Sequence[str], stops: Sequence[int]) -> Iterator[dict[str, Any]]:
    """A row at the start and at each stop."""
    yield {"calls": 0, **_held()}
    following, seconds, writers = cycle(questions), list[float](), set[str]()
    for call in range(1, stops[-1] + 1):
        started = time.perf_counter()
        writers.add(ask(next(following), library=library).writer)
        seconds.append(time.perf_counter() - started)
        if call in stops:
            times = {"p50_ms": milliseconds(seconds), "max_ms": milliseconds(seconds, 100)}
            yield {"calls": call, **_held(), **times, "writers": sorted(writers)}
            seconds.clear()


def _held() -> dict[str, Any]:
    """What this process holds."""
    handles = sum(1 for _ in Path("/proc/self/fd").iterdir())
    return {"open_files": handles, "threads": status("Threads"), "memory_mb": memory_mb()}


def main() -> None:
    options = parser(__doc__)
    options.add_argument("--library", type=Path, required=True, metavar="DIR")
    options.add_argument("--questions", nargs="+", default=["test"], metavar="SET")
    options.add_argument("--model", action="store_true", help="let a scripted model write")
    options.add_argument("--stops", type=int, nargs="+", default=_STOPS, metavar="CALLS")
    arguments = options.parse_args()
    for name in [name for name in os.environ if name.startswith(("OPENAI_", "ASKPAPERS_"))]:
        del os.environ[name]  # no model or setting of the user's
    with ExitStack() as stack:
        if arguments.model:
            model = stack.enter_context(in_own_process(ScriptedModel))
            os.environ["OPENAI_BASE_URL"] = model.address()
        for row in measure(arguments.library, questions_of(arguments.questions), arguments.stops):
            print(json.dumps(row), flush=True)


if __name__ == "__main__":
    main()

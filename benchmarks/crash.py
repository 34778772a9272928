"""Kills a process that writes to a library, again and again, and looks for what was lost.

    python -m benchmarks.crash --kills 100 --seed 0

Each time a process ingests papers (new ones, known ones, changed ones), removes some or builds the
indexes anew, and is killed with SIGKILL at a random moment: after a random time, or shortly after a batch
of a random stage. Then another process opens the library. What the first one acknowledged as committed
must be there, once in the catalog and, after the next command has carried on, once in each index; what it
acknowledged as removed must be gone. Papers are synthetic and vectors reused, so that most moments fall
into writing. Prints a JSON line; exit 1 where anything was lost. For systems with `fork`.
"""

import json
import os
import random
import select
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO

from benchmarks.commands import parser
from benchmarks.synthetic import ReusingEncoder, embedded_texts, synthetic_papers
from ingest.pipeline import ingest
from rag.library import Library
from rag.library.progress import Work
from rag.types import Paper

_POOL = 20  # papers whose vectors are reused
_SLICE = 30  # papers that one process brings in
_TRANSACTION = 16  # entries
_EVENTS = 7  # batches of a process, about
_SHORTLY = 0.02  # seconds
_FIRST_GUESS = 2.0  # seconds that a process takes
_LONGEST = 120.0  # seconds, then something hangs

Tell = Callable[..., object]


@dataclass
class Expected:
    """What is known of the library from outside: ids that must be in it, and ids that must not."""

    there: set[str] = field(default_factory=set)
    gone: set[str] = field(default_factory=set)

    def hear(self, event: dict[str, Any]) -> None:
        """Note what a process has acknowledged."""
        committed, removed = set(event.get("committed", ())), set(event.get("removed", ()))
        self.there = (self.there | committed) - removed
        self.gone = (self.gone | removed) - committed

    def doubt(self, paper_ids: Iterable[str]) -> None:
        """Expect nothing of papers that are about to be written or removed."""
        self.there -= set(paper_ids)
        self.gone -= set(paper_ids)


@dataclass(frozen=True)
class Acknowledged:
    """Papers as a source that tells which ones must be committed when more are read: those before."""

    papers: list[Paper]
    tell: Tell
    name: str = "listed"

    def read(self) -> Iterator[Paper]:
        for number, paper in enumerate(self.papers):
            if number and number % _TRANSACTION == 0:
                self.tell(committed=[earlier.paper_id for earlier in self.papers[:number]])
            yield paper


def crash(kills: int, seed: int, folder: Path) -> dict[str, Any]:
    """Kill that many processes. Raises AssertionError, which names what was lost."""
    chance = random.Random(seed)  # noqa: S311
    papers = synthetic_papers(seed)
    encoder, expected = ReusingEncoder(embedded_texts(list(islice(papers, _POOL)))), Expected()
    known: list[Paper] = []
    length, counts = _FIRST_GUESS, Counter[str]()
    for number in range(kills):
        new = list(islice(papers, _SLICE))
        work, meant = _work(chance, folder, encoder, new, known)
        known += new if work.__name__ == "bring" else []
        expected.doubt(meant)
        stage, seconds = _killed(work, chance, length, expected)
        counts[stage] += 1
        length = max(length, seconds)
        seen = _last_event(lambda tell: _look(tell, folder, encoder))
        _check(seen, expected, f"kill {number} ({work.__name__}, {stage}, seed {seed})")
    return {"kills": kills, "seed": seed, "stages": dict(counts), "papers": seen["papers"], "lost": 0}


def _work(
    chance: random.Random, folder: Path, encoder: ReusingEncoder, new: list[Paper], known: list[Paper]
) -> tuple[Callable[[Tell], None], list[str]]:
    """What the next process does, and the papers that it may touch."""
    some = chance.sample(known, min(len(known), 40))
    changed = [replace(paper, abstract=f"{paper.abstract} And more.", paper_id="") for paper in some[:20]]

    def bring(tell: Tell) -> None:
        brought = [*some[20:], *new, *changed]
        with Library.create(folder, encoder) as library:
            ingest(library, [Acknowledged(brought, tell)], _telling(tell), transaction=_TRANSACTION)
        tell(committed=[paper.paper_id for paper in brought])

    def remove(tell: Tell) -> None:
        ids = [paper.paper_id for paper in some[:20]]
        with Library(folder, encoder) as library:
            library.remove(ids, _telling(tell))
        tell(removed=ids)

    def reindex(tell: Tell) -> None:
        with Library(folder, encoder) as library:
            library.reindex(_telling(tell))

    kind = chance.choices(["bring", "remove", "reindex"], [6, 2, 1])[0] if known else "bring"
    if kind == "bring":
        return bring, [paper.paper_id for paper in (*new, *some)]
    return (remove, [paper.paper_id for paper in some[:20]]) if kind == "remove" else (reindex, [])


def _telling(tell: Tell) -> Callable[[Iterable[Work], str, int | None], Iterator[Work]]:
    def track(batches: Iterable[Work], what: str, total: int | None) -> Iterator[Work]:
        for batch in batches:
            tell(stage=what)
            yield batch

    return track


def _killed(
    work: Callable[[Tell], None], chance: random.Random, length: float, expected: Expected
) -> tuple[str, float]:
    """Start the work in a process and kill it; the stage it was in, and how long it lived."""
    is_by_time = chance.random() < 0.5
    events = chance.randrange(_EVENTS)
    left = chance.uniform(0, length) if is_by_time else _LONGEST
    pid, pipe = _forked(work)
    started = time.monotonic()
    stage, deadline, rest = "opening", started + left, b""
    while (wait := deadline - time.monotonic()) > 0:
        if not select.select([pipe], [], [], wait)[0]:
            break
        data = os.read(pipe.fileno(), 1 << 20)
        if not data:
            stage = "done"
            break
        *lines, rest = (rest + data).split(b"\n")
        for line in lines:
            event = json.loads(line)
            expected.hear(event)
            stage = event.get("stage", stage)
            events -= "stage" in event
            if events < 0 and not is_by_time:
                deadline = min(deadline, time.monotonic() + chance.uniform(0, _SHORTLY))
    seconds = time.monotonic() - started
    os.kill(pid, signal.SIGKILL)
    for line in (rest + pipe.read()).split(b"\n")[:-1]:
        expected.hear(json.loads(line))
    pipe.close()
    _, status = os.waitpid(pid, 0)
    if os.WIFEXITED(status) and os.WEXITSTATUS(status):
        raise AssertionError(f"the work ended by itself with {os.WEXITSTATUS(status)}")
    return stage.split(" ")[0], seconds


def _last_event(work: Callable[[Tell], None]) -> dict[str, Any]:
    """The last event of a process that is not killed."""
    pid, pipe = _forked(work)
    lines = pipe.read().splitlines()
    pipe.close()
    _, status = os.waitpid(pid, 0)
    if not os.WIFEXITED(status) or os.WEXITSTATUS(status) or not lines:
        raise AssertionError(f"the process that looks at the library ended with {status}")
    last: dict[str, Any] = json.loads(lines[-1])
    return last


def _look(tell: Tell, folder: Path, encoder: ReusingEncoder) -> None:
    """What a command that comes next finds."""
    with Library.create(folder, encoder) as library:
        damage = library.catalog.problems()
        library.sync()
        ids = [paper_id for paper_id, _ in library.catalog.passages_by_paper()]
        problems = library.verify()
        held = {index.name: sorted(index.held()) for index in library.indexes}
    wrong = [name for name, held in held.items() if held != sorted(ids)]
    tell(papers=len(ids), ids=ids, problems=[*damage, *problems, *wrong])


def _check(seen: dict[str, Any], expected: Expected, when: str) -> None:
    ids = set(seen["ids"])
    lost, back = expected.there - ids, expected.gone & ids
    if seen["problems"] or lost or back or len(ids) != len(seen["ids"]):
        raise AssertionError(
            f"{when}: {len(lost)} lost, {len(back)} not removed, problems: {seen['problems'][:5]}"
        )


def _forked(work: Callable[[Tell], None]) -> tuple[int, BinaryIO]:
    """A process that does the work, and what it tells: JSON lines."""
    reading, writing = os.pipe()
    pid = os.fork()
    if pid:
        os.close(writing)
        return pid, os.fdopen(reading, "rb", buffering=0)
    code = 1
    try:
        os.close(reading)
        with os.fdopen(writing, "wb", buffering=0) as pipe:
            work(lambda **event: pipe.write(json.dumps(event).encode() + b"\n"))
        code = 0
    except BaseException as error:  # print it: this process never returns
        print(f"{type(error).__name__}: {error}", file=sys.stderr)
    finally:
        os._exit(code)


def main() -> int:
    options = parser(__doc__)
    options.add_argument("--kills", type=int, default=100, metavar="N")
    options.add_argument("--seed", type=int, default=0, metavar="N")
    arguments = options.parse_args()
    os.environ["TOKENIZERS_PARALLELISM"] = "false"  # its threads do not live on in a fork
    with tempfile.TemporaryDirectory(prefix="askpapers-crash-") as folder:
        try:
            result = crash(arguments.kills, arguments.seed, Path(folder) / "library")
        except AssertionError as error:
            print(error, file=sys.stderr)
            return 1
    print(json.dumps(result))
    return 0


if __name__ == "__main__":
    sys.exit(main())

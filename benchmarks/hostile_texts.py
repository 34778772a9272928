"""Texts that are one run of the same characters, read as a stranger's would be: nothing may take long.

    python -m benchmarks.hostile_texts [--only markers] [--json]

Gives each function that reads texts of others (`benchmarks/text_readers.py`) runs of each kind of
character, as long as what the program lets through to it, 100,000 characters where nothing bounds it, and
half as long. Prints the worst run of each function. Exits 1 where a call takes over 0.2 s (for a file, and
0.05 ms for each entry that it seems to have), or where twice the text takes over three times as long, and
four times the text over nine times.
"""

import json
import signal
import sys
import time
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from types import FrameType

from benchmarks.commands import parser
from benchmarks.text_readers import readers
from benchmarks.text_reading import FileReader, TextReader
from rag.errors import AskpapersError

LIMIT, EACH = 200.0, 0.05  # milliseconds of a call; and of an entry of a file
MOST_GROWTH, UNSURE = 3.0, 20.0  # of twice the text; milliseconds below which growth is not looked at
_HANGS = 10  # seconds after which a call is ended
_CALLS = 4  # of which the fastest counts, as the machine has others to serve
_KINDS = {
    "space": " ",
    "tab": "\t",
    "line feed": "\n",
    "CR LF": "\r\n",
    "no-break space": "\u00a0",
    "zero-width joiner": "\u200d",
    "combining accent": "\u0301",
    "lone surrogate": "\udcff",  # in a file a byte that no encoding has
}
_CHARACTERS = "aA1.,()[]{}<>&\\$`'\"“-_%|;:/@#~^*=+!?é中😀•·†"
_PIECES = (  # between dots
    "a ·A ·1 ·. ·A. ·a. ·(1) ·[1] ·[1·[1,·[[·<p>·<p·<p ·</·<sup>·&amp;·&#1;·&a·"
    r"\textbf{·\verb|·\'·\(·$x$·$x·`a·et al. ·al. ·1,·1.·a-·a and ·and ·a, ·a; ·"
    "http://a.·https://·10.1234/·arxiv:·e.g. ·No. ·Ab·aB·A-1·GPT-4 ·in 2021 ·2021 ·2021-·since ·"
    "which papers ·we propose ·Missing: ·<think>·\x1b[·\n\n· \n·a\n·- a\n·1. ·```·“a ·(a. ·"
    '{"a":·a: ·@a{·a={·a = ·\u00e9\u0301·not ·than ·45% '
)
_REPEATED = (*_PIECES.split("·"), "x" * 39 + " ")


@dataclass
class Worst:
    """The run that takes a function longest: milliseconds for a quarter of it, a half and all."""

    name: str
    run: str = ""
    characters: int = 0
    quarter: float | None = None  # where it is looked at
    half: float = 0.0
    whole: float = 0.0
    entries: int = 0

    @property
    def growth(self) -> float:
        return self.whole / max(self.half, 0.01)

    @property
    def fault(self) -> str | None:
        """What is wrong, if anything is."""
        limit = LIMIT + EACH * self.entries
        if self.whole > limit:
            return f"over {limit:.0f} ms"
        is_steady = self.quarter is not None and self.half <= MOST_GROWTH * self.quarter
        if self.whole > UNSURE and self.growth > MOST_GROWTH and not is_steady:
            return "grows faster than the text"
        return None


def runs() -> dict[str, str]:
    """What is repeated, by a name that can be printed."""
    units = {**_KINDS, **{each: each for each in (*_CHARACTERS, *_REPEATED)}}
    return {ascii(name) if name not in _KINDS else name: unit for name, unit in units.items()}


def run_of(unit: str, length: int) -> str:
    return (unit * (length // len(unit) + 1))[:length]


def entries(reader: TextReader, text: str) -> int:
    """How many entries a file of this text seems to have, broken ones too."""
    return len(reader.read(text)) if isinstance(reader, FileReader) else 0


def milliseconds(reader: TextReader, text: str, calls: int) -> float:
    """The fastest of some calls, each of which knows nothing of the others."""
    best = float("inf")
    for _ in range(calls):
        started = time.perf_counter()
        try:
            signal.alarm(_HANGS)
            reader.read(text)
        except AskpapersError:
            pass  # it is refused, which is as good
        except TimeoutError:
            return _HANGS * 1000.0
        finally:
            signal.alarm(0)
        best = min(best, (time.perf_counter() - started) * 1000)
    return best


def measure(reader: TextReader, units: dict[str, str]) -> tuple[Worst, list[Worst]]:
    """The worst run of a function, and all that have a fault. A slow call is made again, to be sure."""
    worst, faults = Worst(reader.name), []
    for run, unit in units.items():
        half, whole = (run_of(unit, length) for length in (reader.most // 2, reader.most))
        times = Worst(reader.name, run, reader.most, half=milliseconds(reader, half, 1))
        times.whole = milliseconds(reader, whole, 1) if times.half < _HANGS * 1000 else times.half
        if times.fault and times.half < 2_000:
            times.entries = entries(reader, whole)
            times.half = min(times.half, milliseconds(reader, half, _CALLS))
            times.whole = min(times.whole, milliseconds(reader, whole, _CALLS))
            times.quarter = milliseconds(reader, run_of(unit, reader.most // 4), _CALLS)
        if times.fault:
            faults.append(times)
        worst = max(worst, times, key=lambda each: (bool(each.fault), each.whole))
    return worst, faults


def table(rows: Iterable[Worst]) -> Iterator[str]:
    yield f"{'function':48} {'worst run':22} {'characters':>10} {'half, ms':>9} {'all, ms':>9}  growth"
    for row in sorted(rows, key=lambda row: -row.whole):
        line = f"{row.name:48} {row.run[:22]:22} {row.characters:10,} {row.half:9.1f} {row.whole:9.1f}"
        yield f"{line} {row.growth:7.1f}  {row.fault or ''}".rstrip()


def _hangs(_: int, __: FrameType | None) -> None:
    raise TimeoutError


def main() -> int:
    options = parser(__doc__)
    options.add_argument("--only", metavar="PART", default="", help="functions with this in their name")
    options.add_argument("--json", action="store_true", help="the rows as JSON")
    arguments = options.parse_args()
    signal.signal(signal.SIGALRM, _hangs)
    chosen = [reader for reader in readers() if arguments.only in reader.name]
    units, rows, faults = runs(), [], []
    for reader in chosen:
        milliseconds(reader, "a", 1)  # what is loaded at the first call is none of its time
    for number, reader in enumerate(chosen, start=1):
        print(f"{number} of {len(chosen)}: {reader.name}", file=sys.stderr, flush=True)
        worst, faulty = measure(reader, units)
        for each in faulty:
            print(f"  {each.run}: {each.half:.0f} and {each.whole:.0f} ms", file=sys.stderr, flush=True)
        rows.append(worst)
        faults += faulty
    if arguments.json:
        print(json.dumps({"rows": list(map(asdict, rows)), "faults": list(map(asdict, faults))}))
    else:
        print("\n".join(table(rows)))
        print(f"\n{len(faults)} faults")
        print("\n".join(table(faults)) if faults else "")
    return 1 if faults else 0


if __name__ == "__main__":
    raise SystemExit(main())

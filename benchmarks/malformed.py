"""Files that are broken at random, read as a user's would be: nothing but our own errors may come of them.

    python -m benchmarks.malformed --files 5000 --seed 1 [--only owls.bib]

Breaks a file of each format so many times, each the same for the same seed, and reads it to its end.
Prints for each format how many papers and rejections came, how many files were refused, the slowest file
and the peak of this process's memory; then each exception that is not ours and each entry that is wrong,
with the seed of its file (`--files 1 --seed N` makes it again). Exits 1 where there is any.
"""

import random
import resource
import signal
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

from benchmarks.commands import parser
from benchmarks.exports import exports
from ingest.sources.base import Attachment, Entry, Rejection
from ingest.sources.files import FileSource
from rag.errors import AskpapersError

_SECONDS = 20  # a file of some KB that takes longer hangs
_MOST_ENTRIES = 100_000
_TOKENS = (
    *(b"\0", b"\xff\xfe", b"\xef\xbb\xbf", b"\xed\xa0\x80", b"\xc3", b"\r", b"\n", b"\r\n", b"\t"),
    *rb"""" ' \ { } [ ] ( @ # $ % ~ , = < > & ; |""".split(),
    *(b"{" * 3_000, b"}" * 3_000, b"[" * 5_000, b'{"a":' * 3_000, b"\\" * 999, b"$" * 999),
    *(b"<p " * 999, b"@a{" * 999),
    *rb"NaN -Infinity 1e999".split(),
    b"9" * 5_000,
    *rb"true null \ud800 \u0000 &#x110000; &#55296;".split(),
    *(b"\n@misc{", b"\n@string{a = a # a}"),
    *rb"@comment{ \begin{ \verb| \' ".split(),
    *(b"{\\", b" and ", b"<div>" * 999),
    *rb"2021-02-30 0000 10.1000/ arXiv:".split(),
    *(b"\xe2\x80\xae", b"\x1b[2J", b"\x1f\x8b", b"PAR1", b"A" * 30_000),
)


@dataclass
class Tally:
    """What came of the files of one format."""

    counts: Counter[str] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)
    slowest: float = 0.0
    slowest_seed: int = 0


def broken(content: bytes, seed: int) -> bytes:
    """The content with some faults: bytes changed, cut, put in, doubled, moved, or its end gone."""
    chance = random.Random(seed)  # noqa: S311  faults, not secrets
    data = bytearray(content)
    for _ in range(chance.choice((1, 1, 1, 2, 4, 8))):
        place, length = chance.randrange(len(data) + 1), chance.choice((1, 2, 8, 40, 400))
        kind = chance.randrange(6)
        if kind == 0 and data:
            data[min(place, len(data) - 1)] = chance.randrange(256)
        elif kind == 1:
            del data[place : place + length]
        elif kind == 2:
            data[place:place] = chance.choice(_TOKENS)
        elif kind == 3:
            data[place:place] = chance.randbytes(length)
        elif kind == 4:
            data[place:place] = data[chance.randrange(len(data) + 1) :][:length]
        elif chance.random() < 0.2:
            del data[place:]
    return bytes(data)


def wrong(entry: Entry) -> str | None:
    """What an entry may not be; None for one that is right."""
    if isinstance(entry, Rejection):
        if "\n" in entry.reason or not entry.reason.strip() or len(entry.reason) > 500:
            return f"a reason that is no line: {entry.reason!r}"
        texts = entry.reason
    elif isinstance(entry, Attachment):
        if entry.place != entry.source:  # a PDF is one of itself
            return f"a file that was not given: {entry!r}"
        texts = entry.place
    elif not (entry.title.strip() and entry.paper_id):
        return f"a paper without a title or an id: {entry!r}"
    else:
        texts = f"{entry.title}{entry.abstract}{entry.authors}"
    try:
        f"{entry!r}{texts}".encode()
    except UnicodeEncodeError:
        return f"a text that no file can hold: {entry!r}"
    return None


def read(path: Path, seed: int, tally: Tally) -> list[Entry]:
    """The entries of a file to its end; notes what comes of it."""
    entries: list[Entry] = []
    started = time.perf_counter()
    signal.signal(signal.SIGALRM, _hangs)
    signal.alarm(_SECONDS)
    try:
        for entry in islice(FileSource(path).read(), _MOST_ENTRIES):
            entries.append(entry)
            tally.counts["rejected" if isinstance(entry, Rejection) else "papers"] += 1
            if fault := wrong(entry):
                tally.faults.append(f"seed {seed}: {fault}")
    except AskpapersError as error:
        tally.counts["refused"] += 1
        if "\n" in str(error):
            tally.faults.append(f"seed {seed}: an error of more than a line: {error}")
    except Exception:  # what is looked for
        tally.faults.append(f"seed {seed}: {traceback.format_exc(limit=-4)}")
    finally:
        signal.alarm(0)
    seconds = time.perf_counter() - started
    if seconds > tally.slowest:
        tally.slowest, tally.slowest_seed = seconds, seed
    return entries


def tallies(files: int, seed: int, only: str | None) -> Iterator[tuple[str, Tally]]:
    """What came of each format."""
    with tempfile.TemporaryDirectory() as folder:
        for name, content in exports().items():
            if only in (None, name):
                tally = Tally()
                for file_seed in range(seed, seed + files):
                    path = Path(folder) / name
                    path.write_bytes(broken(content, file_seed))
                    read(path, file_seed, tally)
                yield name, tally


def _hangs(*_: object) -> None:
    raise TimeoutError(f"a file has taken more than {_SECONDS} seconds")


def report(named: Iterable[tuple[str, Tally]]) -> int:
    """Prints what came of each format; 1 where anything is wrong."""
    faults = 0
    for name, tally in named:
        megabytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
        counts = ", ".join(f"{count:,} {what}" for what, count in sorted(tally.counts.items()))
        print(
            f"{name}: {counts}; slowest {tally.slowest:.2f} s (seed {tally.slowest_seed}); {megabytes} MB",
            *tally.faults[:10],
            sep="\n  ",
            flush=True,
        )
        faults += len(tally.faults)
    print(f"{faults} faults")
    return 1 if faults else 0


def main() -> int:
    options = parser(__doc__)
    options.add_argument("--files", type=int, default=2_000, help="files of each format")
    options.add_argument("--seed", type=int, default=0, help="seed of the first file")
    options.add_argument("--only", metavar="NAME", help="the file to break, such as owls.bib")
    arguments = options.parse_args()
    return report(tallies(arguments.files, arguments.seed, arguments.only))


if __name__ == "__main__":
    raise SystemExit(main())

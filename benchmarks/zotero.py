"""A Zotero library of made-up papers: how long it takes, and whether all of it arrives.

    python -m benchmarks.zotero --items 2000 --pdfs 300

Makes a profile with the tables that are read, PDFs of two pages, notes, annotations, nested collections and
Better BibTeX's keys. Reads it into a new library while another process has the database open as Zotero
has it, then again. Prints one JSON line: the seconds of reading the profile alone, of the first and the
second run, and how many papers lack something of theirs (by what: all should be 0). Exit 1 if one does.
"""

import json
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from benchmarks.commands import parser
from ingest.pipeline import OUTCOMES, Report, ingest
from ingest.sources.base import Attachment
from ingest.sources.zotero.local import ZoteroSource
from rag.embedding import embedded_encoder
from rag.library import Library
from ui.terminal import track

_MAKER = Path(__file__).parents[1] / "tests" / "zotero_profile.py"
_HOLDER = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
connection.execute("PRAGMA locking_mode = EXCLUSIVE")
connection.executescript("BEGIN IMMEDIATE; UPDATE items SET key = key; COMMIT")
print("open", flush=True)
sys.stdin.read()
"""


def measure(folder: Path, items: int, pdfs: int) -> dict[str, Any]:
    """The seconds of each run, and what did not arrive."""
    command = [sys.executable, str(_MAKER), str(folder / "Zotero"), str(items), str(pdfs)]
    made = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()
    source = ZoteroSource(folder / "Zotero")
    with _open_in_zotero(source.folder), Library.create(folder / "library", embedded_encoder()) as library:
        started = time.perf_counter()
        read = Counter(type(entry).__name__ for entry in source.read())
        reading = time.perf_counter() - started
        first, second = (ingest(library, [source], track) for _ in range(2))
        lacking = _lacking(library, [json.loads(line) for line in made])
    return {
        "items": items,
        "pdfs": pdfs,
        "read": read["Paper"],
        "read_pdfs": read[Attachment.__name__],
        "reading_seconds": round(reading, 2),
        "first": _counts(first),
        "second": _counts(second),
        "lacking": lacking,
    }


@contextmanager
def _open_in_zotero(folder: Path) -> Iterator[None]:
    """Another process holds the lock on the database that Zotero holds."""
    command = [sys.executable, "-c", _HOLDER, str(folder / "zotero.sqlite")]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin  # noqa: S101
        assert process.stdout  # noqa: S101
        process.stdout.readline()
        try:
            yield
        finally:
            process.stdin.close()


def _lacking(library: Library, made: list[dict[str, Any]]) -> dict[str, int]:
    """How many papers have another value of each field, or no whole text."""
    ids = library.catalog.find([each["doi"] for each in made])
    papers = library.catalog.papers(list(ids.values()))
    lacking = dict.fromkeys(made[0], 0)
    for each in made:
        paper = papers.get(ids.get(each["doi"], ""))
        known = {} if paper is None else paper.to_dict() | {"has_pdf": paper.file is not None}
        for name, value in each.items():
            lacking[name] += known.get(name) != value
    return lacking


def _counts(report: Report) -> dict[str, Any]:
    names = ("seconds", *OUTCOMES, "passages")
    return {name: getattr(report, name) for name in names} | {"rejected": len(report.rejected)}


def main() -> int:
    arguments = parser(__doc__)
    arguments.add_argument("--items", type=int, default=2000)
    arguments.add_argument("--pdfs", type=int, default=300)
    given = arguments.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        result = measure(Path(folder), given.items, given.pdfs)
    print(json.dumps(result))
    return 1 if any(result["lacking"].values()) else 0


if __name__ == "__main__":
    sys.exit(main())

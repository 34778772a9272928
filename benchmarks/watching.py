"""How long a paper takes from being saved until a search finds it, while `askpapers watch` runs.

    python -m benchmarks.watching --times 20 --papers 2000

Another process watches a folder with so many papers in it. A paper is saved, in a file of its own, and this
process searches for it, as an open page does, until it comes first. Prints a JSON line: seconds.
"""

import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Any

from benchmarks.commands import parser
from benchmarks.synthetic import ReusingEncoder, embedded_texts, synthetic_papers
from ingest.pipeline import ingest
from ingest.sources.base import ReadOptions
from ingest.syncing.origins import open_origins
from rag.embedding import embedded_encoder
from rag.library import Library
from rag.retrieval import Retriever
from rag.types import Paper

_LONGEST = 60.0  # seconds, then something hangs
_STARTED = 5.0  # seconds without a change, in which the watch begins
_BETWEEN = 0.05  # seconds between two searches
_A_FILE = 50  # papers
_POOL = 20  # papers whose vectors are reused


def measure(times: int, count: int, folder: Path) -> dict[str, Any]:
    """Seconds from saved to found, for each of so many papers."""
    papers, made = folder / "papers", synthetic_papers(seed=2)
    papers.mkdir()
    for number in range(0, count, _A_FILE):
        _save(papers / f"{number}.jsonl", list(islice(made, min(_A_FILE, count - number))))
    sources, origins, _ = open_origins([str(papers)], ReadOptions())
    reusing = ReusingEncoder(embedded_texts(list(islice(synthetic_papers(seed=1), _POOL))))
    with Library.create(folder / "library", reusing) as library:
        ingest(library, sources, origins=origins)
    seconds = []
    with _watching(folder / "library"), Library(folder / "library", embedded_encoder()) as library:
        retriever = Retriever(library)
        time.sleep(_STARTED)
        for number, paper in enumerate(islice(made, times)):
            _save(papers / f"new-{number}.jsonl", [paper])
            seconds.append(_until_found(retriever, paper))
    return {
        "papers": count,
        "times": times,
        "median": round(statistics.median(seconds), 2),
        "fastest": round(min(seconds), 2),
        "slowest": round(max(seconds), 2),
    }


def _save(path: Path, papers: list[Paper]) -> None:
    records = [{"title": paper.title, "abstract": paper.abstract} for paper in papers]
    path.write_text("".join(json.dumps(record) + "\n" for record in records), encoding="utf-8")


def _until_found(retriever: Retriever, paper: Paper) -> float:
    """Search until the paper comes first; how long that took. Raises AssertionError."""
    started = time.monotonic()
    while not (hits := retriever.search(paper.title)) or hits[0].paper.title != paper.title:
        if time.monotonic() - started > _LONGEST:
            raise AssertionError(f"not found in {_LONGEST} seconds: {paper.title}")
        time.sleep(_BETWEEN)
    return time.monotonic() - started


@contextmanager
def _watching(library: Path) -> Iterator[None]:
    """A process that watches what a library was made of."""
    command = [sys.executable, "-m", "ui.cli", "watch", "--library", str(library)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as process:
        try:
            yield
        finally:
            process.kill()


def main() -> None:
    options = parser(__doc__)
    options.add_argument("--times", type=int, default=20, metavar="N")
    options.add_argument("--papers", type=int, default=2000, metavar="N")
    arguments = options.parse_args()
    with tempfile.TemporaryDirectory(prefix="askpapers-watch-") as folder:
        print(json.dumps(measure(arguments.times, arguments.papers, Path(folder))))


if __name__ == "__main__":
    main()

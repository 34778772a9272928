"""What each stage of a large ingest costs a paper, one JSON line a measurement.

    python -m benchmarks.scale --papers 20000
    python -m benchmarks.scale --papers 100000 --reuse

Synthetic papers in the form of arXiv's metadata snapshot are written to a file and ingested as that file
would be, in a process of its own: read into the catalog, then indexed for words, then encoded into both
indexes of vectors. Every tenth batch is encoded once more by the bare encoder, so that `of_encoder` (the
indexing's papers a second divided by the encoder's) compares the two under the same load. With --reuse
no paper is encoded: each passage takes the vectors of one of a pool. Then another process opens the
library and searches. Memory is what the process has grown by, in MB.
"""

import json
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

from benchmarks.commands import parser
from benchmarks.processes import Memory, folder_mb, in_own_process, milliseconds, timed
from benchmarks.synthetic import ReusingEncoder, synthetic_papers
from ingest.pipeline import ingest
from ingest.sources.files import FileSource
from rag.assistant import Assistant
from rag.embedding import embedded_encoder
from rag.embedding.base import Encoder
from rag.library import Library
from rag.library.catalog import Change
from rag.library.embedded import embedded_text
from rag.library.progress import Work
from rag.retrieval import Retriever
from ui.terminal import track

_BESIDE = 10  # batches, of which the last is encoded again by the encoder alone
_TENTH = 9  # counted from 0: the first ones wait for the weights
_QUERIES = 200
_ANSWERS = 30


@dataclass
class Stage:
    """One stage of an ingest while it goes on: when how many papers were done."""

    seconds: list[float] = field(default_factory=list)
    papers: list[int] = field(default_factory=list)
    encoder_seconds: float = 0.0
    beside_seconds: float = 0.0  # of the batches that were encoded again

    def facts(self) -> dict[str, Any]:
        """Papers a second in all, in the first tenth and in the last."""
        rates = {
            name: round(sum(self.papers[part]) / sum(self.seconds[part]), 1)
            for name, part in _parts(len(self.papers)).items()
        }
        facts: dict[str, Any] = {
            "papers": sum(self.papers),
            "seconds": round(sum(self.seconds), 1),
            **rates,
        }
        if self.encoder_seconds:
            facts["of_encoder"] = round(self.encoder_seconds / self.beside_seconds, 3)
        return facts


class Growing:
    """A library that is being filled, or searched, in this process."""

    def __init__(self, folder: Path, is_reusing: bool) -> None:
        self._encoder: Encoder = ReusingEncoder() if is_reusing else embedded_encoder()
        self._is_reusing = is_reusing
        self._library = Library.create(folder, self._encoder)
        self._memory = Memory()
        self._stages: dict[str, Stage] = {}
        self._at_end: dict[str, float | None] = {}

    def ingest(self, snapshot: Path) -> dict[str, Any]:
        """Bring the papers of a file in; what each stage took."""
        self._stages, self._at_end = {}, {}
        report = ingest(self._library, [FileSource(snapshot, label="snapshot")], self._watched)
        stages = {
            name: stage.facts() | {"rss_mb": self._at_end[name]} for name, stage in self._stages.items()
        }
        known = sum(sum(stage.seconds) for stage in self._stages.values())
        counts = {name: getattr(report, name) for name in ("added", "unchanged", "papers", "passages")}
        return counts | {
            "seconds": report.seconds,
            "outside_the_stages": round(report.seconds - known, 1),
            "near_duplicates": len(report.near_duplicates),
            "peak_mb": self._memory.peak_mb(),
            "stages": stages,
        }

    def search(self) -> dict[str, Any]:
        """Milliseconds of searches and of whole answers, and what the process has grown by."""
        queries = [paper.title for paper in islice(synthetic_papers(seed=2), _QUERIES)]
        retriever = Retriever(self._library)
        first = timed(retriever.search, queries[0], 10)
        searches = [timed(retriever.search, query, 10) for query in queries]
        assistant = Assistant(self._library, writer="extractive")
        answers = [timed(assistant.ask, f"What is {query}?") for query in queries[:_ANSWERS]]
        started = time.perf_counter()
        problems = len(self._library.verify())
        return {
            "first_search_ms": round(1000 * first, 1),
            "search_p50_ms": milliseconds(searches),
            "search_p95_ms": milliseconds(searches, 95),
            "answer_p50_ms": milliseconds(answers),
            "answer_p95_ms": milliseconds(answers, 95),
            "rss_mb": self._memory.now_mb(),
            "verify_seconds": round(time.perf_counter() - started, 1),
            "disagreements": problems,
            "disk_mb": self._disk(),
        }

    def close(self) -> None:
        self._library.close()

    def _disk(self) -> dict[str, float]:
        folder = self._library.folder
        indexes = {part.name: folder_mb(part) for part in folder.iterdir() if part.is_dir()}
        return indexes | {"catalog": round((folder / "catalog.sqlite").stat().st_size / 1e6, 2)}

    def _watched(self, batches: Iterable[Work], what: str, total: int | None) -> Iterator[Work]:
        stage = self._stages[what] = Stage()
        before = time.perf_counter()
        for number, batch in enumerate(track(batches, what, total)):
            yield batch
            spent = time.perf_counter() - before
            stage.seconds.append(spent)
            stage.papers.append(len(batch))
            if "dense" in what and number % _BESIDE == _TENTH and not self._is_reusing:
                stage.beside_seconds += spent
                stage.encoder_seconds += self._encoded_again(batch)
            before = time.perf_counter()
        self._at_end[what] = self._memory.now_mb()

    def _encoded_again(self, changes: Sequence[Change]) -> float:
        papers = [(change.paper, change.passages) for change in changes if change.paper]
        texts = [embedded_text(paper, passage) for paper, passages in papers for passage in passages]
        return timed(embedded_encoder().encode_both, texts)


def write_snapshot(path: Path, count: int) -> None:
    """Synthetic papers as arXiv writes its metadata."""
    with path.open("w", encoding="utf-8") as file:
        for number, paper in enumerate(islice(synthetic_papers(), count)):
            month, place = divmod(number, 20_000)
            record = {
                "id": f"{20 + month // 12:02}{1 + month % 12:02}.{place:05}",
                "title": paper.title,
                "abstract": f"  {paper.abstract}\n",
                "authors_parsed": [["Owl", "Ada", ""], ["Bee", "Ben", ""]],
                "categories": "cs.CL",
                "doi": None,
                "update_date": f"{paper.year}-06-01",
                "versions": [{"version": "v1", "created": f"Mon, 1 Jun {paper.year} 10:00:00 GMT"}],
            }
            file.write(json.dumps(record) + "\n")


def measure(count: int, is_reusing: bool, folder: Path) -> Iterator[dict[str, Any]]:
    """The ingest, the same file once more, and searches by a process that opens the library."""
    snapshot, place = folder / "snapshot.json", folder / "library"
    write_snapshot(snapshot, count)
    row = {"papers": count, "vectors": "reused" if is_reusing else "encoded"}
    with in_own_process(Growing, place, is_reusing) as growing:
        yield row | {"measured": "ingest", **growing.ingest(snapshot)}
        yield row | {"measured": "the same file again", **growing.ingest(snapshot)}
    with in_own_process(Growing, place, is_reusing) as growing:
        yield row | {"measured": "search", **growing.search()}


def _parts(count: int) -> dict[str, slice]:
    tenth = max(count // 10, 1)
    return {
        "per_second": slice(None),
        "per_second_first_tenth": slice(tenth),
        "per_second_last_tenth": slice(count - tenth, None),
    }


def main() -> int:
    options = parser(__doc__)
    options.add_argument("--papers", type=int, default=20_000, metavar="N")
    options.add_argument("--reuse", action="store_true", help="take the vectors of a pool, encode nothing")
    options.add_argument("--folder", type=Path, help="keep the library there (default: a temporary folder)")
    arguments = options.parse_args()
    with tempfile.TemporaryDirectory(prefix="askpapers-scale-") as temporary:
        folder = arguments.folder or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        for row in measure(arguments.papers, arguments.reuse, folder):
            print(json.dumps(row), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())

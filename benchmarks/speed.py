"""Speed, memory and disk beside the plain LlamaIndex way, one JSON line a measurement.

    python -m benchmarks.speed --sizes 333 10000 --search-only 100000

Papers are synthetic: shuffled sentences of the bundled digests. Each way runs in its own process, and
they take turns, so that other load meets both: the ratios are what to read (this program's figure
divided by the other's). `encoder` is the encoder's bare pass over our passages. `peak_mb` is what memory
grew by while papers came in, `search_mb` what it grew by in a new process that opens the folder and
searches, both without what is loaded before the first paper. With --search-only no paper is encoded
("vectors": "reused"): each passage takes the vectors of a few thousand that were encoded before.
"""

import json
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from functools import partial
from itertools import cycle, islice
from pathlib import Path
from typing import Any

from benchmarks.askpapers import AskPapers, EncoderAlone
from benchmarks.commands import parser
from benchmarks.plain_llamaindex import MISSING, PlainLlamaIndex, is_installed
from benchmarks.processes import Way, folder_mb, in_own_process, milliseconds
from eval.cases import read_cases
from ui.terminal import track

_TURN = 320  # papers
_ROUND = 10  # queries
_ROUNDS = 20
_KEPT = ("chroma_kb_a_passage", "token_bytes_a_paper")  # best told where nothing is being written
_COMPARED = ("ingest_per_second", "search_p50_ms", "search_p95_ms", "peak_mb", "search_mb", "disk_mb")

Ways = dict[str, Callable[[Path], Way]]
Rows = dict[str, dict[str, Any]]
"""The figures of each way, by its name."""

OURS: Ways = {"askpapers": AskPapers}
BOTH: Ways = {**OURS, "llamaindex": PlainLlamaIndex}


def compare(size: int, folder: Path, with_encoder: bool) -> Rows:
    """Both ways at one size; the encoder alone beside them where that is asked for."""
    ways: Ways = {**BOTH, "encoder": EncoderAlone} if with_encoder else BOTH
    rows = ingest_all(ways, folder, size)
    for name, row in search_all(BOTH, folder).items():
        rows[name] |= row
    again = ingest_all(OURS, folder, size)["askpapers"]
    rows["askpapers"]["reingest_per_second"] = again["ingest_per_second"]
    return rows


def search_only(size: int, folder: Path) -> Rows:
    """This program with vectors that are reused, so that many papers come in soon."""
    row = ingest_all({"askpapers": partial(AskPapers, is_reusing=True)}, folder, size)["askpapers"]
    row["index_per_second"] = row.pop("ingest_per_second")  # nothing was encoded
    return {"askpapers": row | {"vectors": "reused"} | search_all(OURS, folder)["askpapers"]}


def ingest_all(ways: Ways, folder: Path, size: int) -> Rows:
    """The same papers by each way, in turns."""
    turns = [range(start, min(start + _TURN, size)) for start in range(0, size, _TURN)]
    with opened(ways, folder) as each:
        seconds = dict.fromkeys(each, 0.0)
        for turn in track(turns, f"{size} papers into {', '.join(ways)}", size):
            for name, way in each.items():
                seconds[name] += way.ingest(len(turn))
        facts_by_way = {name: way.facts() for name, way in each.items()}
    return {
        name: {"ingest_per_second": round(size / seconds[name], 1), **facts}
        | ({"disk_mb": folder_mb(folder / name)} if (folder / name).exists() else {})
        for name, facts in facts_by_way.items()
    }


def search_all(ways: Ways, folder: Path) -> Rows:
    """The same questions to each way, in turns, after a first round that only warms them up."""
    questions = cycle(case.turns[0].question for case in read_cases(["dev"]))
    rounds = [list(islice(questions, _ROUND)) for _ in range(_ROUNDS + 1)]
    with opened(ways, folder) as each:
        seconds: dict[str, list[float]] = {name: [] for name in each}
        for questions_asked in track(rounds, f"questions to {', '.join(ways)}", sum(map(len, rounds))):
            for name, way in each.items():
                seconds[name] += map(way.search, questions_asked)
        facts_by_way = {name: way.facts() for name, way in each.items()}
    return {name: _searched(seconds[name][_ROUND:], facts) for name, facts in facts_by_way.items()}


@contextmanager
def opened(ways: Ways, folder: Path) -> Iterator[dict[str, Way]]:
    """Each way in its own process and in its own folder, by name."""
    with ExitStack() as stack:
        yield {name: stack.enter_context(in_own_process(way, folder / name)) for name, way in ways.items()}


def ratios(rows: Rows) -> dict[str, float]:
    """This program's figures divided by the other's, and its second ingest by its first."""
    ours, other = rows["askpapers"], rows["llamaindex"]
    compared = {
        name: round(ours[name] / other[name], 2) for name in _COMPARED if ours.get(name) and other.get(name)
    }
    return compared | {"reingest": round(ours["reingest_per_second"] / ours["ingest_per_second"], 1)}


def _searched(seconds: Sequence[float], facts: Mapping[str, Any]) -> dict[str, Any]:
    kept = {name: value for name, value in facts.items() if name in _KEPT}
    return {
        "search_p50_ms": milliseconds(seconds),
        "search_p95_ms": milliseconds(seconds, 95),
        "search_mb": facts["peak_mb"],
    } | kept


def _print(size: int, rows: Rows) -> None:
    for name, row in rows.items():
        known = {figure: value for figure, value in row.items() if value is not None}
        print(json.dumps({"name": name, "papers": size} | known), flush=True)


def main() -> None:
    """Measure at each size, print."""
    options = parser(__doc__)
    options.add_argument("--sizes", type=int, nargs="*", default=[333, 10_000], metavar="PAPERS")
    options.add_argument("--search-only", type=int, nargs="*", default=[100_000], metavar="PAPERS")
    arguments = options.parse_args()
    if arguments.sizes and not is_installed():
        sys.exit(MISSING)
    compared = {}
    for size in arguments.sizes:
        with tempfile.TemporaryDirectory() as folder:
            rows = compare(size, Path(folder), with_encoder=size == arguments.sizes[0])
        _print(size, rows)
        compared[size] = ratios(rows)
    for size in arguments.search_only:
        with tempfile.TemporaryDirectory() as folder:
            _print(size, search_only(size, Path(folder)))
    if compared:
        print(json.dumps({"name": "ratios"} | compared))


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit(130)

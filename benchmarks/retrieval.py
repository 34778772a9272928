"""Quality of retrieval: one JSON line a configuration.

    python -m benchmarks.retrieval --data FOLDER
    python -m benchmarks.retrieval --questions dev --library DIR

The first ingests SciFact's corpus as `askpapers ingest` would (about six minutes on two cores); the
second asks the questions of a question file whose papers the library holds. `bm25` and `dense` are
one search each, `fusion` is how candidates are chosen, `default` is what `askpapers search` gives;
`token` and `passage` are one signal of late interaction each, `without …` leaves a signal out.
`--tokens` sets the length of passages; with a large number a passage is a whole abstract, and
`dense` is the plain encoder.
"""

import json
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from functools import partial
from pathlib import Path

from benchmarks.commands import parser
from benchmarks.scifact import SciFact
from eval.cases import read_cases
from eval.metrics import hit_at, ndcg_at, recall_at
from eval.statistics import interval
from ingest.chunking import PASSAGE_TOKENS, split_abstract
from ingest.pipeline import ingest
from rag.library import Library
from rag.retrieval import FIRST_WEIGHTS, WEIGHTS, Retriever, best_passages, fuse
from rag.types import Filters
from ui.terminal import track

_DEPTH = 100
_PASSAGES = 300
METRICS = {
    "ndcg@10": partial(ndcg_at, 10),
    "recall@100": partial(recall_at, 100),
    "hit@1": partial(hit_at, 1),
    "hit@5": partial(hit_at, 5),
}

Queries = Mapping[str, set[str]]
"""The ids of the relevant papers, by query."""


def weightings() -> dict[str, dict[str, float]]:
    """Each way to fuse the signals, by name; the last one is the default."""
    alone = {name: {name: 1.0} for name in ("token", "passage")}
    without = {
        f"without {name}": {other: weight for other, weight in WEIGHTS.items() if other != name}
        for name in WEIGHTS
    }
    return {"fusion": FIRST_WEIGHTS, **alone, **without, "default": WEIGHTS}


def rankings(library: Library, query: str) -> Iterator[tuple[str, list[str]]]:
    """The papers for a query, best first, by each configuration."""
    yield "bm25", [paper_id for paper_id, _ in library.lexical.search(query, _DEPTH, Filters())]
    vector, _ = library.encode_query(query)
    yield "dense", list(best_passages(library.dense.search(vector, _PASSAGES, Filters())))
    signals, *_ = Retriever(library).signals(query, _DEPTH)
    for name, weights in weightings().items():
        scores = fuse(signals, weights)
        yield name, sorted(scores, key=lambda paper_id: (-scores[paper_id], paper_id))


def measure(library: Library, queries: Queries) -> Iterator[dict[str, object]]:
    """Means over the queries, a configuration after the other, with nDCG's 95 % interval."""
    values: dict[str, dict[str, list[float]]] = {}
    for query, relevant in queries.items():
        for name, ranking in rankings(library, query):
            rows = values.setdefault(name, {metric: [] for metric in METRICS})
            for metric, function in METRICS.items():
                rows[metric].append(function(ranking, relevant))
    for name, rows in values.items():
        means = {metric: round(sum(row) / len(row), 4) for metric, row in rows.items()}
        low, high = interval(rows["ndcg@10"], [1] * len(queries))
        yield {"name": name, **means, "ci95": [round(low, 4), round(high, 4)], "queries": len(queries)}


def questions(library: Library, files: Sequence[str]) -> Queries:
    """The first questions of the cases that name papers."""
    turns = [case.turns[0] for case in read_cases(files) if case.turns[0].papers]
    ids = library.catalog.find([paper for turn in turns for paper in turn.papers])
    return {turn.question: {ids[paper] for paper in turn.papers} for turn in turns}


def main() -> None:
    """Ingest where that is needed, rank, print."""
    options = parser(__doc__)
    options.add_argument("--data", type=Path, metavar="DIR", help="folder of SciFact")
    options.add_argument("--queries", choices=("test", "train"), default="test")
    options.add_argument("--questions", nargs="+", metavar="FILE", help="question files, dev or test")
    options.add_argument("--tokens", type=int, default=PASSAGE_TOKENS, help="length of a passage")
    options.add_argument("--library", type=Path, metavar="DIR", help="keep the library here")
    arguments = options.parse_args()
    if bool(arguments.data) == bool(arguments.questions):
        options.error("name either --data or --questions")
    with ExitStack() as stack:
        folder = arguments.library or stack.enter_context(tempfile.TemporaryDirectory())
        library = stack.enter_context(Library.create(folder))
        if arguments.data:
            data = SciFact(arguments.data)
            ingest(library, [data], track, split=partial(split_abstract, budget=arguments.tokens))
            queries: Queries = data.queries(arguments.queries)
        else:
            queries = questions(library, arguments.questions)
        for row in measure(library, queries):
            print(json.dumps(row | {"tokens": arguments.tokens}), flush=True)


if __name__ == "__main__":
    main()

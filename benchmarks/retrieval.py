"""Quality of retrieval on SciFact: one JSON line a configuration.

    python -m benchmarks.retrieval --data FOLDER

It ingests the corpus as `askpapers ingest` would (about five minutes on two cores), then ranks:
`bm25` and `dense` are one signal each, `fusion` is what `askpapers search` gives, and so is
`default`. `--tokens` sets the length of passages; with a large number a passage is a whole
abstract, and `dense` is the plain encoder.
"""

import argparse
import json
import tempfile
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path

from benchmarks.scifact import SciFact
from eval.metrics import hit_at, ndcg_at, recall_at
from ingest.chunking import PASSAGE_TOKENS, split_abstract
from ingest.pipeline import ingest
from rag.library import Library
from rag.retrieval import Retriever, best_passages
from rag.types import Filters
from ui.terminal import track

_DEPTH = 100
_PASSAGES = 300

Search = Callable[[str], Sequence[str]]


def configurations(library: Library) -> Iterator[tuple[str, Search]]:
    """Each way to rank, by name: query in, paper ids out, best first."""

    def bm25(query: str) -> list[str]:
        return [paper_id for paper_id, _ in library.lexical.search(query, _DEPTH, Filters())]

    def dense(query: str) -> list[str]:
        (vector,) = library.encoder.encode([query])
        return list(best_passages(library.dense.search(vector, _PASSAGES, Filters())))

    def fusion(query: str) -> list[str]:
        return [hit.paper.paper_id for hit in Retriever(library).search(query, _DEPTH)]

    yield from {"bm25": bm25, "dense": dense, "fusion": fusion}.items()


def measure(search: Search, queries: dict[str, set[str]]) -> dict[str, float]:
    """Means over the queries."""
    rankings = [(search(query), relevant) for query, relevant in queries.items()]
    metrics = {
        "ndcg@10": partial(ndcg_at, 10),
        "recall@100": partial(recall_at, 100),
        "hit@1": partial(hit_at, 1),
    }
    return {
        name: round(sum(metric(*row) for row in rankings) / len(rankings), 4)
        for name, metric in metrics.items()
    }


def main() -> None:
    """Ingest, rank, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, metavar="DIR", help="folder of SciFact")
    parser.add_argument("--queries", choices=("test", "train"), default="test")
    parser.add_argument("--tokens", type=int, default=PASSAGE_TOKENS, help="length of a passage")
    parser.add_argument("--library", type=Path, metavar="DIR", help="keep the library here")
    arguments = parser.parse_args()
    data = SciFact(arguments.data)
    with tempfile.TemporaryDirectory() as temporary:
        folder = arguments.library or Path(temporary) / "library"
        run(Library.create(folder), data, arguments.queries, arguments.tokens)


def run(library: Library, data: SciFact, split: str, tokens: int) -> None:
    """Ingest what is not there yet, then print a line a configuration."""
    queries = data.queries(split)
    with library:
        ingest(library, [data], track, split=partial(split_abstract, budget=tokens))
        for name, search in configurations(library):
            row = {"name": name, "queries": len(queries), "tokens": tokens}
            measured = row | measure(search, queries)
            print(json.dumps(measured), flush=True)
        print(json.dumps(measured | {"name": "default"}))  # the last one is what search uses


if __name__ == "__main__":
    main()

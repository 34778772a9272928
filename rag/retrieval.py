"""From a query to ranked papers: two searches, fused.

    query ─▶ dense: nearest passages ──┐
          └▶ lexical: BM25 of papers ──┴▶ candidates ─▶ signals ─▶ fuse ─▶ ranked papers

A finer comparison of the best candidates (late interaction) adds its signal between the last two.
"""

from collections.abc import Iterable, Mapping

from rag.library import Library
from rag.types import Filters, Hit, Passage

# Measured: see docs/retrieval.md.
WEIGHTS = {"dense": 0.6, "lexical": 0.4}
_PAPERS = 100  # candidates of the lexical search
_PASSAGES = 300  # candidates of the dense search
_PER_PAPER = 10  # passages, so that a long ranking has its papers


class Retriever:
    """Ranks the papers of a library for a query, each paper once."""

    def __init__(self, library: Library) -> None:
        self._library = library

    def search(self, query: str, k: int = 10, filters: Filters = Filters()) -> list[Hit]:
        """The `k` best papers, best first; fewer where the library or the filters leave fewer.

        The two searches score every candidate of each other: a paper that only the words found
        is compared by its vectors too, and a paper without a word of the query has BM25 0.
        """
        dense, library = self._library.dense, self._library
        (vector,) = library.encoder.encode([query])
        lexical = dict(library.lexical.search(query, max(_PAPERS, k), filters))
        passages = best_passages(dense.search(vector, max(_PASSAGES, _PER_PAPER * k), filters))
        only_lexical = [paper_id for paper_id in lexical if paper_id not in passages]
        passages |= best_passages(dense.compare(vector, only_lexical))
        signals = {
            paper_id: {"dense": cosine, "lexical": lexical.get(paper_id, 0.0)}
            for paper_id, (_, cosine) in passages.items()
        }
        ranked = sorted(fuse(signals).items(), key=lambda row: (-row[1], row[0]))[:k]
        papers = library.catalog.papers([paper_id for paper_id, _ in ranked])
        return [
            Hit(papers[paper_id], score, passages[paper_id][0], signals[paper_id])
            for paper_id, score in ranked
            if paper_id in papers
        ]


def best_passages(found: Iterable[tuple[Passage, float]]) -> dict[str, tuple[Passage, float]]:
    """The best passage of each paper with its score."""
    best: dict[str, tuple[Passage, float]] = {}
    for passage, score in found:
        if passage.paper_id not in best or score > best[passage.paper_id][1]:
            best[passage.paper_id] = passage, score
    return best


def fuse(signals: Mapping[str, Mapping[str, float]]) -> dict[str, float]:
    """One score in [0, 1] per paper: the weighted sum of its normalised signals.

    Cosines are spread over [0, 1] between the worst and the best candidate; BM25, whose zero
    means something, is divided by its best. Min-max fusion: Lee, 1997, "Analyses of multiple
    evidence combination"; Bruch et al., 2023, "An Analysis of Fusion Functions".
    """
    if not signals:
        return {}
    columns = {name: [row[name] for row in signals.values()] for name in WEIGHTS}
    low = {"dense": min(columns["dense"]), "lexical": 0.0}
    spread = {name: max(column) - low[name] for name, column in columns.items()}
    return {
        paper_id: sum(
            weight * ((row[name] - low[name]) / spread[name]) if spread[name] > 0 else weight
            for name, weight in WEIGHTS.items()
        )
        for paper_id, row in signals.items()
    }

"""From a query to ranked papers: two searches find candidates, late interaction compares them.

query ─▶ dense: nearest passages ──┐
      └▶ lexical: BM25 of papers ──┴▶ candidates ─▶ tokens: late interaction ─▶ fuse ─▶ ranked papers
"""

from collections.abc import Iterable, Mapping, Sequence

from rag.library import Library
from rag.library.matching import Match
from rag.names import is_titled
from rag.types import Filters, Hit, Passage

# Measured: see docs/retrieval.md. `token` is a whole paper's match, `passage` that of its best passage.
WEIGHTS = {"dense": 0.2, "lexical": 0.2, "token": 0.3, "passage": 0.3}
FIRST_WEIGHTS = {"dense": 0.6, "lexical": 0.4}  # of the two searches, for the choice of candidates
_FITS = 0.6  # share of the best score; measured on lists: see docs/retrieval.md
_NAMED = (
    0.2  # added where a query has the name that a title begins with ("BERT: ..."): see docs/retrieval.md
)
_MAY_BE_NAMED = 20  # the best papers, among which one may be named
_CANDIDATES = 64  # papers that are compared token by token
_PAPERS = 100  # that the lexical search gives
_PASSAGES = 300  # that the dense search gives
_PER_PAPER = 10  # passages, so that a long ranking has its papers

Signals = dict[str, dict[str, float]]
"""What is known of each paper, by its id and the name of the signal."""


class Retriever:
    """Ranks the papers of a library for a query, each paper once."""

    def __init__(self, library: Library) -> None:
        self._library = library

    def search(self, query: str, k: int = 10, filters: Filters = Filters()) -> list[Hit]:
        """The `k` best papers, best first; fewer where the library or the filters leave fewer."""
        signals, passages = self.signals(query, k, filters)
        ranked = _ranked(fuse(signals, WEIGHTS))[: max(k, _MAY_BE_NAMED)]
        papers = self._library.catalog.papers([paper_id for paper_id, _ in ranked])
        scores = {
            paper_id: min(score + _NAMED * is_titled(query, papers[paper_id]), 1.0)
            for paper_id, score in ranked
            if paper_id in papers
        }
        best = _ranked(scores)[:k]
        spans = self._library.catalog.passages([paper_id for paper_id, _ in best])
        return [
            Hit(papers[paper_id], score, _nth(spans[paper_id], passages[paper_id]), signals[paper_id])
            for paper_id, score in best
            if paper_id in spans  # else it has just been removed
        ]

    def signals(self, query: str, k: int, filters: Filters = Filters()) -> tuple[Signals, dict[str, int]]:
        """The signals of the candidates for `k` places, and the number of each one's best passage."""
        library, most = self._library, max(k, _CANDIDATES)
        vector, tokens = library.encode_query(query)
        known = library.catalog.narrow(filters)
        lexical = dict(library.lexical.search(query, max(k, _PAPERS), known))
        dense = best_passages(library.dense.search(vector, max(_PASSAGES, _PER_PAPER * k), known))
        signals = _merge(dense, lexical)
        first = fuse(signals, FIRST_WEIGHTS)
        candidates = sorted(signals, key=lambda paper_id: (-first[paper_id], paper_id))[:most]
        matches = library.tokens.match(tokens, candidates)
        least = Match(
            min((match.paper for match in matches.values()), default=0.0),
            min((match.passage for match in matches.values()), default=0.0),
            number=0,
        )
        numbers = dict.fromkeys(candidates, 0) | {
            paper_id: number for paper_id, (number, _) in dense.items()
        }
        for paper_id in candidates:  # one that another process has just added may lack a match
            match = matches.get(paper_id, least)
            signals[paper_id] |= {"token": match.paper, "passage": match.passage}
        numbers |= {paper_id: match.number for paper_id, match in matches.items()}
        return {paper_id: signals[paper_id] for paper_id in candidates}, numbers


def _ranked(scores: Mapping[str, float]) -> list[tuple[str, float]]:
    """Papers with their scores, best first."""
    return sorted(scores.items(), key=lambda row: (-row[1], row[0]))


def _merge(dense: Mapping[str, tuple[int, float]], lexical: Mapping[str, float]) -> Signals:
    """The signals of the two searches. A paper that the dense one did not reach has the least of
    those that it did, and one without a word of the query has BM25 0."""
    least = min((cosine for _, cosine in dense.values()), default=0.0)
    return {
        paper_id: {
            "dense": dense[paper_id][1] if paper_id in dense else least,
            "lexical": lexical.get(paper_id, 0.0),
        }
        for paper_id in dict.fromkeys([*dense, *lexical])
    }


def fitting(hits: Sequence[Hit]) -> Sequence[Hit]:
    """The hits of a ranking that belong on a list: those that score nearly as well as the best."""
    return [hit for hit in hits if hit.score >= _FITS * hits[0].score]


def best_passages(found: Iterable[tuple[str, int, float]]) -> dict[str, tuple[int, float]]:
    """The number of the best passage of each paper, with its score."""
    best: dict[str, tuple[int, float]] = {}
    for paper_id, number, score in found:
        if paper_id not in best or score > best[paper_id][1]:
            best[paper_id] = number, score
    return best


def fuse(signals: Signals, weights: Mapping[str, float]) -> dict[str, float]:
    """One score in [0, 1] per paper: the weighted sum of its normalised signals.

    Cosines are spread over [0, 1] between the worst and the best candidate; BM25, whose zero
    means something, is divided by its best. Min-max fusion: Lee, 1997, "Analyses of multiple
    evidence combination"; Bruch et al., 2023, "An Analysis of Fusion Functions".
    """
    scores = dict.fromkeys(signals, 0.0)
    for name, weight in weights.items():
        column = [row[name] for row in signals.values()]
        low = 0.0 if name == "lexical" else min(column, default=0.0)
        spread = max(column, default=0.0) - low
        for paper_id, row in signals.items():
            scores[paper_id] += weight * ((row[name] - low) / spread if spread > 0 else 1.0)
    return scores


def _nth(passages: Sequence[Passage], number: int) -> Passage:
    """The passage of this number; the last one where the paper has just become shorter."""
    return passages[min(number, len(passages) - 1)]

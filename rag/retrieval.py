"""From a query to ranked papers: two searches find candidates, late interaction compares them.

query ─▶ dense: nearest passages ──┐
      └▶ lexical: BM25 of papers ──┴▶ candidates ─▶ tokens: late interaction ─▶ fuse ─▶ ranked papers

Bodies are searched in the same two ways. A paper's best passage there counts where it matches better than
its abstract, less a margin, as a long text has many chances to match.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from math import fsum

from rag.bodies import READ, Bodies, Likeness
from rag.embedding.base import Tokens
from rag.library import Library
from rag.library.embedded import embedded_text
from rag.library.matching import Match
from rag.library.selection import Selection
from rag.long_notes import with_notes
from rag.people import authors_in, filters_for
from rag.types import Filters, Hit

# The parts of the score (chosen in docs/retrieval.md): `token` is the match of the whole paper, `passage`
# that of its best passage.
WEIGHTS = {"dense": 0.24, "lexical": 0.15, "token": 0.28, "passage": 0.33}
FIRST_WEIGHTS = {"dense": 0.6, "lexical": 0.4}  # these choose the candidates
# The score from which a paper belongs on a list: the first one, or less if the best paper has little.
# Measured on lists of two fields (docs/retrieval.md).
_BELONGS, _BELONGS_LEAST, _BELONGS_SHARE = 0.6, 0.05, 0.7
# The score from which a paper is close to a query: if they share words, and if they hardly do.
_NEAR, _NEAR_IN_OTHER_WORDS, _SHARES_WORDS = 0.35, 0.5, 0.05
_CANDIDATES = 64  # papers that are compared token by token
_PAPERS = 100  # from the lexical search
_PASSAGES = 300  # from the dense search
_PER_PAPER = 10  # passages of the dense search per paper of a long ranking

# Added to ranks: with the usual 60 a paper that all rankings have far down beats the first of most.
_RANK = 10
_RELATED = 0.6  # share of the best score of a ranking, below which a paper is clearly about something else

_MATCHED = 8  # papers whose best passage of the body is compared token by token
_MARGIN = 0.05  # of a cosine or a share, by which a body has to match better than the abstract

Signals = dict[str, dict[str, float]]
"""Values by paper id and name of the signal."""


@dataclass(frozen=True)
class Fused:
    """A ranking of papers, and the ids of those that are not clearly about something else."""

    hits: Sequence[Hit] = ()
    related: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Retriever:
    """Ranks the papers of a library for a query, each paper once."""

    library: Library

    def search(self, query: str, k: int = 10, filters: Filters = Filters()) -> list[Hit]:
        """The `k` best papers, best first; fewer if the library or the filters leave fewer.

        Scores are absolute: they mean the same in every library and for every query. The papers of authors
        whom the query names count as near; those that are near to its other words lack half as much to 1.
        """
        hits = self._search(query, k, filters)
        if filters.author or not (named := authors_in(query, self.library)).names:
            return hits
        bounded = filters_for(named.names, filters, self.library)
        own = self._search(named.rest, k, bounded) if named.has_subject else self.newest(k, bounded)
        raised = [
            replace(hit, score=(1 + hit.score) / 2 if hit.is_near else hit.score, is_near=True)
            for hit in own
        ]
        by_id = {hit.paper.paper_id: hit for hit in (*hits, *raised)}
        return sorted(by_id.values(), key=lambda hit: -hit.score)[:k]

    def _search(self, query: str, k: int, filters: Filters) -> list[Hit]:
        """The ranking by what the papers say."""
        signals, numbers, in_bodies = self.signals(query, k, filters)
        scores = fuse(signals, WEIGHTS)
        best = sorted(signals, key=lambda paper_id: (-scores[paper_id], paper_id))[:k]
        catalog = self.library.catalog
        by_body = [paper_id for paper_id in best if paper_id in in_bodies]
        papers = catalog.papers(best) | (catalog.whole_papers(by_body) if by_body else {})
        spans = catalog.passages(best) | (catalog.files.passages(by_body) if by_body else {})
        hits = []
        for paper_id in best:
            if paper_id in papers and paper_id in spans:  # another process may have removed or shortened it
                score, own = scores[paper_id], signals[paper_id]
                number = in_bodies.get(paper_id, numbers[paper_id])
                passage = spans[paper_id][min(number, len(spans[paper_id]) - 1)]
                least = _NEAR if own["lexical"] > _SHARES_WORDS else _NEAR_IN_OTHER_WORDS
                hits.append(Hit(papers[paper_id], score, passage, own, is_near=score >= least))
        return hits

    def read(self, query: str, hits: Sequence[Hit], sizes: Sequence[int] = READ) -> list[Hit]:
        """The same hits, with the passages of their bodies and long notes that match a query best.

        `sizes` are how many of the first paper, of the second, ...; the last one is for all others, too.
        """
        return self._bodies.read(query, with_notes(self.library, query, hits), sizes)

    @property
    def _bodies(self) -> Bodies:
        return Bodies(self.library, FIRST_WEIGHTS)

    def newest(self, most: int, filters: Filters) -> list[Hit]:
        """The newest papers within the filters, for a query without a subject."""
        catalog = self.library.catalog
        papers = catalog.browse(most=most, filters=filters)
        spans = catalog.passages([paper.paper_id for paper in papers])
        return [Hit(paper, 1.0, spans[paper.paper_id][0]) for paper in papers if paper.paper_id in spans]

    def signals(
        self, query: str, k: int, filters: Filters = Filters()
    ) -> tuple[Signals, dict[str, int], dict[str, int]]:
        """The signals of the candidates for `k` places, the number of the best passage of each abstract,
        and of each body that matches better."""
        library, most = self.library, max(k, _CANDIDATES)
        vector, tokens = library.encode_query(query)
        selection = Selection(library.catalog, filters)
        lexical = dict(selection.best(library.lexical.search, query, max(k, _PAPERS)))
        passages = selection.best(library.dense.search, vector, max(_PASSAGES, _PER_PAPER * k))
        dense = best_passages(passages)
        signals = _merge(dense, lexical)
        in_bodies: dict[str, int] = {}
        if library.catalog.files.holds_bodies():
            found = self._bodies.search(query, vector, selection, max(_PASSAGES, _PER_PAPER * k))
            in_bodies = _raise(signals, self._bodies.best(found))
        first = fuse(signals, FIRST_WEIGHTS)
        candidates = sorted(signals, key=lambda paper_id: (-first[paper_id], paper_id))[:most]
        matches = library.tokens.match(tokens, candidates)
        least = Match(
            min((match.paper for match in matches.values()), default=0.0),
            min((match.passage for match in matches.values()), default=0.0),
            number=0,
        )
        numbers = {}
        for paper_id in candidates:  # one that another process has just added may lack a match
            match = matches.get(paper_id, least)
            signals[paper_id] |= {"token": match.paper, "passage": match.passage}
            numbers[paper_id] = match.number if paper_id in matches else dense.get(paper_id, (0, 0.0))[0]
        in_bodies = {paper_id: in_bodies[paper_id] for paper_id in candidates if paper_id in in_bodies}
        self._match_bodies(tokens, signals, dict(islice(in_bodies.items(), _MATCHED)))
        return {paper_id: signals[paper_id] for paper_id in candidates}, numbers, in_bodies

    def _match_bodies(self, tokens: Tokens, signals: Signals, numbers: Mapping[str, int]) -> None:
        """Compare these passages of bodies token by token; their vectors are not stored."""
        catalog = self.library.catalog
        spans = {id_: own for id_, own in catalog.files.passages(numbers).items() if own} if numbers else {}
        papers = catalog.whole_papers(spans) if spans else {}
        # Another process may have put a shorter body in the place of the one that was searched.
        passages = {id_: spans[id_][min(numbers[id_], len(spans[id_]) - 1)] for id_ in papers}
        texts = [embedded_text(papers[id_], passage) for id_, passage in passages.items()]
        for paper_id, match in zip(papers, self.library.tokens.match_texts(tokens, texts), strict=True):
            own = signals[paper_id]
            own |= {name: max(own[name], match - _MARGIN) for name in ("token", "passage")}


def _merge(dense: Mapping[str, tuple[int, float]], lexical: Mapping[str, float]) -> Signals:
    """The signals of the two searches. A paper that only one of them found gets the lowest cosine of the
    dense search, or BM25 0."""
    least = min((cosine for _, cosine in dense.values()), default=0.0)
    return {
        paper_id: {
            "dense": dense[paper_id][1] if paper_id in dense else least,
            "lexical": lexical.get(paper_id, 0.0),
        }
        for paper_id in dict.fromkeys([*dense, *lexical])
    }


def _raise(signals: Signals, in_bodies: Mapping[str, tuple[int, Likeness]]) -> dict[str, int]:
    """Give each paper the signals of its body where these are higher than those of its abstract.

    Returns the number of the best passage of each body that matches better than its abstract as a whole.
    """
    least = min((own["dense"] for own in signals.values()), default=0.0)
    before, better = fuse(signals, FIRST_WEIGHTS), {}
    for paper_id, (number, likeness) in in_bodies.items():
        own = signals.setdefault(paper_id, {"dense": least, "lexical": 0.0})
        of_body = {"dense": likeness.dense - _MARGIN, "lexical": likeness.lexical - _MARGIN}
        if fuse({paper_id: of_body}, FIRST_WEIGHTS)[paper_id] > before.get(paper_id, -1.0):
            better[paper_id] = number
        own |= {name: max(own[name], value) for name, value in of_body.items()}
    return better


def fuse_rankings(rankings: Sequence[Sequence[Hit]]) -> Fused:
    """One ranking of several, by the sum of reciprocal ranks (Cormack, Clarke and Buettcher, 2009).

    Its scores are shares of what a paper gets that is first in all; a single ranking keeps its own.
    """
    shares: dict[str, list[float]] = {}
    best: dict[str, Hit] = {}
    related: set[str] = set()
    for hits in rankings:
        least = _RELATED * max((hit.score for hit in hits), default=0.0)
        for rank, hit in enumerate(hits, start=1):
            paper_id = hit.paper.paper_id
            shares.setdefault(paper_id, []).append((_RANK + 1) / (_RANK + rank))
            best[paper_id] = max(best.get(paper_id, hit), hit, key=lambda known: known.score)
            related |= {paper_id} if hit.score >= least else set()
    if len(rankings) == 1:
        return Fused(rankings[0], frozenset(related))
    # `fsum` is exact, so the order of the rankings does not matter.
    scores = {paper_id: fsum(of_paper) / len(rankings) for paper_id, of_paper in shares.items()}
    order = sorted(scores, key=lambda paper_id: (-scores[paper_id], paper_id))
    hits = [replace(best[paper_id], score=scores[paper_id]) for paper_id in order]
    return Fused(hits, frozenset(related))


def belonging(hits: Sequence[Hit]) -> Sequence[Hit]:
    """The hits that belong on a list: those that clearly match, or match nearly as well as the best one,
    as no paper scores high for a long question."""
    least = min(_BELONGS, _BELONGS_LEAST + _BELONGS_SHARE * hits[0].score) if hits else 0.0
    return [hit for hit in hits if hit.score >= least]


def best_passages(passages: Iterable[tuple[str, int, float]]) -> dict[str, tuple[int, float]]:
    """The number of the best passage of each paper, with its score."""
    best: dict[str, tuple[int, float]] = {}
    for paper_id, number, score in passages:
        if paper_id not in best or score > best[paper_id][1]:
            best[paper_id] = number, score
    return best


def fuse(signals: Signals, weights: Mapping[str, float]) -> dict[str, float]:
    """One score in [0, 1] per paper: the weighted sum of its signals, with negative ones as 0."""
    return {
        paper_id: sum(weight * max(row[name], 0.0) for name, weight in weights.items())
        for paper_id, row in signals.items()
    }

"""Finds passages in the bodies of papers, by meaning and by words."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

from rag.embedding.base import Vectors
from rag.library import Library
from rag.library.selection import Selection
from rag.types import Filters, Hit, Paper, Passage

_READ, _READ_OF_PAPER, _READ_AT_LEAST = 24, 8, 2  # passages that are read: in all, of a paper
_LOOKED_AT = 16  # passages of each paper that is read

Place = tuple[str, int]
"""A passage: the paper's id, and its number in the body."""


@dataclass(frozen=True)
class Likeness:
    """How well a passage matches a query: cosine, and BM25 as a share of the highest possible."""

    dense: float
    lexical: float


@dataclass(frozen=True)
class Bodies:
    """The bodies of a library."""

    library: Library
    weights: Mapping[str, float]  # of the two searches

    def search(self, query: str, vector: Vectors, selection: Selection, most: int) -> dict[Place, Likeness]:
        """The passages that each of the two searches finds, `most` at most by each.

        One that only one search finds gets the lowest cosine of the other, or BM25 0.
        """
        library = self.library
        dense = selection.best(library.body_dense.search, vector, most)
        lexical = selection.best(library.body_words.passages, query, most)
        cosines = {(paper_id, number): cosine for paper_id, number, cosine in dense}
        words = {(paper_id, number): score for paper_id, number, score in lexical}
        least = min(cosines.values(), default=0.0)
        places = dict.fromkeys([*cosines, *words])
        return {place: Likeness(cosines.get(place, least), words.get(place, 0.0)) for place in places}

    def best(self, found: Mapping[Place, Likeness]) -> dict[str, tuple[int, Likeness]]:
        """The best passage of each paper: its number and likeness, by paper id."""
        best: dict[str, tuple[int, Likeness]] = {}
        for (paper_id, number), likeness in sorted(found.items()):
            if paper_id not in best or self._score(likeness) > self._score(best[paper_id][1]):
                best[paper_id] = number, likeness
        return best

    def read(self, query: str, hits: Sequence[Hit]) -> list[Hit]:
        """The same hits; those with a body get it, and the passages of it that match a query best.

        These are the best passages of all bodies, and some of each, in their order.
        """
        catalog = self.library.catalog
        papers = catalog.with_bodies([hit.paper for hit in hits])
        ids = [paper.paper_id for paper in papers if paper.body]
        if not ids:
            return list(hits)
        vector, _ = self.library.encode_query(query)
        selection = Selection(catalog, Filters(papers=tuple(ids)))
        chosen = self._chosen(self.search(query, vector, selection, _LOOKED_AT * len(ids)))
        spans = catalog.files.passages(ids)
        return [
            replace(hit, paper=_with_excerpts(paper, spans, chosen))
            for hit, paper in zip(hits, papers, strict=True)
        ]

    def _chosen(self, found: Mapping[Place, Likeness]) -> set[Place]:
        """The places of the passages to read."""
        ranked = sorted(found, key=lambda place: (-self._score(found[place]), place))
        of_papers: dict[str, list[Place]] = {}
        for place in ranked:
            of_papers.setdefault(place[0], []).append(place)
        firsts = {place for places in of_papers.values() for place in places[:_READ_AT_LEAST]}
        allowed = {place for places in of_papers.values() for place in places[:_READ_OF_PAPER]}
        rest = (place for place in ranked if place in allowed - firsts)
        return firsts.union(list(rest)[: max(0, _READ - len(firsts))])

    def _score(self, likeness: Likeness) -> float:
        return self.weights["dense"] * likeness.dense + self.weights["lexical"] * likeness.lexical


def _with_excerpts(
    paper: Paper, spans: Mapping[str, Sequence[Passage]], chosen: Collection[Place]
) -> Paper:
    passages = spans.get(paper.paper_id, ())
    return replace(
        paper,
        excerpts=tuple(
            passage for number, passage in enumerate(passages) if (paper.paper_id, number) in chosen
        ),
    )

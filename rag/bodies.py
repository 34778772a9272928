"""Finds passages in the bodies of papers, by meaning and by words."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from heapq import nlargest

from rag.embedding.base import Vectors
from rag.library import Library
from rag.library.selection import Selection
from rag.types import Filters, Hit, Passage

_READ = (12, 6, 3, 2, 1)  # passages that are read of the first paper, the second, ...
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

        The first hits have most of them.
        """
        catalog = self.library.catalog
        papers = catalog.with_bodies([hit.paper for hit in hits])
        ids = [paper.paper_id for paper in papers if paper.body]
        if not ids:
            return list(hits)
        vector, _ = self.library.encode_query(query)
        selection = Selection(catalog, Filters(papers=tuple(ids)))
        found = self.search(query, vector, selection, _LOOKED_AT * len(ids))
        passages = self._closest(found, ids)
        return [
            replace(hit, paper=replace(paper, excerpts=passages.get(paper.paper_id, ())))
            for hit, paper in zip(hits, papers, strict=True)
        ]

    def _closest(
        self, found: Mapping[Place, Likeness], ids: Sequence[str]
    ) -> dict[str, tuple[Passage, ...]]:
        """The passages to read of each of these papers, in their order, by paper id."""
        passages = self.library.catalog.files.passages(ids)
        closest = {}
        for rank, paper_id in enumerate(ids):
            of_paper = dict(enumerate(passages.get(paper_id, ())))
            scores = {
                number: self._score(found[paper_id, number])
                for number in of_paper
                if (paper_id, number) in found
            }
            numbers = nlargest(_READ[min(rank, len(_READ) - 1)], scores, key=lambda number: scores[number])
            closest[paper_id] = tuple(of_paper[number] for number in sorted(numbers))
        return closest

    def _score(self, likeness: Likeness) -> float:
        return self.weights["dense"] * likeness.dense + self.weights["lexical"] * likeness.lexical

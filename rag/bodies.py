"""Finds passages in the bodies of papers, by meaning and by words."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from heapq import nlargest

from rag.embedding.base import Vectors
from rag.library import Library
from rag.library.selection import Selection
from rag.types import Filters, Hit, Passage

READ = (12, 6, 3, 2, 1)
"""How many passages are read of the first paper, the second, ...; the last one is for all others, too."""
_LOOKED_AT = 64  # passages of each paper that is read

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

    def read(self, query: str, hits: Sequence[Hit], sizes: Sequence[int] = READ) -> list[Hit]:
        """The same hits; those with a body get it, and the passages of it that are closest to a query.

        `sizes` are how many of the first paper, of the second, ...
        """
        catalog = self.library.catalog
        papers = catalog.with_bodies([hit.paper for hit in hits])
        ids = [paper.paper_id for paper in papers if paper.body]
        if not ids:
            return list(hits)
        vector, _ = self.library.encode_query(query)
        selection = Selection(catalog, Filters(papers=tuple(ids)))
        found = self.search(query, vector, selection, _LOOKED_AT * len(ids))
        passages = catalog.files.passages(ids)
        abstracts = self._abstracts(query, vector, selection, len(ids))
        read = []
        for hit, paper in zip(hits, papers, strict=True):
            if paper.body:
                size = sizes[min(ids.index(paper.paper_id), len(sizes) - 1)]
                closeness = self._closest(found, passages.get(paper.paper_id, ()), size)
                paper = replace(paper, excerpts=(*closeness, *paper.excerpts_of("note")))
                own = dict.fromkeys(paper.shown, abstracts.get(paper.paper_id, 0.0))
                hit = replace(hit, paper=paper, closeness=own | closeness)
            read.append(hit)
        return read

    def _closest(
        self, found: Mapping[Place, Likeness], passages: Sequence[Passage], size: int
    ) -> dict[Passage, float]:
        """The closest passages of a paper in their order, with their closeness."""
        scores = {
            passage: self._score(found[passage.paper_id, number])
            for number, passage in enumerate(passages)
            if (passage.paper_id, number) in found
        }
        closest = nlargest(size, scores, key=lambda passage: scores[passage])
        return {passage: scores[passage] for passage in scores if passage in closest}

    def _abstracts(
        self, query: str, vector: Vectors, selection: Selection, papers: int
    ) -> dict[str, float]:
        """The closeness of abstracts, by paper id."""
        library = self.library
        dense = selection.best(library.dense.search, vector, _LOOKED_AT * papers)
        words = dict(selection.best(library.lexical.search, query, papers))
        cosines = {paper_id: cosine for paper_id, _, cosine in reversed(dense)}  # the best one is the first
        return {
            paper_id: self._score(Likeness(cosine, words.get(paper_id, 0.0)))
            for paper_id, cosine in cosines.items()
        }

    def _score(self, likeness: Likeness) -> float:
        return self.weights["dense"] * likeness.dense + self.weights["lexical"] * likeness.lexical

"""Where the papers of an answer stand: what scoring asks of a catalog, or of a reply's own sources."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Protocol

from rag.identity import reference_keys
from rag.types import Paper


class Shelf(Protocol):
    """Papers by their ids, and ids by whatever names a paper. A catalog is one."""

    def find(self, references: Sequence[str]) -> Mapping[str, str]:
        """The ids of those references (ids, arXiv ids, DOIs, titles) that are known."""
        ...

    def papers(self, paper_ids: Sequence[str]) -> Mapping[str, Paper]:
        """Those of the papers that are known, by id."""
        ...


class Papers:
    """A shelf of these papers; of what it does not hold it asks `otherwise`, where there is one."""

    def __init__(self, papers: Iterable[Paper], otherwise: Shelf | None = None) -> None:
        self._papers = {paper.paper_id: paper for paper in papers}
        self._ids = {key: id_ for id_, paper in self._papers.items() for key in (id_, *paper.keys)}
        self._otherwise = otherwise

    def find(self, references: Sequence[str]) -> dict[str, str]:
        known = [
            (reference, self._ids[key])
            for reference in references
            for key in reference_keys(reference)[::-1]  # the most telling last, so that it stays
            if key in self._ids
        ]
        found = dict(known)
        if self._otherwise:
            found = dict(self._otherwise.find([each for each in references if each not in found])) | found
        return found

    def papers(self, paper_ids: Sequence[str]) -> dict[str, Paper]:
        found = {id_: self._papers[id_] for id_ in paper_ids if id_ in self._papers}
        if self._otherwise:
            found |= self._otherwise.papers([id_ for id_ in paper_ids if id_ not in found])
        return found

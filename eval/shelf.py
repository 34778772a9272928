"""Looks up papers for scoring: in a catalog, or among the sources of a reply."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Protocol

from rag.identity import reference_keys
from rag.types import Paper

_BETWEEN = "\n\n"  # pieces of one paper


class Shelf(Protocol):
    """Finds papers by id, and ids by title or other names. A catalog is a shelf."""

    def find(self, references: Sequence[str]) -> Mapping[str, str]:
        """The ids of the references (ids, arXiv ids, DOIs, titles) that are known."""
        ...

    def papers(self, paper_ids: Sequence[str]) -> Mapping[str, Paper]:
        """The known papers, by id."""
        ...

    def whole_papers(self, paper_ids: Sequence[str]) -> Mapping[str, Paper]:
        """The known papers with their bodies, by id."""
        ...


class Papers:
    """A shelf of the given papers, the `own` ones; `otherwise`, if given, is the shelf for all others.

    Papers with the same id are pieces of one paper, whose text is that of the pieces, each once, in order.
    """

    def __init__(self, papers: Iterable[Paper], otherwise: Shelf | None = None) -> None:
        pieces: dict[str, dict[str, Paper]] = {}
        self._ids: dict[str, str] = {}
        for paper in papers:
            pieces.setdefault(paper.paper_id, {}).setdefault(paper.abstract, paper)
            self._ids |= dict.fromkeys((paper.paper_id, *paper.keys), paper.paper_id)
        self._papers = {id_: _joined(list(several.values())) for id_, several in pieces.items()}
        self.own = tuple(self._papers.values())
        self._otherwise = otherwise

    def find(self, references: Sequence[str]) -> dict[str, str]:
        known = [
            (reference, self._ids[key])
            for reference in references
            for key in reference_keys(reference)[::-1]  # the most specific one last, so that it wins
            if key in self._ids
        ]
        ids = dict(known)
        if self._otherwise:
            ids |= self._otherwise.find([reference for reference in references if reference not in ids])
        return ids

    def papers(self, paper_ids: Sequence[str]) -> dict[str, Paper]:
        papers = {id_: self._papers[id_] for id_ in paper_ids if id_ in self._papers}
        if self._otherwise:
            papers |= self._otherwise.papers([id_ for id_ in paper_ids if id_ not in papers])
        return papers

    def whole_papers(self, paper_ids: Sequence[str]) -> dict[str, Paper]:
        papers = self.papers([id_ for id_ in paper_ids if id_ in self._papers])
        if self._otherwise:
            papers |= self._otherwise.whole_papers([id_ for id_ in paper_ids if id_ not in papers])
        return papers


def _joined(pieces: Sequence[Paper]) -> Paper:
    return replace(pieces[0], abstract=_BETWEEN.join(piece.abstract for piece in pieces))

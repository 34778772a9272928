"""Where scoring looks up papers: in a catalog, or among the sources that a reply brings."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from itertools import accumulate
from typing import Protocol

from rag.identity import reference_keys
from rag.types import Citation, Paper, Span

_BETWEEN = "\n\n"  # pieces of one paper


class Shelf(Protocol):
    """Papers by their ids, and ids by whatever names a paper. A catalog is one."""

    def find(self, references: Sequence[str]) -> Mapping[str, str]:
        """The ids of the references (ids, arXiv ids, DOIs, titles) that are known."""
        ...

    def papers(self, paper_ids: Sequence[str]) -> Mapping[str, Paper]:
        """The known papers, by id."""
        ...


class Papers:
    """A shelf of the given papers; for all others it asks `otherwise`, where there is one.

    Papers with the same id are pieces of one paper, whose text is theirs, each once, in their order.
    """

    def __init__(self, papers: Iterable[Paper], otherwise: Shelf | None = None) -> None:
        pieces: dict[str, dict[str, Paper]] = {}
        self._ids: dict[str, str] = {}
        for paper in papers:
            pieces.setdefault(paper.paper_id, {}).setdefault(paper.abstract, paper)
            self._ids |= dict.fromkeys((paper.paper_id, *paper.keys), paper.paper_id)
        self._papers = {id_: _joined(list(several.values())) for id_, several in pieces.items()}
        self._places = {id_: _places(several) for id_, several in pieces.items()}
        self.pieces = tuple(piece for several in pieces.values() for piece in several.values())
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

    def place(self, piece: Paper) -> int:
        """The offset of a piece in the text of its paper. Raises KeyError."""
        return self._places[piece.paper_id][piece.abstract]

    def piece(self, citation: Citation) -> Span | None:
        """The piece of its paper that a quote begins in; None for a paper that has no pieces here."""
        places = self._places.get(citation.paper_id, {})
        spans = ((start, start + len(text)) for text, start in places.items())
        return next(((a, b) for a, b in spans if a <= citation.start < b), None)


def _joined(pieces: Sequence[Paper]) -> Paper:
    return replace(pieces[0], abstract=_BETWEEN.join(piece.abstract for piece in pieces))


def _places(texts: Iterable[str]) -> dict[str, int]:
    """Each text with its place where they are joined."""
    listed = list(texts)
    ends = accumulate(len(text) + len(_BETWEEN) for text in listed)
    return dict(zip(listed, [0, *ends], strict=False))

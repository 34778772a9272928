"""Chooses what is read of a long note: the passages of it that are nearest to a question."""

from collections.abc import Sequence
from dataclasses import replace

from rag.library import Library
from rag.types import Filters, Hit, Passage

_LOOKED_AT = 64  # passages of each paper
_READ = 8  # passages of a note


def with_notes(library: Library, query: str, hits: Sequence[Hit]) -> list[Hit]:
    """The same hits; of a long note the passages are among the excerpts that are nearest to a query."""
    ids = tuple(hit.paper.paper_id for hit in hits if hit.paper.has_long_note)
    if not ids:
        return list(hits)
    vector, _ = library.encode_query(query)
    passages = library.catalog.passages(ids)
    nearest: dict[str, list[Passage]] = {paper_id: [] for paper_id in ids}
    for paper_id, number, _ in library.dense.search(vector, _LOOKED_AT * len(ids), Filters(papers=ids)):
        own = passages.get(paper_id, ())[number : number + 1]  # another process may have shortened it
        nearest[paper_id] += [passage for passage in own if passage.part == "note"]
    return [_with(hit, nearest.get(hit.paper.paper_id, ())[:_READ]) for hit in hits]


def _with(hit: Hit, passages: Sequence[Passage]) -> Hit:
    in_order = sorted(passages, key=lambda passage: passage.start)
    return replace(hit, paper=replace(hit.paper, excerpts=(*hit.paper.excerpts, *in_order)))

"""Compares the indexes with the catalog, paper by paper."""

from collections.abc import Iterator, Sequence
from itertools import chain

from rag.library.catalog import Catalog, Change, Index
from rag.library.progress import Track, untracked

_AT_A_TIME = 250  # papers, with their whole texts


def disagreements(catalog: Catalog, indexes: Sequence[Index], track: Track = untracked) -> Iterator[str]:
    """In words, every paper that an index lacks, holds in another state, or holds without need.

    Takes a few hundred bytes of memory per paper and index.
    """
    held = {index.name: index.held(track) for index in indexes}
    papers = track(_papers(catalog), "comparing papers", catalog.count())
    for change in chain.from_iterable(papers):
        for index in indexes:
            wanted, indexed = index.wanted(change), held[index.name].pop(change.paper_id, None)
            if wanted == indexed:
                continue
            if indexed is None:
                yield f"{change.paper_id}: missing in {index.name}"
            elif wanted is not None:
                yield f"{change.paper_id}: not as in the catalog in {index.name}"
            else:
                yield f"{change.paper_id}: left over in {index.name}"
    for index in indexes:
        yield from (f"{paper_id}: left over in {index.name}" for paper_id in sorted(held[index.name]))


def _papers(catalog: Catalog) -> Iterator[list[Change]]:
    start = 0
    while changes := catalog.changes_after(start, _AT_A_TIME):
        yield catalog.with_text([change for change in changes if change.paper])
        start = changes[-1].sequence

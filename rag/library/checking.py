"""Whether the indexes hold what the catalog says, paper by paper and to the letter."""

from collections.abc import Iterator, Sequence
from itertools import chain
from typing import Protocol

from rag.library.catalog import Catalog, Change
from rag.library.progress import Track, untracked

_AT_A_TIME = 1000  # papers


class VerifiableIndex(Protocol):
    """An index that can tell what it holds of each paper."""

    @property
    def name(self) -> str: ...
    def held(self, track: Track = untracked) -> dict[str, str]:
        """What the index holds of each paper, in as few characters as tell it from anything else."""
        ...

    def wanted(self, change: Change) -> str | None:
        """What it should hold of a paper; None where that is nothing."""
        ...


def disagreements(
    catalog: Catalog, indexes: Sequence[VerifiableIndex], track: Track = untracked
) -> Iterator[str]:
    """Every paper that an index lacks, holds otherwise than the catalog, or holds beyond it; in words.

    Takes a few hundred bytes a paper and index.
    """
    held = {index.name: index.held(track) for index in indexes}
    papers = track(_papers(catalog), "comparing papers", catalog.count())
    for change in chain.from_iterable(papers):
        for index in indexes:
            wanted, found = index.wanted(change), held[index.name].pop(change.paper_id, None)
            if wanted == found:
                continue
            if found is None:
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
        yield [change for change in changes if change.paper]
        start = changes[-1].sequence

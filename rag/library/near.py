"""Papers whose titles are nearly the same: perhaps one paper, which is for their reader to say."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from rapidfuzz import fuzz

from rag.library.catalog import Catalog, Change
from rag.library.lexical import LexicalIndex
from rag.types import Filters

_NEAREST = 5  # papers, by the words of the title; one of them is the paper itself
_ALIKE = 90.0  # of 100 characters that two titles share in their order
_LEAST_WORDS = 4  # of a title that is the other's without its subtitle
AT_A_TIME = 256  # papers


@dataclass(frozen=True)
class NearDuplicate:
    """Two papers whose titles are nearly the same; the first came, or was changed, later."""

    paper_id: str
    title: str
    other_id: str
    other_title: str


def near_duplicates(
    catalog: Catalog, lexical: LexicalIndex, batches: Iterable[Sequence[Change]]
) -> Iterator[NearDuplicate]:
    """The pairs of near titles of which one is of a paper in these batches, and the other of one before it.

    Those that the lexical index finds by a title are compared with it letter by letter (Indel similarity,
    rapidfuzz). Titles whose digits differ, as those of two years of one workshop do, are not near.
    """
    for changes in batches:
        yield from _near(catalog, lexical, [change for change in changes if change.paper])


def _near(catalog: Catalog, lexical: LexicalIndex, changes: Sequence[Change]) -> Iterator[NearDuplicate]:
    alike = {
        change.paper_id: [id_ for id_, _ in lexical.search(change.paper.title, _NEAREST, Filters())]
        for change in changes
        if change.paper
    }
    nearest = {paper_id for ids in alike.values() for paper_id in ids}
    papers, sequences = catalog.papers(nearest), catalog.sequences(nearest)
    for change in changes:
        for other_id in alike[change.paper_id]:
            other = papers.get(other_id)
            is_earlier = sequences.get(other_id, change.sequence) < change.sequence
            if change.paper and other and is_earlier and are_near(change.paper.title, other.title):
                yield NearDuplicate(change.paper_id, change.paper.title, other_id, other.title)


def are_near(one: str, other: str) -> bool:
    """Whether two titles are nearly, or entirely, the same."""
    titles = _spelled(one), _spelled(other)
    if re.findall(r"\d+", titles[0]) != re.findall(r"\d+", titles[1]):
        return False
    return fuzz.ratio(*titles) >= _ALIKE or _is_without_subtitle(one, other)


def _is_without_subtitle(one: str, other: str) -> bool:
    """Whether one title is the other without what follows its colon."""
    short, long = sorted((one, other), key=len)
    main, colon, _ = long.partition(":")
    return bool(colon) and _spelled(main) == _spelled(short) and len(short.split()) >= _LEAST_WORDS


def _spelled(title: str) -> str:
    """Words in lower case with one space between them."""
    return " ".join(re.findall(r"\w+", title.casefold()))

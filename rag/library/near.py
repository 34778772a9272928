"""Papers with nearly the same title: perhaps one paper, which the user has to decide."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain

from rapidfuzz import fuzz

from rag.library.catalog import Catalog, Change
from rag.library.lexical import LexicalIndex
from rag.types import Filters

_NEAREST = 5  # candidates; one of them is the paper itself
_ALIKE = 90.0  # percent of the characters that two titles share, in order
_LEAST_WORDS = 4  # of a title that equals another without its subtitle
AT_A_TIME = 256  # papers


@dataclass(frozen=True)
class NearDuplicate:
    """Two papers with nearly the same title; the first was added or changed later."""

    paper_id: str
    title: str
    other_id: str
    other_title: str


def near_duplicates(
    catalog: Catalog, lexical: LexicalIndex, batches: Iterable[Sequence[Change]]
) -> Iterator[NearDuplicate]:
    """Pairs of nearly equal titles: one of a paper in these batches, the other of one that changed before.

    The lexical index finds candidates, whose letters are then compared (Indel similarity, rapidfuzz).
    Titles with different digits, such as those of two years of one workshop, are not near.
    """
    for changes in batches:
        changed = [(change.sequence, change.paper) for change in changes if change.paper]
        candidates = [
            [paper_id for paper_id, _ in lexical.search(paper.title, _NEAREST, Filters())]
            for _, paper in changed
        ]
        ids = set(chain.from_iterable(candidates))
        papers, sequences = catalog.papers(ids), catalog.sequences(ids)
        for (sequence, paper), other_ids in zip(changed, candidates, strict=True):
            for other in (papers[other_id] for other_id in other_ids if other_id in papers):
                is_earlier = sequences.get(other.paper_id, sequence) < sequence
                if is_earlier and are_near(paper.title, other.title):
                    yield NearDuplicate(paper.paper_id, paper.title, other.paper_id, other.title)


def are_near(one: str, other: str) -> bool:
    """Whether two titles are nearly, or entirely, the same."""
    titles = spelled(one), spelled(other)
    if re.findall(r"\d+", titles[0]) != re.findall(r"\d+", titles[1]):
        return False
    return fuzz.ratio(*titles) >= _ALIKE or _is_without_subtitle(one, other)


def _is_without_subtitle(one: str, other: str) -> bool:
    """Whether one title is the other up to its colon."""
    short, long = sorted((one, other), key=len)
    main, colon, _ = long.partition(":")
    return bool(colon) and spelled(main) == spelled(short) and len(short.split()) >= _LEAST_WORDS


def spelled(title: str) -> str:
    """Words in lower case with one space between them."""
    return " ".join(re.findall(r"\w+", title.casefold()))

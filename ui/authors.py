"""Names of authors in short."""

from collections.abc import Sequence

from rag.plain import cut, in_a_line
from rag.types import Paper

_LONGEST = 30  # characters in a line
_NAMED = 2  # authors; of more, only the first is named


def in_short(authors: Sequence[str], count: int | None = None) -> str:
    """“Last”, “Last and Last” or “Last et al.”; `count`: of all authors, where `authors` lacks some."""
    names = [_family_name(name) for name in authors if name.strip()]
    if names and max(len(names), count or 0) > min(len(names), _NAMED):
        return f"{names[0]} et al."
    return " and ".join(names)


def in_a_cell(paper: Paper) -> str:
    """The authors of a paper in at most 30 characters, for a list."""
    return cut(in_a_line(in_short(paper.authors, paper.author_count)), _LONGEST)


def _family_name(name: str) -> str:
    """The last word with the lower-case ones before it ("van den Berg"), or the words before a comma."""
    if "," in name:
        return name.partition(",")[0].strip()
    words = name.split()
    first = len(words) - 1
    while first > 1 and words[first - 1].islower():
        first -= 1
    return " ".join(words[first:])

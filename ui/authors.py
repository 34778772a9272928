"""Names of authors in short."""

from collections.abc import Mapping, Sequence

from ingest.exports.items import author_names, name_parts, text_in
from rag.plain import cut, in_a_line
from rag.types import Paper

_LONGEST = 30  # characters in a line
_NAMED = 2  # authors; of more, only the first is named


def in_short(authors: Sequence[str], count: int | None = None) -> str:
    """“Last”, “Last and Last” or “Last et al.”; `count`: of all authors, where `authors` lacks some."""
    return _joined([_guessed(name) for name in authors if name.strip()], count)


def of_paper(paper: Paper) -> str:
    """The authors of a paper in short, by the family names that its source gives, if it does."""
    return _joined([_family(parts) for parts in author_names(paper)], paper.author_count)


def in_a_cell(paper: Paper) -> str:
    """The authors of a paper in at most 30 characters, for a list."""
    return cut(in_a_line(of_paper(paper)), _LONGEST)


def _joined(names: Sequence[str], count: int | None) -> str:
    if names and max(len(names), count or 0) > min(len(names), _NAMED):
        return f"{names[0]} et al."
    return " and ".join(names)


def _guessed(name: str) -> str:
    """The words before a comma, or else the last word with the lower-case ones before it."""
    return name.partition(",")[0].strip() if "," in name else _family(name_parts(name))


def _family(parts: Mapping[str, str]) -> str:
    """The family name with its particle ("van den Berg"); that of a group is whole."""
    if not (family := text_in(parts, "family")):
        return text_in(parts, "literal") or text_in(parts, "name") or text_in(parts, "given")
    return " ".join(filter(None, (text_in(parts, "non-dropping-particle"), family)))

"""What the record of a paper says of who wrote it, when and where, as one line that answers can quote."""

from collections.abc import Iterator, Mapping
from typing import Any, Protocol

from rag.months import in_words
from rag.plain import enumeration, in_a_line

_MOST_NAMES = 12
_LONGEST = 300  # characters of a name, a journal, a number
_DETAILS = {"publisher": "publisher", "genre": "type", "ISBN": "ISBN", "ISSN": "ISSN"}


class Record(Protocol):
    """What a record is made of; a `Paper` has it."""

    @property
    def authors(self) -> tuple[str, ...]: ...
    @property
    def author_count(self) -> int | None: ...
    @property
    def published(self) -> str | None: ...
    @property
    def organization(self) -> str | None: ...
    @property
    def doi(self) -> str | None: ...
    @property
    def arxiv_id(self) -> str | None: ...
    @property
    def retracted(self) -> str | None: ...
    @property
    def csl(self) -> Mapping[str, Any]: ...


def record_text(paper: Record) -> str:
    """The record in one line; empty where a paper has nothing but its texts.

    "Written by A. Author, B. Builder and 3 others (5 authors); published 3 May 2021 in Journal of Owls
    12(3), pp. 45–67; DOI 10.1000/xyz."
    """
    parts = filter(None, (_authors(paper), _publication(paper), *_details(paper)))
    line = "; ".join(parts)
    return f"{line[0].upper()}{line[1:]}." if line else ""


def _authors(paper: Record) -> str:
    """Who wrote a paper, as far as that is known."""
    names = [name for name in map(_short, paper.authors[:_MOST_NAMES]) if name]
    total = paper.author_count and max(paper.author_count, len(paper.authors))
    count = f"{total:,} author{'' if total == 1 else 's'}" if total else ""
    if not names:
        return f"written by {count}" if count else ""
    others = (total or 0) - len(names)
    if others > 0:
        names.append(f"{others:,} other{'' if others == 1 else 's'}")
    elif not total:  # a source that names some of them
        names.append("others")
    text = f"written by {enumeration(names, 'and')}"
    return f"{text} ({count})" if count else text


def _publication(paper: Record) -> str:
    """When and where it was published, with the pages."""
    venue = " ".join(filter(None, (_venue(paper.csl), _number(paper.csl))))
    date = in_words(paper.published) if paper.published else ""
    published = " ".join(filter(None, (date, f"in {venue}" if venue else "")))
    page = _short(paper.csl.get("page"))
    pages = f"{'pp.' if any(dash in page for dash in '-–,') else 'p.'} {page}" if page else ""
    return ", ".join(filter(None, (f"published {published}" if published else "", pages)))


def _venue(csl: Mapping[str, Any]) -> str:
    return _short(csl.get("container-title")) or _short(csl.get("event-title"))


def _number(csl: Mapping[str, Any]) -> str:
    issue = _short(csl.get("issue"))
    return _short(csl.get("volume")) + (f"({issue})" if issue else "")


def _details(paper: Record) -> Iterator[str]:
    if paper.organization:
        yield f"from {_short(paper.organization)}"
    for name, what in _DETAILS.items():
        if value := _short(paper.csl.get(name)):
            yield f"{what} {value}"
    if paper.doi:
        yield f"DOI {_short(paper.doi)}"
    if paper.arxiv_id:
        yield f"arXiv {_short(paper.arxiv_id)}"
    if paper.retracted:
        yield f"retracted ({_short(paper.retracted)})"


def _short(value: object) -> str:
    """A text or number in one line; "" for anything else and for what is too long to be one."""
    if isinstance(value, list) and value:
        value = value[0]  # some sources give a list of one
    is_text = isinstance(value, str | int | float) and not isinstance(value, bool)
    text = in_a_line(str(value)) if is_text else ""
    return text if len(text) <= _LONGEST else ""

"""Saved search results of Hugging Face's Daily Papers, as text.

Two layouts. Detailed: title, abstract, then any of organisation, "• 10 authors", "·" and a date.
Bare: a title line, an abstract line, and so on.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date
from enum import Enum
from itertools import groupby
from typing import Any

from ingest.sources.base import LONGEST_ABSTRACT, Entry, Rejection
from rag.identity import normalise_title
from rag.months import MONTHS, month_number
from rag.types import Paper

_BEFORE_BUTTON = "Get trending papers in your email inbox!"
_BUTTON = "Subscribe"  # the bare layout glues the first title to it
_CHROME = {
    "new",
    "Daily Papers",
    "byAK and the research community",
    "Get trending papers in your email inbox once a day!",
    _BEFORE_BUTTON,
    _BUTTON,
}
_AUTHORS = re.compile(r"•\s*(\d{1,6}) authors?")
# "Sep 27, 2024", "Jan 23", and either with the count of upvotes behind it.
_DATE = re.compile(rf"({'|'.join(MONTHS).title()}) (\d{{1,2}})(?:, (\d{{4}}))?(?: \d+)?")
# On the five pages titles have 17 to 134 characters and abstracts 507 to 1,916.
_LONGEST_TITLE = 300
_SHORTEST_SURE_ABSTRACT = 200
_LONGEST_ORGANIZATION = 80


class _Kind(Enum):
    TEXT = "text"
    AUTHORS = "authors"
    DOT = "dot"
    DATE = "date"


@dataclass(frozen=True)
class _PageLine:
    number: int  # from 1
    text: str
    kind: _Kind
    follows_blank: bool

    @property
    def is_surely_abstract(self) -> bool:
        return len(self.text) >= _SHORTEST_SURE_ABSTRACT


def read_saved_page(text: str, source: str, saved: date | None) -> Iterator[Entry]:
    """The papers of a saved page with their details, and rejections with their lines.

    `saved` is the day on which the page was saved. It gives the year to dates that show none; without it
    such a paper has no date.
    """
    if not is_saved_page(text):
        yield Rejection(source, None, "not a saved page of Hugging Face's Daily Papers")
        return
    lines = _classify(text)
    texts: list[_PageLine] = []
    for is_text, group in groupby(lines, key=lambda line: line.kind is _Kind.TEXT):
        if is_text:
            texts = list(group)
        else:
            yield from _entries(texts, list(group), source, saved)
            texts = []
    yield from _entries(texts, [], source, saved)


def _classify(text: str) -> Iterator[_PageLine]:
    """The lines with content, without blank ones and the page's own captions."""
    follows_blank, previous = True, ""
    for number, raw in enumerate(text.split("\n"), start=1):
        line = raw.strip()
        if not line:
            follows_blank = True
            continue
        if previous == _BEFORE_BUTTON:
            line = line.removeprefix(_BUTTON)
        kind = _kind(line, previous)
        is_page_date = kind is _Kind.TEXT and _DATE.fullmatch(line)
        if line and line not in _CHROME and not is_page_date:
            yield _PageLine(number, line, kind, follows_blank)
        follows_blank, previous = False, line


def _kind(line: str, previous: str) -> _Kind:
    if line == "·":
        return _Kind.DOT
    if _AUTHORS.fullmatch(line):
        return _Kind.AUTHORS
    return _Kind.DATE if previous == "·" and _DATE.fullmatch(line) else _Kind.TEXT


def is_saved_page(text: str) -> bool:
    """Whether this is such a page. Without captions or details, titles and abstracts must alternate."""
    if _BEFORE_BUTTON in text:
        return True
    has_details = "•" in text or "·" in text  # without either, no line can be a detail
    if has_details and any(line.kind in (_Kind.AUTHORS, _Kind.DATE) for line in _classify(text)):
        return True
    position = -1
    for position, line in enumerate(_classify(text)):
        if line.is_surely_abstract != bool(position % 2) or "\t" in line.text:
            return False
    return position >= 0


def _entries(
    texts: list[_PageLine], details: list[_PageLine], source: str, saved: date | None
) -> Iterator[Entry]:
    """The entries of a run of text lines; the details behind the run belong to its last entry."""
    organization = None
    if details and texts and _is_organization(texts[-1], details[0]):
        organization = texts.pop().text.partition(" ")
    if details and not texts:
        yield Rejection(source, details[0].number, "authors or a date without a paper")
    entries = list(_pair(texts, source))
    for position, entry in enumerate(entries):
        if isinstance(entry, Paper) and position == len(entries) - 1:
            name = organization and (organization[2] or organization[0]).strip()
            entry = replace(entry, organization=name, **_read_details(details, saved))
        yield entry


def _is_organization(line: _PageLine, detail: _PageLine) -> bool:
    """Whether a line is "handle Display Name", which no blank line parts from the details behind it."""
    return (
        not detail.follows_blank and len(line.text) <= _LONGEST_ORGANIZATION and not line.text.endswith(".")
    )


def _pair(texts: list[_PageLine], source: str) -> Iterator[Entry]:
    """Titles with their abstracts; a line without a partner is rejected."""
    position = 0
    while position < len(texts):
        line, following = texts[position], texts[position + 1 : position + 3]
        position += 1
        if len(line.text) > _LONGEST_TITLE:
            yield Rejection(source, line.number, "an abstract without a title")
        elif not following or _is_title_of(following):
            yield Rejection(source, line.number, f"no abstract: {line.text[:60]}")
        elif not normalise_title(line.text):
            yield Rejection(source, line.number, f"a title without a letter: {line.text[:60]}")
            position += 1
        elif len(following[0].text) > LONGEST_ABSTRACT:
            yield Rejection(source, line.number, f"too long for an abstract: {line.text[:60]}")
            position += 1
        else:
            yield Paper(title=line.text, abstract=following[0].text)
            position += 1


def _is_title_of(following: list[_PageLine]) -> bool:
    """Whether the first of two lines is the title of the second, so not an abstract itself."""
    return (
        len(following) == 2
        and following[1].is_surely_abstract
        and not following[0].is_surely_abstract
        and not following[0].text.endswith(".")
    )


def _read_details(details: list[_PageLine], saved: date | None) -> dict[str, Any]:
    """Number of authors and date; None for what the page does not give."""
    values: dict[str, Any] = {"author_count": None, "published": None}
    for line in details:
        if authors := _AUTHORS.fullmatch(line.text):
            values["author_count"] = int(authors[1])
        elif shown := _DATE.fullmatch(line.text):
            month, day, year = shown.groups()
            values["published"] = _date(month, day, year, saved)
    return values


def _date(month: str, day: str, year: str | None, saved: date | None) -> str | None:
    """YYYY-MM-DD; None for a day that does not exist or has no known year."""
    if not year and not saved:
        return None
    try:
        in_year = int(year) if year else saved.year  # type: ignore[union-attr]
        return date(in_year, month_number(month) or 0, int(day)).isoformat()
    except ValueError:
        return None

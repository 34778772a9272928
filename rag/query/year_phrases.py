"""Phrases that speak of years, whatever they are about: "since 2021", "the last two years"."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from typing import Literal

from rag.types import Span

Bounds = tuple[int | None, int | None]
"""The first and the last year, both included; an open end is None."""

Attachment = Literal["noun", "range", "clause", "since", "own"]
"""What such words cling to: the noun before them ("papers from 2021"), that noun or the clause
("from 2019 to 2021"), the clause ("in 2021"), hardly anything but it ("since 2021"), or the noun
behind them ("2021 papers")."""


@dataclass(frozen=True)
class YearPhrase:
    """Where it stands, what it says (None: no range of years), and what it clings to."""

    span: Span
    bounds: Bounds | None
    attachment: Attachment


@dataclass(frozen=True)
class _Time:
    """A year or a decade; `is_part`: a piece of a year, such as a month."""

    first: int
    last: int
    is_part: bool = False


_EARLIEST = 1900  # no paper is searched for by an earlier year
_PART = (
    r"(?:(?:early|mid|late|spring|summer|autumn|fall|winter|q[1-4]|january|february|march|april|may|june|"
    r"july|august|september|october|november|december|jan|feb|mar|apr|jun|jul|aug|sept?|oct|nov|dec)"
    r"(?:\.\s?|\s|-)|(?:the\s)?(?:start|beginning|middle|end)\sof\s)"
)
_RELATIVE = r"(?:this|last|the\s(?:current|previous))\s+year"
_TIME = rf"(?:{_PART}?(?:(?:the\s+)?years?\s+)?(?:the\s+)?\d{{4}}s?|{_RELATIVE})"
_A, _B = rf"(?P<a>{_TIME})", rf"(?P<b>{_TIME})"
_DASH = r"\s?[-–—]\s?"
_TO = rf"(?:\s+(?:to|until|till|through|up\s+to)\s+|{_DASH})"
_FOLLOWING = r"(?:\s*,\s*(?:(?:and|or)\s+)?|\s+(?:and|or)\s+)"
_NUMBERS = {"one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8}
_NUMBERS |= {"nine": 9, "ten": 10, "twelve": 12}
_VAGUE_NUMBERS = {"couple": 2, "few": 3, "several": 3}
_COUNT = rf"(?P<n>\d{{1,2}}|(?:a\s+)?couple\s+of|(?:a\s+)?few|several|{'|'.join(_NUMBERS)})"
# "Papers from 2021 on that …" has an open end, "papers from 2021 on code" are about code.
_ON = (
    r"\s+on(?=\s*(?:[,.;:?!)]|$)|\s+(?:that|which|who|and|but|is|are|was|were|do|does|did|has|have|had|can|"
    r"use|train|pre-?train|fine-?tune|study|propose|introduce|show|deal|address|compare|report|work|try|"
    r"find|only|please)\b)"
)
_PAPERS_BEHIND = (
    r"(?:['’]s)?(?=\s+(?:papers?|stud(?:y|ies)|publications?|articles?|preprints?|surveys?|work|"
    r"research|literature)\b)"
)

_Reading = Callable[[_Time, _Time], Bounds]


def _since(a: _Time, _: _Time) -> Bounds:
    return a.first, None


def _after(a: _Time, _: _Time) -> Bounds:
    return a.last + (not a.is_part), None  # "after June 2020": the rest of 2020 counts


def _before(a: _Time, _: _Time) -> Bounds:
    return None, a.first - (not a.is_part)


def _until(a: _Time, _: _Time) -> Bounds:
    return None, a.last


def _through(a: _Time, b: _Time) -> Bounds:
    return a.first, b.last


def _pattern(words: str) -> re.Pattern[str]:
    """Neither part of a number or a name ("1,900", "CoNLL-2003") nor of a share ("2020%")."""
    return re.compile(rf"(?<![\w.,$€£#/–—-])(?:{words})(?![\w%]|[.,:/–—-]\w|\s%)", re.IGNORECASE)


# The longer phrase first: what it covers is not read again.
_FORMS: tuple[tuple[str, _Reading, Attachment], ...] = (
    (rf"between\s+{_A}(?:\s+and\s+|{_TO}){_B}", _through, "clause"),
    (rf"(?:(?:from|in|over|during|within|for|of)\s+)?{_A}{_TO}{_B}", _through, "range"),
    (
        rf"(?:(?:from|in|over|during|within|for|of)\s+)?{_A}{_DASH}['’]?(?P<short>\d\d)",
        _through,
        "range",
    ),
    (rf"(?:in|during)\s+{_A}(?P<more>(?:{_FOLLOWING}\d{{4}})+)", _through, "clause"),
    (rf"(?:from|of|dated)\s+{_A}(?P<more>(?:{_FOLLOWING}\d{{4}})+)", _through, "noun"),
    (rf"(?:not\s+before|(?:no|not)\s+(?:earlier|older)\s+than)\s+{_A}", _since, "clause"),
    (rf"(?:not\s+after|(?:no|not)\s+(?:later|newer)\s+than)\s+{_A}", _until, "clause"),
    (rf"(?:since|as\s+of)\s+{_A}(?:\s+onwards?)?", _since, "since"),
    (rf"(?:starting|beginning)\s+(?:in|from|with)\s+{_A}(?:\s+onwards?)?", _since, "clause"),
    (
        rf"(?:(?:from|in|dated)\s+)?{_A}\s+(?:or|and)\s+(?:later|newer|after|beyond|onwards?)",
        _since,
        "clause",
    ),
    (rf"(?:from\s+)?{_A}(?:\s+onwards?|{_ON})", _since, "clause"),
    (rf"(?:(?:from|in|dated)\s+)?{_A}\s+(?:or|and)\s+(?:earlier|older|before)", _until, "clause"),
    (
        rf"(?:after|(?:later|newer|more\s+recent)\s+than)\s+{_A}|post-(?P<post>\d{{4}})",
        _after,
        "clause",
    ),
    (rf"(?:before|(?:earlier|older)\s+than|prior\s+to)\s+{_A}|pre-(?P<pre>\d{{4}})", _before, "clause"),
    (rf"(?:until|till|up\s+(?:to(?:\s+and\s+including)?|until)|through|by)\s+{_A}", _until, "clause"),
    (rf"(?:in|during)\s+{_A}", _through, "clause"),
    (rf"(?:from|of|dated)\s+{_A}", _through, "noun"),
    (rf"(?P<a>\d{{4}}|{_RELATIVE}){_PAPERS_BEHIND}", _through, "own"),
    (rf"(?P<a>{_RELATIVE})(?!['’])", _through, "clause"),
)
_PATTERNS = tuple(_pattern(words) for words, _, _ in _FORMS)
_WINDOW = _pattern(
    rf"(?:(?:(?P<noun>from|of)|in|over|within|during|for)\s+)?(?:the\s+(?:last|past|previous)\s+"
    rf"(?:{_COUNT}\s+)?|(?:last|past|previous)\s+(?P<m>\d{{1,2}}|{'|'.join(_NUMBERS)})\s+)"
    r"(?P<unit>years?|decades?|months?)(?!['’])"
)


def find_phrases(text: str, today: date) -> list[YearPhrase]:
    """The phrases in order; those whose years no paper can have (before 1900, after next year) are not."""
    taken: list[Span] = []
    found = []
    for phrase in _all_phrases(text, today):
        start, end = phrase.span
        if all(end <= first or last <= start for first, last in taken):
            taken.append(phrase.span)
            found.append(phrase)
    return sorted((phrase for phrase in found if phrase.bounds != (None, None)), key=lambda p: p.span)


def without_phrases(text: str) -> str:
    """The text without any phrase of years, to see what else it says."""
    for phrase in reversed(find_phrases(text, date(9000, 1, 1))):
        start, end = phrase.span
        text = f"{text[:start]} {text[end:]}"
    return text


def _all_phrases(text: str, today: date) -> Iterator[YearPhrase]:
    for match in _WINDOW.finditer(text):
        bounds = _window(match["n"] or match["m"], match["unit"].lower(), today)
        yield YearPhrase(match.span(), bounds, "noun" if match["noun"] else "clause")
    for pattern, (_, reading, attachment) in zip(_PATTERNS, _FORMS, strict=True):
        for match in pattern.finditer(text):
            yield YearPhrase(match.span(), _bounds(match, reading, today), attachment)


def _window(count: str | None, unit: str, today: date) -> Bounds:
    """The last n years are this one and the n before it, since the oldest of them has begun n years
    ago; "a few" are three. "The last years", without a number, are no condition."""
    if count is None and unit.endswith("s"):
        return None, None
    word = (count or "one").lower().removeprefix("a ").split()[0]
    number = int(word) if word.isdigit() else (_NUMBERS | _VAGUE_NUMBERS).get(word, 2)
    if unit.startswith("month"):
        return (12 * today.year + today.month - 1 - number) // 12, None
    return today.year - number * (10 if unit.startswith("decade") else 1), None


def _bounds(match: re.Match[str], reading: _Reading, today: date) -> Bounds | None:
    """What a phrase says; (None, None) where its numbers are no years, None where they are no range."""
    named = match.groupdict()
    a = _time(named.get("a") or named.get("post") or named.get("pre") or "", today)
    b = _time(named["b"], today) if named.get("b") else a
    if a and named.get("short"):
        b = _time(f"{a.first // 100}{named['short']}", today)
    if a is None or b is None:
        return None, None
    years = [a.first, *map(int, re.findall(r"\d{4}", named.get("more") or ""))]
    if len(years) > 1:
        b = _Time(a.first, max(years))
        return _through(a, b) if sorted(years) == list(range(a.first, b.last + 1)) else None
    return reading(a, b) if a.first <= b.last else None


def _time(text: str, today: date) -> _Time | None:
    """The years that are meant, None where they are none of a paper."""
    digits = re.search(r"(\d{4})(s?)$", text, re.IGNORECASE)
    if digits is None:
        year = today.year - (not re.match(r"this|the\s+current", text, re.IGNORECASE))
        return _Time(year, year)
    year, is_decade = int(digits[1]), bool(digits[2])
    if not _EARLIEST <= year <= today.year + 1 or (is_decade and year % 10):
        return None
    is_part = re.match(_PART, text, re.IGNORECASE) is not None
    return _Time(year, year + 9 * is_decade, is_part)

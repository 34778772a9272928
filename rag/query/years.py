"""The years that a question's own words ask for, and the question without those words."""

import re
from dataclasses import dataclass, field
from datetime import date
from itertools import pairwise

from rag.query.attachment import concerns_papers
from rag.query.quoted import unquoted
from rag.query.year_phrases import YearPhrase, find_phrases
from rag.types import Filters, Span

_MOST = 8  # phrases of years; a text with more of them is no question that years bound
_OTHER_YEAR = re.compile(
    r"\s*(?:,|/|and|or|vs\.?|versus)\s*(?:in\s+|from\s+)?(?:19|20)\d\d\b", re.IGNORECASE
)
_OR = re.compile(r"\W*or\W*", re.IGNORECASE)
_JOIN = re.compile(r"[\s,]*(?:\b(?:and|but|yet)\b)?[\s,]*", re.IGNORECASE)


@dataclass(frozen=True)
class YearWords:
    """The years that are asked for, and where the words stand that do; nothing where none do."""

    filters: Filters = field(default_factory=Filters)
    spans: tuple[Span, ...] = ()


def find_years(question: str, today: date, lead: str = "") -> YearWords:
    """The condition on the papers' years in a question's words; `lead` is what was asked before.

    Several conditions hold together. A wrong filter hides papers, a missed one only lets more in:
    so where the words are not clear (years that are no range, "before 2010 or after 2020", years
    that may be those of data), there is no condition.
    """
    said = unquoted(question)
    phrases = find_phrases(said, today)
    if len(phrases) > _MOST:
        return YearWords()
    phrases = [phrase for phrase in phrases if concerns_papers(said, phrase, lead)]
    if not phrases or not _is_clear(said, phrases):
        return YearWords()
    starts = [bounds[0] for phrase in phrases if (bounds := phrase.bounds) and bounds[0] is not None]
    ends = [bounds[1] for phrase in phrases if (bounds := phrase.bounds) and bounds[1] is not None]
    filters = Filters(max(starts, default=None), min(ends, default=None))
    if filters.from_year and filters.to_year and filters.from_year > filters.to_year:
        return YearWords()
    return YearWords(filters, tuple(phrase.span for phrase in phrases))


def without_years(question: str, found: YearWords) -> str:
    """The question without the words that `find_years` found; the whole where nothing else is said."""
    kept, end = "", 0
    for first, last in _joined(question, found.spans):
        kept, end = f"{kept}{question[end:first]} ", last
    if not end:
        return question
    rest = re.sub(r"\(\s*\)", " ", kept + question[end:])
    rest = re.sub(r"\s+(?=[,.;:?!)])", "", re.sub(r"\s+", " ", rest)).lstrip(" ,.;:").rstrip(" ,;:")
    return rest if re.search(r"\w", rest) else question


def describe(filters: Filters) -> str:
    """The years in words that go behind "papers": "from 2021 on", "up to 2019", "of 2022"."""
    first, last = filters.from_year, filters.to_year
    if first == last:
        return f"of {first}"
    if last is None:
        return f"from {first} on"
    return f"up to {last}" if first is None else f"from {first} to {last}"


def _is_clear(text: str, phrases: list[YearPhrase]) -> bool:
    """Whether each phrase is a range, none goes on with another year, and none is an alternative."""
    between = [text[first.span[1] : second.span[0]] for first, second in pairwise(phrases)]
    return (
        all(phrase.bounds for phrase in phrases)
        and not any(_OTHER_YEAR.match(text, phrase.span[1]) for phrase in phrases)
        and not any(_OR.fullmatch(gap) for gap in between)
    )


def _joined(text: str, spans: tuple[Span, ...]) -> list[Span]:
    """The spans, those with only a conjunction between them as one."""
    joined: list[Span] = []
    for first, last in spans:
        if joined and _JOIN.fullmatch(text, joined[-1][1], first):
            joined[-1] = joined[-1][0], last
        else:
            joined.append((first, last))
    return joined

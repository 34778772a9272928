"""Reads what other programs write about a paper: dates, identifiers, names, markup.

An optional field that cannot be read is left out; nothing is guessed.
"""

import ast
import html
import re
from collections.abc import Callable, Iterable, Mapping
from datetime import date
from typing import Any

from ingest.sources.base import (
    LONGEST_ABSTRACT,
    LONGEST_DETAIL,
    LONGEST_NAME,
    LONGEST_NOTE,
    LONGEST_TITLE,
    MOST_AUTHORS,
    MOST_LABELS,
    MOST_MARKUP,
    is_csl,
    is_date,
)
from rag.identity import arxiv_key, doi_key
from rag.months import MONTH_PATTERN, month_number
from rag.plain import in_a_line, plain

_LONGEST_HINT = 2_000  # characters of a note or an address that are searched for an identifier
_LONGEST_LIST = 200_000  # characters of the names of authors in one text
_LONGEST_PYTHON = 20_000  # the same as a Python list
_ISO = re.compile(r"(\d{4})(?:[-/.](\d{1,2})(?:[-/.](\d{1,2}))?)?(?!\d)", re.ASCII)
_YEAR = re.compile(r"(?<!\d)(?:1[5-9]|20|21)\d\d(?!\d)", re.ASCII)
_MONTH = re.compile(rf"\b{MONTH_PATTERN}\b", re.IGNORECASE | re.ASCII)
_DAY = re.compile(r"(?<!\d)\d{1,2}(?!\d)", re.ASCII)
_DOI = re.compile(r"10\.\d{4,9}/[^\s\"<>{}]{1,200}")
_ARXIV = re.compile(
    r"arxiv(?:\.org/(?:abs|pdf|html|format)/|[:.\s]\s?)(\d{4}\.\d{4,5}|[a-z-]{2,20}(?:\.[a-z]{2})?/\d{7})(?!\d)",
    re.IGNORECASE | re.ASCII,
)
_OTHERS = re.compile(r"(?:^others|\bet al\.?)$", re.IGNORECASE)
# Only known elements, so that "p < 0.05 and q > 3" stays; Crossref's abstracts are in JATS.
_INLINE = r"(?:i|b|u|em|strong|sub|sup|span|a|font|small|tt|code|(?:jats|mml):[\w-]{1,40})"
_BLOCK = (
    r"(?:p|br|div|li|ul|ol|h[1-6]|sec|title|abstract|section|jats:(?:p|title|sec|list|list-item|break))"
)
_BLOCKS = re.compile(rf"</?{_BLOCK}(?:\s[^<>]*)?/?>", re.IGNORECASE)
_INLINES = re.compile(rf"</?{_INLINE}(?:\s[^<>]*)?/?>", re.IGNORECASE)
_PARAGRAPHS = re.compile(r"\n[ \t]*\n\s*")
_ENTITY = re.compile(r"&(?:#\d{1,7}|#x[0-9a-f]{1,6}|[a-z]{2,31}\d{0,2});", re.IGNORECASE)
_SUPERSCRIPT = re.compile(r"<sup(?:\s[^<>]*)?>\s*([-−+]?\d{1,6})\s*</sup>", re.IGNORECASE)
_NO_ABSTRACT = re.compile(
    r"\W*(?:no abstract(?: is)? available|abstract not available|n/?a|none)\W*", re.IGNORECASE
)
_NUMBER = re.compile(r"\s*\(\d+\)$")  # of an author at Scopus
_INITIALS = re.compile(r"(?P<family>\S.*?),? (?P<initials>(?:[^\W\d_]\.[- ]?)+)")  # "de la Cruz P.-M."
_HEADING = re.compile(r"<(?:jats:)?title>\s*(?:abstract|summary)\s*</(?:jats:)?title>", re.IGNORECASE)


def loose_record(
    title: Any,
    abstract: Any,
    *,
    published: Iterable[Any] = (),
    authors: Any = None,
    doi: Any = None,
    arxiv_id: Any = None,
    hints: Iterable[Any] = (),
    organization: Any = None,
    author_count: Any = None,
    key: Any = None,
    tags: Iterable[Any] = (),
    collections: Iterable[Any] = (),
    note: Any = None,
    retracted: Any = None,
    csl: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """A record for `paper_from`, from what another program has written.

    The first readable date of `published` counts. `hints` are texts, such as addresses, that may contain
    the arXiv identifier. `note` is plain text, whose lines stay. `csl` has what else is known, and
    is left out if it is too large. Too long titles and abstracts stay, for `paper_from` to reject;
    other fields that are too long are left out.
    """
    names = read_names(authors)
    known = [whole for name in names if (whole := _OTHERS.sub("", name).strip())]
    count = len(known) if known == names else None  # else there are others
    return {
        "title": plain_text(title, LONGEST_TITLE),
        "abstract": "" if _NO_ABSTRACT.fullmatch(text := plain_text(abstract)) else text,
        "published": next(filter(None, map(read_date, published)), None),
        "organization": _short(plain_text(organization, LONGEST_DETAIL), LONGEST_DETAIL),
        "arxiv_id": read_arxiv_id(arxiv_id, [doi, *hints]),
        "doi": read_doi(doi),
        "author_count": read_count(author_count) or count or None,
        "authors": known,
        "key": _short(in_a_line(key), LONGEST_DETAIL) if isinstance(key, str) else None,
        "tags": _labels(tags),
        "collections": _labels(collections),
        "note": plain(note).strip()[:LONGEST_NOTE] if isinstance(note, str) else "",
        "retracted": _short(in_a_line(retracted), LONGEST_DETAIL) if isinstance(retracted, str) else None,
        "csl": csl if csl and is_csl(csl) else None,
    }


def _labels(values: Iterable[Any]) -> list[str]:
    """Tags or collections, each once, in a line."""
    texts = (plain_text(value, LONGEST_NAME) for value in values)
    return list(dict.fromkeys(text for text in texts if 0 < len(text) <= LONGEST_NAME))[:MOST_LABELS]


def plain_text(value: Any, most: int = LONGEST_ABSTRACT) -> str:
    """The text in one line, without markup; empty for any other value.

    Markup stays in a text that is so long that it exceeds `most` characters even without it.
    """
    if not isinstance(value, str):
        return ""
    text = in_a_line(value)
    if len(text) > MOST_MARKUP * most:
        return text
    if "<" in text:
        text = _BLOCKS.sub(" ", _HEADING.sub("", text, count=1))
        text = _INLINES.sub("", _SUPERSCRIPT.sub(r"^\1", text))  # 10<sup>5</sup> is not 105
    if "&" in text:
        text = _ENTITY.sub(lambda entity: html.unescape(entity[0]), text)
    return in_a_line(text)


def read_labels(value: Any) -> list[Any]:
    """The labels in a list, or in a text: `a; b`, or `a, b`."""
    if isinstance(value, list):
        return value
    return value.split(";" if ";" in value else ",") if isinstance(value, str) else []


def note_text(html_or_text: str) -> str:
    """The text of a note, without markup: its paragraphs, each in a line."""
    blocks = _BLOCKS.sub("\n\n", html_or_text)
    return paragraphs(blocks, plain_text)


def paragraphs(text: str, line_of: Callable[[str], str]) -> str:
    """The paragraphs of a text that say something, each as `line_of` gives it."""
    return "\n\n".join(filter(None, map(line_of, _PARAGRAPHS.split(plain(text)))))


def _short(text: str, most: int) -> str | None:
    """The text; None if it is empty or too long."""
    return text if 0 < len(text) <= most else None


def read_date(value: Any) -> str | None:
    """YYYY, YYYY-MM or YYYY-MM-DD, as far as it is certain; None if not even the year is."""
    if isinstance(value, date):
        return value.isoformat()[:10]
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, int) and not isinstance(value, bool) and 1000 <= value <= 2999:
        value = str(value)
    if not isinstance(value, str) or len(value) > LONGEST_DETAIL:
        return None
    text = value.strip()
    if iso_date := _ISO.match(text):
        return _longest_date(*iso_date.groups())
    years: set[str] = set(_YEAR.findall(text))
    if len(years) != 1:
        return None
    year = years.pop()
    months = set(map(month_number, _MONTH.findall(text)))
    if len(months) != 1:
        return year
    days = _DAY.findall(text)
    return _longest_date(year, str(months.pop()), days[0] if len(days) == 1 else None)


def _longest_date(year: str, month: str | None, day: str | None) -> str | None:
    """As many of the three parts as make a date."""
    parts = [year] + [part.zfill(2) for part in (month, day) if part]
    dates = ("-".join(parts[:count]) for count in range(len(parts), 0, -1))
    return next(filter(is_date, dates), None)


def read_doi(value: Any) -> str | None:
    """The DOI in a text such as `https://doi.org/10.1000/182`; None if there is none."""
    if not isinstance(value, str) or len(value) > LONGEST_DETAIL:
        return None
    doi = _DOI.search(html.unescape(value))
    return doi_key(doi[0].rstrip(".,;:")) if doi else None


def read_arxiv_id(value: Any, hints: Iterable[Any] = ()) -> str | None:
    """The arXiv identifier in its own field, or else one that a hint names as arXiv's."""
    if isinstance(value, str) and len(value) <= LONGEST_DETAIL:
        for text in (value, value.split(" ")[0]):  # "2110.07143 [cs]"
            if key := arxiv_key(text):
                return key
    for text in (value, *hints):
        if isinstance(text, str) and (match := _ARXIV.search(text[:_LONGEST_HINT])):
            return arxiv_key(match[1])
    return None


def read_count(value: Any) -> int | None:
    """A plausible number of authors, else None."""
    if isinstance(value, str) and len(value := value.strip()) <= 6 and value.isdecimal():
        value = int(value)
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    is_count = isinstance(value, int) and not isinstance(value, bool) and 0 < value < 1_000_000
    return value if is_count else None


def read_names(value: Any) -> list[str]:
    """The names in a list of texts or objects, or in one text, each with the given name first.

    "et al." and "others" are kept as if they were names.
    """
    if isinstance(value, str):
        value = _listed(value[:_LONGEST_LIST].strip())
    if not isinstance(value, list | tuple):
        return []
    names = [in_a_line(_name(author)) for author in value[:MOST_AUTHORS]]
    return [name for name in names if 0 < len(name) <= LONGEST_NAME]


def _name(value: Any) -> str:
    if isinstance(value, Mapping):
        whole = value.get("name") or value.get("literal") or value.get("fullname")
        if isinstance(whole, str):
            return plain_text(whole, LONGEST_NAME)
        given = [value.get(part) for part in ("given", "non-dropping-particle", "family", "suffix")]
        return " ".join(plain_text(part, LONGEST_NAME) for part in given if isinstance(part, str))
    if not isinstance(value, str):
        return ""
    name = _NUMBER.sub("", plain_text(value, LONGEST_NAME))
    if len(name) > LONGEST_NAME:
        return name
    if short := _INITIALS.fullmatch(name):
        return f"{short['initials']} {short['family']}"
    parts = [part.strip() for part in name.split(",")]
    return " ".join([parts[-1], *parts[:1], *parts[1:-1]]) if len(parts) in (2, 3) else name


def _listed(text: str) -> list[Any]:
    """The names in a text: `A; B`, `A and B`, `A, B` with two words or more each, or a Python list.

    A text that begins with a small letter ("de la Cruz, María José") is one name.
    """
    if text.startswith("[") and text.endswith("]") and len(text) <= _LONGEST_PYTHON:
        try:
            listed = ast.literal_eval(text)
        except (ValueError, SyntaxError, RecursionError, MemoryError):
            return []
        return listed if isinstance(listed, list) else []
    for mark in (";", " and ", "|"):
        if mark in text:
            return text.split(mark)
    parts = [part.strip() for part in text.split(",")]
    are_whole = len(parts) > 1 and all(" " in part for part in parts) and not text[:1].islower()
    return parts if are_whole else [text]

"""Which column of a table, or which key of an object, holds which field of a paper."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ingest.sources.loose import loose_record
from rag.errors import SourceError
from rag.identity import normalise_title
from rag.plain import in_a_line

# The usual names of columns, by field, the most reliable first; letters and digits alone.
_NAMES: dict[str, tuple[str, ...]] = {
    "title": ("title", "papertitle", "articletitle", "documenttitle", "ti"),
    "abstract": ("abstract", "abstractnote", "summary", "abstracttext", "paperabstract", "ab"),
    "published": (
        *("published", "date", "publicationdate", "publisheddate", "publishedat", "publishedon", "pubdate"),
        *("year", "publicationyear", "publishedyear", "pubyear", "py", "updatedate"),
    ),
    "organization": ("organization", "organisation"),
    "arxiv_id": ("arxivid", "arxiv", "eprint"),
    "doi": ("doi", "di"),
    "author_count": ("authorcount", "numauthors", "numberofauthors"),
    "authors": (
        *("authorfullnames", "authorfullname", "af"),  # Scopus and the Web of Science have short ones too
        *("authors", "author", "authornames", "authorlist", "au"),
    ),
}
_HINTS = ("url", "link", "extra", "pdfurl", "absurl", "entryid", "pdf")
FIELDS = tuple(_NAMES)
_ARXIVS_OWN = {"id", "categories"}  # columns of tables made of arXiv's metadata
_SHOWN = 20  # columns that an error lists
_PAIR = re.compile(r",(?=\s*\w+\s*=)")  # names of columns may have commas


def columns_from(text: str) -> dict[str, str]:
    """`title=Name,abstract=Summary` as the column of each field. Raises SourceError."""
    columns: dict[str, str] = {}
    for pair in _PAIR.split(text):
        field, _, column = (part.strip() for part in pair.partition("="))
        if field not in FIELDS:
            raise SourceError(
                f"{field!r} is no field of a paper: use {', '.join(FIELDS)}, as in title=Name"
            )
        if not column or field in columns:
            raise SourceError(f"the column of {field} is not clear: write it once, as in {field}=Name")
        columns[field] = column
    return columns


@dataclass(frozen=True)
class Columns:
    """The places of a paper's fields in a row; `published` and the hints may have several."""

    places: Mapping[str, tuple[int, ...]]

    @property
    def needed(self) -> list[int]:
        """The places to read, in order."""
        return sorted({place for places in self.places.values() for place in places})

    def record(self, cell: Callable[[int], Any]) -> dict[str, Any]:
        """The record of a row; `cell` returns the value at a place."""
        first = {name: cell(places[0]) for name, places in self.places.items() if places}
        return loose_record(
            first.get("title"),
            first.get("abstract"),
            published=[cell(place) for place in self.places.get("published", ())],
            authors=first.get("authors"),
            doi=first.get("doi"),
            arxiv_id=first.get("arxiv_id"),
            hints=[cell(place) for place in self.places.get("hints", ())],
            organization=first.get("organization"),
            author_count=first.get("author_count"),
        )


def find_columns(header: Sequence[str], columns: Mapping[str, str]) -> Columns:
    """The places of the fields under this header: as `columns` says, else by their usual names.

    Raises ValueError, which lists the columns, where one is missing.
    """
    known = [normalise_title(name) for name in header]
    places = {
        field: tuple(known.index(name) for name in names if name in known)
        for field, names in _NAMES.items()
    }
    places["hints"] = tuple(known.index(name) for name in _HINTS if name in known)
    if set(known) >= _ARXIVS_OWN and not places["arxiv_id"]:
        places["arxiv_id"] = (known.index("id"),)
    for field, column in columns.items():
        places[field] = (_place(header, column),)
    for field in ("title", "abstract"):
        if not places[field]:
            raise ValueError(
                f"has no column for the {field}: name one of {_shown(header)} with --columns {field}=NAME"
            )
    return Columns(places)


def has_columns(header: Sequence[str], columns: Mapping[str, str]) -> bool:
    """Whether a table with this header holds papers."""
    try:
        find_columns(header, columns)
    except ValueError:
        return False
    return True


def check_keys(keys: Sequence[str], columns: Mapping[str, str]) -> None:
    """Raises ValueError where a column that the user names is not among the keys."""
    for column in columns.values():
        _place(keys, column)


def _place(header: Sequence[str], column: str) -> int:
    for name in (column, column.strip()):
        if name in header:
            return header.index(name)
    folded = [name.strip().casefold() for name in header]
    if folded.count(column.strip().casefold()) == 1:
        return folded.index(column.strip().casefold())
    raise ValueError(f"has no column {column!r}: name one of {_shown(header)} with --columns")


def _shown(header: Sequence[str]) -> str:
    names = [in_a_line(name) for name in header if name.strip()]
    shown = ", ".join(name[:40] for name in names[:_SHOWN]) or "its columns, once they have names,"
    return shown + (f" and {len(names) - _SHOWN:,} more" if len(names) > _SHOWN else "")

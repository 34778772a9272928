"""Filters and search words as conditions on the catalog's table of papers."""

from collections.abc import Collection, Iterable
from dataclasses import asdict
from functools import cache
from typing import Any

import sqlalchemy as sa

from rag.library.catalog_rows import folded, folded_label
from rag.library.catalog_tables import papers, records
from rag.library.labels import BY_AUTHOR, author_values, by_label
from rag.library.sql import each_text, one_of, texts
from rag.plain import encodable
from rag.types import Filters

_LONGEST_WORD = 10_000  # characters; SQLite looks for patterns of 50,000 bytes at most
_word = each_text("words").c.value

CONDITIONS: dict[str, sa.ColumnElement[bool]] = {
    "from_year": papers.c.year >= sa.bindparam("from_year"),
    "to_year": papers.c.year <= sa.bindparam("to_year"),
    "min_authors": papers.c.author_count >= sa.bindparam("min_authors"),
    "max_authors": papers.c.author_count <= sa.bindparam("max_authors"),
    "organization": papers.c.organization == sa.bindparam("organization"),
    "source": papers.c.paper_id.in_(
        sa.select(records.c.paper_id).where(
            sa.or_(
                records.c.source == sa.bindparam("source"),
                records.c.source.like(sa.bindparam("source_end"), escape="\\"),
            )
        )
    ),
    "author": BY_AUTHOR,
    "tag": by_label("tag"),
    "collection": by_label("collection"),
    "papers": one_of(papers.c.paper_id, "papers"),
    "words": ~sa.exists()
    .where(papers.c.words.not_like(sa.literal("%").concat(_word).concat("%"), escape="\\"))
    .correlate(papers),
}
"""Conditions that papers can be selected by, each by the name of its parameter."""


def criteria(filters: Filters, words: str = "", paper_ids: Collection[str] | None = None) -> dict[str, Any]:
    """Values of conditions, by name: a paper fulfils the filters, contains all words, has one of the ids.

    Words match in any case in title, authors, organisation, arXiv id, DOI, citation key, tags, collections
    and year; none of their characters is a wildcard. `paper_ids` take the place of the papers that the
    filters name; None means all.
    """
    known = {name: value for name, value in asdict(filters).items() if value is not None}
    known |= {name: encodable(value) for name, value in known.items() if isinstance(value, str)}
    if filters.organization is not None:
        known["organization"] = folded(known["organization"])
    if filters.source is not None:
        known["source_end"] = f"%/{_literally(known['source'])}"
    if filters.author is not None:
        known |= author_values(known["author"])
    for name in known.keys() & {"tag", "collection"}:
        known[name] = folded_label(known[name])
    if wanted := dict.fromkeys(encodable(words).casefold().split()):
        known["words"] = texts(map(_literally, wanted))
        if any("\0" in word or len(word) > _LONGEST_WORD for word in wanted):
            paper_ids = ()  # no paper has such a word
    if paper_ids is None:
        known.pop("papers", None)
    else:
        known["papers"] = texts(paper_ids)
    return known


def fulfilling(statement: sa.Select[Any], names: Iterable[str]) -> sa.Select[Any]:
    """The statement restricted to papers that meet the conditions of these names."""
    return _fulfilling(statement, frozenset(names))


@cache
def _fulfilling(statement: sa.Select[Any], names: frozenset[str]) -> sa.Select[Any]:
    return statement.where(*(condition for name, condition in CONDITIONS.items() if name in names))


def _literally(text: str) -> str:
    """A pattern of LIKE, with backslash as its escape, for exactly this text."""
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")

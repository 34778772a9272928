"""Which papers of the catalog are meant, as conditions on its table of papers."""

from collections.abc import Collection
from dataclasses import asdict
from typing import Any

from sqlalchemy import ColumnElement, and_, bindparam, exists, literal, or_, select, true

from rag.library.catalog_rows import folded
from rag.library.catalog_tables import papers, records
from rag.library.sql import each_text, one_of, texts
from rag.plain import encodable
from rag.types import Filters

_LONGEST_WORD = 10_000  # characters; SQLite looks for patterns of 50,000 bytes at most
_word = each_text("words").c.value

CONDITIONS: dict[str, ColumnElement[bool]] = {
    "from_year": papers.c.year >= bindparam("from_year"),
    "to_year": papers.c.year <= bindparam("to_year"),
    "min_authors": papers.c.author_count >= bindparam("min_authors"),
    "max_authors": papers.c.author_count <= bindparam("max_authors"),
    "organization": papers.c.organization == bindparam("organization"),
    "source": papers.c.paper_id.in_(
        select(records.c.paper_id).where(
            or_(
                records.c.source == bindparam("source"),
                records.c.source.like(bindparam("source_end"), escape="\\"),
            )
        )
    ),
    "papers": one_of(papers.c.paper_id, "papers"),
    "words": ~exists()
    .where(papers.c.words.not_like(literal("%").concat(_word).concat("%"), escape="\\"))
    .correlate(papers),
}
"""What may be asked of a paper, by the name of the value that it is compared with."""

Criteria = dict[str, Any]
"""Values for some of the conditions, by name."""


def criteria(filters: Filters, words: str = "", paper_ids: Collection[str] | None = None) -> Criteria:
    """The papers that filters let through and that have each of these words, among those of these ids.

    Words are found in any case in title, organisation, arXiv id, DOI and year; no character of them stands
    for another. `paper_ids` take the place of the papers that the filters name; None means all.
    """
    known = {name: value for name, value in asdict(filters).items() if value is not None}
    known |= {name: encodable(value) for name, value in known.items() if isinstance(value, str)}
    if filters.organization is not None:
        known["organization"] = folded(known["organization"])
    if filters.source is not None:
        known["source_end"] = f"%/{_literally(known['source'])}"
    if wanted := dict.fromkeys(encodable(words).casefold().split()):
        known["words"] = texts(map(_literally, wanted))
        if any("\0" in word or len(word) > _LONGEST_WORD for word in wanted):
            paper_ids = ()  # no paper has such a word
    if paper_ids is None:
        known.pop("papers", None)
    else:
        known["papers"] = texts(paper_ids)
    return known


def fulfil(names: Collection[str]) -> ColumnElement[bool]:
    """The condition of all that is named."""
    return and_(true(), *(condition for name, condition in CONDITIONS.items() if name in names))


def _literally(text: str) -> str:
    """For LIKE, with a backslash as escape."""
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")

"""Papers as CSV, for spreadsheets."""

import csv
import io
from collections.abc import Iterable, Iterator
from typing import Any

from ingest.exports.holdings import Holding
from ingest.exports.items import item_of, labels_text, text_in
from rag.plain import in_a_line
from rag.types import Paper

# Each column by what it has of an item of CSL-JSON; the others are fields of papers.
_OF_ITEM = {
    "type": "type",
    "journal": "container-title",
    "volume": "volume",
    "issue": "issue",
    "pages": "page",
    "publisher": "publisher",
    "publisher place": "publisher-place",
    "series": "collection-title",
    "edition": "edition",
    "issn": "ISSN",
    "isbn": "ISBN",
    "language": "language",
    "url": "URL",
    "pmid": "PMID",
}
_BEFORE = ("key", "title", "authors", "author_count", "published")
_BEHIND = ("organization", "doi", "arxiv_id", "tags", "collections", "retracted", "note")
_COLUMNS = (*_BEFORE, *_OF_ITEM, *_BEHIND, "abstract", "digest")
_FORMULA = ("=", "+", "-", "@", "\t")  # how a cell begins that a spreadsheet would calculate


def csv_texts(holdings: Iterable[Holding]) -> Iterator[str]:
    """The header, then a row for each paper."""
    yield _row(_COLUMNS)
    for holding in holdings:
        cells = _cells(holding.paper)
        yield _row([_inert(cells[name]) for name in _COLUMNS])


def _cells(paper: Paper) -> dict[str, str]:
    item = item_of(paper)
    fields: dict[str, Any] = {name: getattr(paper, name) for name in (*_BEFORE, *_BEHIND)}
    cells = {name: "" if value is None else in_a_line(str(value)) for name, value in fields.items()}
    others = ["others"] if paper.authors and paper.author_count is None else []
    return {
        **cells,
        **{name: text_in(item, csl_name) for name, csl_name in _OF_ITEM.items()},
        "authors": labels_text((*paper.authors, *others)),
        "tags": labels_text(paper.tags),
        "collections": labels_text(paper.collections),
        "note": "\n\n".join(map(in_a_line, paper.note.split("\n\n"))),
        "abstract": "" if paper.is_digest else in_a_line(paper.abstract),
        "digest": in_a_line(paper.abstract) if paper.is_digest else "",
    }


def _inert(cell: str) -> str:
    """A text that no spreadsheet takes for a formula; `ingest` takes the apostrophe away."""
    return f"'{cell}" if cell.startswith(_FORMULA) else cell


def _row(cells: Iterable[str]) -> str:
    line = io.StringIO()
    csv.writer(line).writerow(cells)
    return line.getvalue()

"""What the first pages of a PDF say of its paper: title, authors, abstract, DOI, arXiv id, date."""

from collections.abc import Mapping, Sequence
from itertools import pairwise

from ingest.pdf.abstracts import headed_abstract, shaped_abstract
from ingest.pdf.authors import confirmed_names, names_in, printed_names
from ingest.pdf.cells import KEYWORDS, body_size, cells, opens_abstract, opens_text
from ingest.pdf.document import Front
from ingest.pdf.imprint import doi_of, is_around, printed_arxiv, printed_date, printed_doi
from ingest.pdf.lines import Line
from ingest.pdf.titles import Title, printed_title, title_of

_MOST_CELLS = 2_000  # of two pages; a table of numbers may have more
_FOOT = 0.8  # of a page: what stands lower, and in small print, is about the paper
_PAGE, _FILE = "first page", "file's metadata"


def read_front(lines: Sequence[Line], metadata: Mapping[str, str], stamps: Sequence[str] = ()) -> Front:
    """The front of a paper from the lines of its first two pages, with what stands around the text.

    `metadata` is the file's own (Title, Author, Subject, ...), which serves where the page is silent;
    `stamps` are texts that run up or down a margin.
    """
    pieces = cells(lines)[:_MOST_CELLS]
    own_title = title_of(metadata.get("Title", "")) or ""
    title = printed_title(pieces, own_title) if pieces else None
    block = _opening(pieces, title)
    around = _around(pieces, title, block)
    own_text = " ".join(metadata.get(name, "") for name in ("Subject", "Keywords", "Title", "doi"))
    context = " ".join(line.text for line in lines)
    first_page = title.lines[0].page if title else 1
    cover = [cell.text for cell in around if cell.page < first_page]
    furniture = [*stamps, *(cell.text for cell in around), *map(" ".join, pairwise(cover))]
    opening = [cell.text for cell in block]
    arxiv = printed_arxiv(furniture)
    printed = {
        "title": title and title.text,
        "authors": _authors(block, metadata.get("Author", "")),
        "abstract": _abstract(pieces, block, context),
        "doi": printed_doi([*furniture, *opening], doi_of(own_text) or ""),
        "arxiv_id": arxiv and arxiv[0],
        "published": printed_date(furniture, opening, arxiv and arxiv[1]),
    }
    filed = {
        "title": own_title or None,
        "authors": names_in(metadata.get("Author", "")),
        "doi": doi_of(own_text),
    }
    fields = {name: value or filed.get(name) for name, value in printed.items()}
    origins = {name: _PAGE if printed[name] else _FILE for name, value in fields.items() if value}
    return Front(**{name: value for name, value in fields.items() if value}, origins=origins)  # type: ignore[arg-type]


def _opening(pieces: Sequence[Line], title: Title | None) -> list[Line]:
    """What stands between the title and the abstract or the first heading."""
    if title is None:
        return []
    page = title.lines[0].page
    below = [cell for cell in pieces if cell.page == page and cell.box[1] > title.bottom - 3]
    size = body_size(pieces)
    ends = (place for place, cell in enumerate(below) if _ends(cell, size))
    return below[: next(ends, len(below))]


def _ends(cell: Line, size: float) -> bool:
    return opens_abstract(cell) or bool(KEYWORDS.match(cell.text)) or opens_text(cell, size)


def _around(pieces: Sequence[Line], title: Title | None, block: Sequence[Line]) -> list[Line]:
    """What stands on a cover, or on the page of the title: above it, at the foot or in small print."""
    if not pieces:
        return []
    page = title.lines[0].page if title else pieces[0].page
    on_page = [cell for cell in pieces if cell.page == page]
    foot = _FOOT * max((cell.box[3] for cell in on_page), default=0.0)
    top, size = title.top if title else 0.0, body_size(pieces)
    inside = set(map(id, block))
    around = [cell for cell in on_page if id(cell) not in inside and is_around(cell, top, foot, size)]
    return [cell for cell in pieces if cell.page < page] + around


def _authors(block: Sequence[Line], own: str) -> tuple[str, ...]:
    names = printed_names(block)
    confirmed = confirmed_names(own, " ".join(cell.text for cell in block))
    return confirmed if len(confirmed) >= len(names) else names


def _abstract(pieces: Sequence[Line], block: Sequence[Line], context: str) -> str | None:
    size = body_size(pieces) if pieces else 0.0
    headed = headed_abstract(pieces, context)
    inside = set(map(id, block))
    return headed or shaped_abstract(
        block, [cell for cell in pieces if id(cell) not in inside], size, context
    )

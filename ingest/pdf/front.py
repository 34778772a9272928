"""What the first pages of a paper's PDF say of it: title, authors, abstract, DOI, arXiv id, day of publication."""

from collections.abc import Mapping, Sequence

from ingest.pdf.abstracts import headed_abstract, shaped_abstract
from ingest.pdf.authors import confirmed_names, names_in, printed_names
from ingest.pdf.cells import ABSTRACT_START, KEYWORDS, body_size, cells, is_heading, is_turned
from ingest.pdf.document import Front
from ingest.pdf.imprint import doi_of, is_around, printed_arxiv, printed_date, printed_doi
from ingest.pdf.lines import Line
from ingest.pdf.titles import Title, printed_title, title_of

_PAGE, _FILE = "first page", "file's metadata"


def read_front(lines: Sequence[Line], metadata: Mapping[str, str]) -> Front:
    """The front of a paper from the lines of its first two pages, with what stands around the text.

    `metadata` is the file's own (Title, Author, Subject, ...), which serves where the page is silent.
    """
    pieces = cells(lines)
    own_title = title_of(metadata.get("Title", "")) or ""
    title = printed_title(pieces, own_title) if pieces else None
    block = _opening(pieces, title)
    around = _around(pieces, title, block)
    own_text = " ".join(metadata.get(name, "") for name in ("Subject", "Keywords", "Title", "doi"))
    context = " ".join(line.text for line in lines)
    arxiv = printed_arxiv(around)
    printed = {
        "title": title and title.text,
        "authors": _authors(block, metadata.get("Author", "")),
        "abstract": _abstract(pieces, block, context),
        "doi": printed_doi([*around, *block], doi_of(own_text) or ""),
        "arxiv_id": arxiv and arxiv[0],
        "published": printed_date(around, block, arxiv and arxiv[1]),
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
    below = [cell for cell in pieces if cell.page == page and cell.box[1] > title.bottom - 3 and not is_turned(cell)]
    end = next((place for place, cell in enumerate(below) if _ends(cell)), len(below))
    return below[:end]


def _ends(cell: Line) -> bool:
    match = ABSTRACT_START.match(cell.text)
    is_abstract = bool(match and (match.end() == len(cell.text) or match["mark"] or cell.words[0].font != cell.words[-1].font))
    return is_abstract or bool(KEYWORDS.match(cell.text)) or (is_heading(cell) and len(cell.text) < 60)


def _around(pieces: Sequence[Line], title: Title | None, block: Sequence[Line]) -> list[Line]:
    """The lines of the first page above the title, in the margins and at the foot."""
    first = [cell for cell in pieces if cell.page == pieces[0].page]
    foot = 0.8 * max((cell.box[3] for cell in first), default=0.0)
    top = title.top if title else 0.0
    size = body_size(pieces) if pieces else 0.0
    return [cell for cell in first if is_around(cell, top, foot, size - 0.2) and cell not in block]


def _authors(block: Sequence[Line], own: str) -> tuple[str, ...]:
    names = printed_names(block)
    confirmed = confirmed_names(own, " ".join(cell.text for cell in block))
    return confirmed if len(confirmed) >= len(names) else names


def _abstract(pieces: Sequence[Line], block: Sequence[Line], context: str) -> str | None:
    size = body_size(pieces) if pieces else 0.0
    headed = headed_abstract(pieces, context)
    return headed or shaped_abstract(block, [cell for cell in pieces if cell not in block], size, context)

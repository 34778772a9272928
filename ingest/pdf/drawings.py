"""The words inside figures, which are no text of the paper."""

from collections import Counter
from collections.abc import Collection, Iterable, Sequence

from ingest.pdf.lines import Word, is_prose, rows_of
from ingest.pdf.pages import PrintedPage
from ingest.pdf.shapes import Rectangle

_MOST = 0.3  # of the pages
_LABELS, _TITLES = 20.0, 50.0  # points: how far the numbers and the titles of axes stand from a plot
_PROSE_WORDS = 7  # in a row


def are_pages(pages: Sequence[PrintedPage]) -> bool:
    """Whether the drawings that are placed on the pages of a file are its pages, and no figures."""
    return sum(page.is_in_form for page in pages) > _MOST * len(pages)


def fonts_of_prose(pages: Iterable[PrintedPage]) -> set[str]:
    """The fonts of rows of many words, over all pages."""
    letters: Counter[str] = Counter()
    for page in pages:
        for row in rows_of(page.pieces):
            if sum(is_prose(piece) for piece in row) >= _PROSE_WORDS:
                for piece in row:
                    letters[piece.font] += len(piece.text)
    total = sum(letters.values())
    return {font for font, count in letters.items() if count > 0.004 * total}


def without_drawings(page: PrintedPage, is_form_text: bool, prose_fonts: Collection[str]) -> list[Word]:
    """The pieces outside of figures: of drawings placed on the page, of pictures on a part of it, of paths.

    `is_form_text` says that drawings are pages, whose text counts, as it does where one is all of a page's
    prose. Labels around a plot are left out where
    no prose of the paper is in their font.
    """
    is_form_text = is_form_text or (page.is_in_form and _is_text(page.pieces))
    area = page.frame.width * page.frame.height
    pictures = [picture for picture in page.pictures if _area(picture) < 0.6 * area]
    kept = [
        piece
        for piece in page.pieces
        if (is_form_text or not piece.in_form) and not any(_holds(picture, piece) for picture in pictures)
    ]
    for plot in page.plots:
        inside = [piece for piece in kept if _holds(plot, piece)]
        if _is_text(inside):
            continue
        near, around = _wider(plot, _LABELS), _wider(plot, _TITLES)
        fonts = {piece.font for piece in kept if _holds(near, piece)} - set(prose_fonts)
        kept = [
            piece
            for piece in kept
            if not _holds(plot, piece) and not (piece.font in fonts and _holds(around, piece))
        ]
    return kept


def _is_text(pieces: Sequence[Word]) -> bool:
    """Whether pieces are framed text or a table, by their long rows."""
    letters = long = 0
    for row in rows_of(pieces):
        count = sum(len(piece.text) for piece in row)
        letters += count
        long += count if sum(is_prose(piece) or piece.is_fixed for piece in row) >= 5 else 0
    return long > 0.5 * letters


def _wider(box: Rectangle, by: float) -> Rectangle:
    return box[0] - by, box[1] - by, box[2] + by, box[3] + by


def _area(box: Rectangle) -> float:
    return (box[2] - box[0]) * (box[3] - box[1])


def _holds(outer: Rectangle, piece: Word) -> bool:
    left, top, right, bottom = piece.box
    x, y = (left + right) / 2, (top + bottom) / 2
    return outer[0] <= x <= outer[2] and outer[1] <= y <= outer[3]

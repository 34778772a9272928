"""The words inside drawings and pictures, which are no text of the paper."""

from collections.abc import Sequence

from ingest.pdf.characters import Characters
from ingest.pdf.lines import Word
from ingest.pdf.shapes import Rectangle


_WHOLE = 0.9  # of the characters of a page
_MOST = 0.3  # of the pages


def are_pages(pages: Sequence[Characters]) -> bool:
    """Whether the drawings that are placed on the pages of a file are its pages, and no figures."""
    whole = sum(len(page.texts) > 0 and bool(page.in_form.mean() > _WHOLE) for page in pages)
    return whole > _MOST * len(pages)


def without_drawings(pieces: Sequence[Word], characters: Characters, is_form_text: bool) -> list[Word]:
    """The pieces outside of figures: drawings that are placed on the page, and pictures of a part of it.

    `is_form_text` says that drawings are pages, whose text counts.
    """
    area = characters.width * characters.height
    pictures = [
        shape.box for shape in characters.shapes if shape.is_picture and _area(shape.box) < 0.6 * area
    ]
    return [
        piece
        for piece in pieces
        if (is_form_text or not piece.in_form) and not any(_holds(picture, piece.box) for picture in pictures)
    ]


def _area(box: Rectangle) -> float:
    return (box[2] - box[0]) * (box[3] - box[1])


def _holds(outer: Rectangle, inner: Rectangle) -> bool:
    x, y = (inner[0] + inner[2]) / 2, (inner[1] + inner[3]) / 2
    return outer[0] <= x <= outer[2] and outer[1] <= y <= outer[3]

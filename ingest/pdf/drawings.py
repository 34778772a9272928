"""The words inside drawings and pictures, which are no text of the paper."""

from collections.abc import Sequence

from ingest.pdf.characters import Characters
from ingest.pdf.lines import Word
from ingest.pdf.shapes import Rectangle


def without_drawings(pieces: Sequence[Word], characters: Characters) -> list[Word]:
    """The pieces outside of drawings that are placed on the page and of pictures that cover only a part."""
    area = characters.width * characters.height
    pictures = [
        shape.box for shape in characters.shapes if shape.is_picture and _area(shape.box) < 0.6 * area
    ]
    return [
        piece
        for piece in pieces
        if not piece.in_form and not any(_holds(picture, piece.box) for picture in pictures)
    ]


def _area(box: Rectangle) -> float:
    return (box[2] - box[0]) * (box[3] - box[1])


def _holds(outer: Rectangle, inner: Rectangle) -> bool:
    x, y = (inner[0] + inner[2]) / 2, (inner[1] + inner[3]) / 2
    return outer[0] <= x <= outer[2] and outer[1] <= y <= outer[3]

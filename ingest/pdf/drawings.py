"""The words inside figures, which are no text of the paper."""

from collections import Counter
from collections.abc import Collection, Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from ingest.pdf.characters import Characters
from ingest.pdf.lines import Word, is_prose, rows_of
from ingest.pdf.shapes import Rectangle

_WHOLE = 0.9  # of the characters of a page
_MOST = 0.3  # of the pages
_CELL = 5.0  # points: paths that are nearer belong to one figure
_FEWEST_PATHS = 8
_THICK = 2.0  # points; thinner paths are rules
_SMALLEST_SIDE = 30.0
_LABELS, _TITLES = 20.0, 50.0  # points: how far the numbers and the titles of axes stand from a plot
_LARGEST = 5e7  # square points: larger pages are posters, or bombs
_PROSE_WORDS = 7  # in a row


def are_pages(pages: Sequence[Characters]) -> bool:
    """Whether the drawings that are placed on the pages of a file are its pages, and no figures."""
    whole = sum(len(page.texts) > 0 and bool(page.in_form.mean() > _WHOLE) for page in pages)
    return whole > _MOST * len(pages)


def fonts_of_prose(pieces: Iterable[Sequence[Word]]) -> set[str]:
    """The fonts of rows of many words, over all pages."""
    letters: Counter[str] = Counter()
    for on_page in pieces:
        for row in rows_of(on_page):
            if sum(is_prose(piece) for piece in row) >= _PROSE_WORDS:
                for piece in row:
                    letters[piece.font] += len(piece.text)
    total = sum(letters.values())
    return {font for font, count in letters.items() if count > 0.004 * total}


def without_drawings(
    pieces: Sequence[Word], characters: Characters, is_form_text: bool, prose_fonts: Collection[str]
) -> list[Word]:
    """The pieces outside of figures: of drawings placed on the page, of pictures on a part of it, of paths.

    `is_form_text` says that drawings are pages, whose text counts. Labels around a plot are left out where
    no prose of the paper is in their font.
    """
    area = characters.width * characters.height
    pictures = [
        shape.box for shape in characters.shapes if shape.is_picture and _area(shape.box) < 0.6 * area
    ]
    kept = [
        piece
        for piece in pieces
        if (is_form_text or not piece.in_form) and not any(_holds(picture, piece) for picture in pictures)
    ]
    for plot in _plots(characters):
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


def _plots(characters: Characters) -> list[Rectangle]:
    """The rectangles around many paths that stand together, not all of them rules."""
    boxes = np.array([shape.box for shape in characters.shapes if not shape.is_picture]).reshape(-1, 4)
    width, height = characters.width, characters.height
    boxes = boxes[np.isfinite(boxes).all(axis=1)]
    if len(boxes) < _FEWEST_PATHS or width * height > _LARGEST:
        return []
    boxes = np.clip(boxes, 0, [width, height, width, height])
    sides = boxes[:, 2:] - boxes[:, :2]
    boxes = boxes[
        (sides.prod(axis=1) < 0.6 * width * height) & (sides.max(axis=1) < 0.95 * max(width, height))
    ]
    cells = np.unique((boxes // _CELL).astype(int), axis=0, return_inverse=True)
    grid = np.zeros((int(height // _CELL) + 2, int(width // _CELL) + 2), np.int32)
    for left, top, right, bottom in cells[0]:
        grid[top : bottom + 1, left : right + 1] = -1
    numbers = _numbered(grid)
    of_boxes = np.array([numbers[top, left] for left, top, _, _ in cells[0]], np.int32)[cells[1].ravel()]
    plots: list[Rectangle] = []
    for number in range(1, int(numbers.max(initial=0)) + 1):
        own = boxes[of_boxes == number]
        thick = (own[:, 2:] - own[:, :2] > _THICK).all(axis=1).sum()
        if len(own) < _FEWEST_PATHS or thick < 2:
            continue
        (left, top), (right, bottom) = own[:, :2].min(axis=0), own[:, 2:].max(axis=0)
        if min(right - left, bottom - top) >= _SMALLEST_SIDE:
            plots.append((float(left), float(top), float(right), float(bottom)))
    return plots


def _numbered(grid: NDArray[np.int32]) -> NDArray[np.int32]:
    """The grid with its connected marked cells numbered from 1."""
    number = 0
    width = grid.shape[1] + 1  # with an empty column, so that no row runs on into the next
    padded = np.pad(grid, ((1, 1), (0, 1)))
    cells = padded.ravel().tolist()
    steps = [y * width + x for y in (-1, 0, 1) for x in (-1, 0, 1) if x or y]
    for start in np.flatnonzero(padded).tolist():
        if cells[start] != -1:
            continue
        number += 1
        cells[start] = number
        waiting = [start]
        while waiting:
            place = waiting.pop()
            for step in steps:
                if cells[place + step] == -1:
                    cells[place + step] = number
                    waiting.append(place + step)
    return np.array(cells, np.int32).reshape(padded.shape)[1:-1, :-1]


def _wider(box: Rectangle, by: float) -> Rectangle:
    return box[0] - by, box[1] - by, box[2] + by, box[3] + by


def _area(box: Rectangle) -> float:
    return (box[2] - box[0]) * (box[3] - box[1])


def _holds(outer: Rectangle, piece: Word) -> bool:
    left, top, right, bottom = piece.box
    x, y = (left + right) / 2, (top + bottom) / 2
    return outer[0] <= x <= outer[2] and outer[1] <= y <= outer[3]

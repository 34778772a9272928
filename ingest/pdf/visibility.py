"""Which characters of a page a reader sees."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ingest.pdf.fonts import Font
from ingest.pdf.shapes import Rectangle, Shape

SMALLEST = 2.0  # points; nobody reads smaller letters
_LIKE = 24  # colours whose red, green and blue differ by less look the same
_FEWEST = 20  # characters; a page of a scan may have a stamp
_Ground = tuple[int, Shape]
"""A picture or a filled shape, with its place in the order of painting."""


@dataclass(frozen=True)
class Style:
    """What the characters of one text object share."""

    font: Font
    size: float
    quarter: int | None  # turns of the text, anticlockwise; None for a slanted line
    is_painted: bool
    colour: tuple[int, int, int] | None
    baseline: tuple[float, float]
    place: int | None  # in the order of painting; None in a form


def visible(
    owners: Sequence[int],
    boxes: NDArray[np.float64],
    styles: Mapping[int, Style],
    painted: Iterable[_Ground],
    page_box: Rectangle,
) -> NDArray[np.bool_]:
    """Which characters a reader sees; of a scan those that text recognition has put under its picture.

    `owners` are the text objects of the characters, 0 for none; `styles` are those of the objects.
    """
    left, bottom, right, top = page_box
    middles = (boxes[:, :2] + boxes[:, 2:]) / 2
    inside = (middles >= (left - 1, bottom - 1)).all(axis=1) & (middles <= (right + 1, top + 1)).all(axis=1)
    large = _large(owners, (boxes[:, 3] - boxes[:, 1]).tolist(), styles)
    readable = inside & np.array([owner in large for owner in owners], np.bool_)
    grounds = [(place, shape) for place, shape in painted if shape.is_picture or shape.fill]
    decided: dict[int, bool] = {}
    shown = np.zeros(len(owners), np.bool_)
    for place in np.flatnonzero(readable).tolist():
        owner = owners[place]
        if owner not in decided:
            decided[owner] = _is_shown(styles[owner], middles[place], grounds)
        shown[place] = decided[owner]
    area = (right - left) * (top - bottom)
    is_scan = shown.sum() < _FEWEST and any(
        shape.is_picture and _area(shape.box) > 0.7 * area for _, shape in grounds
    )
    if not is_scan:
        return shown
    return shown | readable & np.array(
        [bool(owner) and not _is_white(styles[owner]) for owner in owners], np.bool_
    )


def _large(owners: Sequence[int], heights: Sequence[float], styles: Mapping[int, Style]) -> set[int]:
    """The text objects whose letters are large enough to read.

    The size of a font of drawn glyphs means nothing; the height of its tallest letter counts.
    """
    tallest: dict[Font, float] = {}
    for owner, height in zip(owners, heights, strict=True):
        if owner and height > tallest.get(styles[owner].font, 0.0):
            tallest[styles[owner].font] = height
    return {
        owner
        for owner, style in styles.items()
        if max(style.size, 0.0 if style.font.name else tallest.get(style.font, 0.0)) >= SMALLEST
    }


def _is_white(style: Style) -> bool:
    return style.is_painted and style.colour is not None and min(style.colour) > 255 - _LIKE


def _is_shown(style: Style, middle: NDArray[np.float64], grounds: Sequence[_Ground]) -> bool:
    """Whether a text object is painted, not covered by a picture, and unlike its ground."""
    if not style.is_painted:
        return False
    x, y = float(middle[0]), float(middle[1])
    ground: tuple[int, int, int] | None = (255, 255, 255)
    for place, shape in grounds:
        left, bottom, right, top = shape.box
        if not (left <= x <= right and bottom <= y <= top):
            continue
        if style.place is None or place < style.place:
            ground = None if shape.is_picture else shape.fill
        elif shape.is_picture:
            return False
    if style.colour is None or ground is None:
        return True
    return max(abs(ours - theirs) for ours, theirs in zip(style.colour, ground, strict=True)) >= _LIKE


def _area(box: Rectangle) -> float:
    return max(0.0, box[2] - box[0]) * max(0.0, box[3] - box[1])

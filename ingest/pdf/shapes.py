"""Rectangles, pictures and paths on a page."""

from dataclasses import dataclass

Rectangle = tuple[float, float, float, float]
"""Left, top, right, bottom in points from the top left corner of the page as it is seen."""


@dataclass(frozen=True)
class Shape:
    """A picture or path on a page; `fill` is the colour of its inside, if it has one."""

    box: Rectangle
    is_picture: bool
    fill: tuple[int, int, int] | None

"""The frame of a page: the rectangle in which most of its text stands upright."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ingest.pdf.shapes import Rectangle


@dataclass(frozen=True)
class Frame:
    """A page turned until its text stands upright: sides in points.

    `turns` quarter turns, clockwise, lead from the page as it is seen to this frame.
    """

    width: float
    height: float
    turns: int = 0

    @property
    def sides(self) -> tuple[float, float]:
        """The width and the height of the page as it is seen."""
        return (self.height, self.width) if self.turns % 2 else (self.width, self.height)

    def seen(self, boxes: NDArray[np.float64]) -> NDArray[np.float64]:
        """Boxes of the frame as boxes of the page as it is seen."""
        return _turned(boxes, -self.turns % 4, self.width, self.height)


def upright(boxes: NDArray[np.float64], page_box: Rectangle, turns: int) -> NDArray[np.float64]:
    """Boxes of PDF space (from the bottom left) in the frame after clockwise quarter turns."""
    left, bottom, right, top = page_box
    seen = np.stack([boxes[:, 0] - left, top - boxes[:, 3], boxes[:, 2] - left, top - boxes[:, 1]], axis=1)
    return _turned(seen, turns, right - left, top - bottom)


def _turned(boxes: NDArray[np.float64], turns: int, width: float, height: float) -> NDArray[np.float64]:
    """Boxes in a frame of the given sides after clockwise quarter turns of it."""
    for _ in range(turns % 4):
        boxes = np.stack([height - boxes[:, 3], boxes[:, 0], height - boxes[:, 1], boxes[:, 2]], axis=1)
        width, height = height, width
    return boxes

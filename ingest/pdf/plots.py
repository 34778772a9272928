"""Plots: figures that a page draws with paths."""

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from ingest.pdf.shapes import Rectangle, Shape

_CELL = 5.0  # points: paths that are nearer belong to one figure
_FEWEST_PATHS = 8
_THICK = 2.0  # points; thinner paths are rules
_SMALLEST_SIDE = 30.0
_LARGEST = 5e7  # square points: larger pages are posters, or bombs


def plots_of(shapes: Iterable[Shape], width: float, height: float) -> list[Rectangle]:
    """The rectangles around many paths that stand together, not all of them rules."""
    boxes = np.array([shape.box for shape in shapes if not shape.is_picture]).reshape(-1, 4)
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

"""Where the words of a body that is made by hand stand."""

from collections.abc import Sequence

import numpy as np

from rag.body import Runs


def runs_of(rows: Sequence[tuple[int, int, int, int, tuple[float, float, float, float]]]) -> Runs:
    """The runs of rows of start, end, page, line and box, in the order of their starts."""
    boxes = np.array([row[4] for row in rows], np.float32).reshape(-1, 4)
    starts, ends, pages, lines = np.array([row[:4] for row in rows], np.int32).reshape(-1, 4).T
    return Runs(starts, ends, pages, lines, boxes)

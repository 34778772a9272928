"""Fits logistic regressions."""

import numpy as np
from numpy.typing import NDArray

_RIDGE = 0.1

Array = NDArray[np.float64]


def fit(rows: Array, targets: Array, counts: Array | None = None) -> Array:
    """Weights and, last, the bias of a logistic regression, (columns + 1,): Newton's method.

    `counts` say how much each row counts, (rows,); all alike where they are not given.
    """
    rows = np.column_stack([rows, np.ones(len(rows))])
    counts = np.ones(len(rows)) if counts is None else counts
    ridge = np.diag([_RIDGE] * (rows.shape[1] - 1) + [0.0])
    weights = np.zeros(rows.shape[1])
    for _ in range(30):
        likely = 1 / (1 + np.exp(-rows @ weights))
        slope = rows.T @ (counts * (likely - targets)) + ridge @ weights
        weights -= np.linalg.solve((rows.T * (counts * likely * (1 - likely))) @ rows + ridge, slope)
    return weights

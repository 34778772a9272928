"""Rows to means: of all questions, and of those of each tag, with how sure they are."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

import numpy as np

from eval.runner import Row
from eval.scoring import METRICS

_RESAMPLES = 1000
_SEED = 20
_DIGITS = 4


def summarise(rows: Sequence[Row]) -> dict[str, Any]:
    """Counts, and each metric's mean with its 95 % interval: over all rows, and by tag."""
    tagged: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        for tag in row.tags:
            tagged[tag].append(row)
    return {
        "n": len(rows),
        "errors": sum(row.error is not None for row in rows),
        "metrics": _means(rows),
        "by_tag": {tag: _means(tagged[tag]) for tag in sorted(tagged)},
    }


def _means(rows: Sequence[Row]) -> dict[str, dict[str, Any]]:
    return {metric: _mean(rows, metric) for metric in METRICS}


def _mean(rows: Sequence[Row], metric: str) -> dict[str, Any]:
    """The mean over the rows to which the metric applies; None, and n 0, where it applies to none."""
    by_case: dict[str, list[float]] = defaultdict(list)
    for row in rows:
        value = row.scores.get(metric)
        if value is not None:
            by_case[row.case_id].append(value)
    cases = list(by_case.values())
    values = [value for case in cases for value in case]
    if not values:
        return {"mean": None, "n": 0, "ci95": [None, None]}
    low, high = interval([sum(case) for case in cases], [len(case) for case in cases])
    return {
        "mean": round(sum(values) / len(values), _DIGITS),
        "n": len(values),
        "ci95": [round(low, _DIGITS), round(high, _DIGITS)],
    }


def interval(sums: Sequence[float], counts: Sequence[int]) -> tuple[float, float]:
    """The 95 % interval of a mean by bootstrap over cases (Efron, 1979), the same at each call.

    The turns of a conversation are drawn together: they are no independent observations. `sums`
    and `counts` are those of each case's values.
    """
    drawn = np.random.default_rng(_SEED).integers(len(sums), size=(_RESAMPLES, len(sums)))
    means = np.array(sums)[drawn].sum(axis=1) / np.array(counts)[drawn].sum(axis=1)
    low, high = np.percentile(means, [2.5, 97.5])
    return float(low), float(high)

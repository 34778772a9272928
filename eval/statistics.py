"""How certain a mean or a difference is, given the questions."""

import math
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

_RESAMPLES = 1000
_SEED = 20
_TAIL = 0.025  # on each side of a 95 % interval


def interval(sums: Sequence[float], counts: Sequence[int]) -> tuple[float, float]:
    """The 95 % interval of a mean by bootstrap over cases (Efron, 1979), the same for each call.

    The turns of a conversation are drawn together, as they are not independent. `sums` and `counts`
    are those of each case's values; for a difference, of the differences of its pairs.
    """
    drawn = _draws(len(sums))
    means = (drawn @ np.asarray(sums, float)) / (drawn @ np.asarray(counts, float))
    low, high = np.percentile(means, [100 * _TAIL, 100 * (1 - _TAIL)])
    return float(low), float(high)


def unanimous_interval(cases: int, *, is_one: bool) -> tuple[float, float]:
    """The 95 % interval of a share if every case has 1, or every case 0, and the bootstrap sees no spread.

    Exact for cases that are right or wrong (Clopper and Pearson, 1934): `(0.025 ** (1 / cases), 1)` for 1.
    """
    edge = _TAIL ** (1 / cases)
    return (edge, 1.0) if is_one else (0.0, 1 - edge)


def sign_test(better: int, worse: int) -> float:
    """The two-sided p-value of the sign test, ties left out (Dixon and Mood, 1946).

    It is the probability of a split at least as uneven if both signs were equally likely; 1 without pairs.
    """
    pairs = better + worse
    tail = sum(math.comb(pairs, few) for few in range(min(better, worse) + 1))
    return min(1.0, tail / 2 ** (pairs - 1)) if pairs else 1.0


@lru_cache(maxsize=8)  # 4 MB for 1,000 cases
def _draws(cases: int) -> NDArray[Any]:
    """How often each case is drawn in each resample, (resamples, cases)."""
    shares = np.full(cases, 1 / cases)
    return np.random.default_rng(_SEED).multinomial(cases, shares, size=_RESAMPLES).astype(np.float32)

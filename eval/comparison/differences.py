"""A metric over the pairs of two runs: the difference, its interval, and how many cases moved."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from eval.comparison.pairs import RowPair
from eval.metrics.registry import Metric
from eval.outcomes import Kind, Outcome
from eval.statistics import interval, sign_test
from eval.summary import PickLayer

_DIGITS = 4  # as in the summary of a run
_NOISE = 9  # digits that decide whether a case moved; the rest is rounding error


@dataclass(frozen=True)
class Difference:
    """A metric over the pairs that have a value in both runs; all None where there are no such pairs.

    `before` and `after` are its means, `difference` is after - before, rounded to four digits like
    its 95 % interval. `higher`, `lower` and `equal` count cases, `p` is that of the sign test. `unpaired`
    counts the pairs where one or both runs lack a value although the metric applies.
    """

    metric: Metric
    pairs: int = 0
    before: float | None = None
    after: float | None = None
    difference: float | None = None
    ci95: tuple[float | None, float | None] = (None, None)
    higher: int = 0
    lower: int = 0
    equal: int = 0
    p: float | None = None
    unpaired: Mapping[tuple[Kind, Kind], int] = field(default_factory=dict)

    @property
    def better(self) -> int | None:
        """The number of cases that became better; None for a metric that is neither good nor bad."""
        return {1: self.higher, -1: self.lower, 0: None}[self.metric.better]

    @property
    def worse(self) -> int | None:
        return {1: self.lower, -1: self.higher, 0: None}[self.metric.better]

    def to_dict(self) -> dict[str, Any]:
        return {
            "pairs": self.pairs,
            "cases": self.higher + self.lower + self.equal,
            "before": self.before,
            "after": self.after,
            "difference": self.difference,
            "ci95": list(self.ci95),
            "higher": self.higher,
            "lower": self.lower,
            "equal": self.equal,
            "better": self.better,
            "worse": self.worse,
            "p": self.p,
            "unpaired": [
                {"before": before, "after": after, "n": number}
                for (before, after), number in self.unpaired.items()
            ],
        }


def differ(pairs: Sequence[RowPair], metric: Metric, pick: PickLayer) -> Difference:
    """The difference of a metric, by paired bootstrap over cases, and the sign test over them."""
    by_case: dict[str, list[tuple[float, float]]] = defaultdict(list)
    unpaired: Counter[tuple[Kind, Kind]] = Counter()
    for pair in pairs:
        before, after = (pick(row).get(metric.name, Outcome()) for row in (pair.before, pair.after))
        if before.value is not None and after.value is not None:
            by_case[pair.before.case_id].append((before.value, after.value))
        elif (before.kind, after.kind) != ("not applicable", "not applicable"):
            unpaired[before.kind, after.kind] += 1
    ordered = dict(sorted(unpaired.items()))
    # Sorted by id, so that the order of the rows does not matter.
    cases = [by_case[case_id] for case_id in sorted(by_case)]
    return _over(cases, metric, ordered) if cases else Difference(metric, unpaired=ordered)


def _over(
    cases: Sequence[Sequence[tuple[float, float]]],
    metric: Metric,
    unpaired: Mapping[tuple[Kind, Kind], int],
) -> Difference:
    sums = [sum(after - before for before, after in case) for case in cases]
    counts = [len(case) for case in cases]
    pairs = sum(counts)
    moved = Counter(_sign(total) for total in sums)
    low, high = interval(sums, counts)
    return Difference(
        metric=metric,
        pairs=pairs,
        before=_rounded(sum(before for case in cases for before, _ in case) / pairs),
        after=_rounded(sum(after for case in cases for _, after in case) / pairs),
        difference=_rounded(sum(sums) / pairs),
        ci95=(_rounded(low), _rounded(high)),
        higher=moved[1],
        lower=moved[-1],
        equal=moved[0],
        p=sign_test(moved[1], moved[-1]),
        unpaired=unpaired,
    )


def _sign(total: float) -> int:
    value = round(total, _NOISE)
    return (value > 0) - (value < 0)


def _rounded(value: float) -> float:
    return round(value, _DIGITS) + 0.0  # never -0.0

"""From rows to means, over all questions and by tag, with their intervals."""

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from eval.metrics.registry import JUDGED, METRICS, Metric
from eval.outcomes import Outcome, Outcomes
from eval.rows import Row
from eval.statistics import interval, unanimous_interval

_DIGITS = 4

PickLayer = Callable[[Row], Outcomes]
"""Takes the outcomes of one layer from a row."""


def summarise(rows: Sequence[Row]) -> dict[str, Any]:
    """Counts, and each metric's mean with its 95 % interval, over all rows and by tag.

    Beside each mean stand the numbers of rows with a value (`n`), of those to which the metric does not
    apply, and of those where it failed; for faithfulness also who checked the answers (None for quotations
    alone). `judge` has the same for the judge layer, where a judge was asked.
    """
    tagged: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        for tag in row.tags:
            tagged[tag].append(row)
    summary: dict[str, Any] = {
        "n": len(rows),
        "errors": sum(row.error is not None for row in rows),
        **_layer(rows, tagged, METRICS, lambda row: row.outcomes),
    }
    summary["metrics"]["faithfulness"]["checked_by"] = checked_by(rows)
    if any(row.judged for row in rows):
        summary["judge"] = _layer(rows, tagged, JUDGED, lambda row: row.judged)
    return summary


def checked_by(rows: Sequence[Row]) -> str | None:
    """Who checked the answers; None if nobody did."""
    judges = {row.answer.get("checked_by") for row in rows if row.answer}
    return ", ".join(sorted(filter(None, judges))) or None


def _layer(
    rows: Sequence[Row], tagged: Mapping[str, Sequence[Row]], metrics: Mapping[str, Metric], pick: PickLayer
) -> dict[str, Any]:
    def means(some: Sequence[Row]) -> dict[str, dict[str, Any]]:
        return {name: mean(some, metric, pick) for name, metric in metrics.items()}

    return {"metrics": means(rows), "by_tag": {tag: means(tagged[tag]) for tag in sorted(tagged)}}


def mean(rows: Sequence[Row], metric: Metric, pick: PickLayer) -> dict[str, Any]:
    """The mean over the rows with a value; None, and n 0, where there is none.

    `unchecked` counts the sentences that nobody judged, which are in no value.
    """
    outcomes = [(row.case_id, pick(row).get(metric.name, Outcome())) for row in rows]
    kinds = Counter(outcome.kind for _, outcome in outcomes)
    by_case: dict[str, list[float]] = defaultdict(list)
    for case_id, outcome in outcomes:
        if outcome.value is not None:
            by_case[case_id].append(outcome.value)
    values = [value for case in by_case.values() for value in case]
    return {
        "mean": round(sum(values) / len(values), _DIGITS) if values else None,
        "n": len(values),
        "ci95": _interval(list(by_case.values()), metric),
        "not_applicable": kinds["not applicable"],
        "errors": kinds["error"],
        **({"unchecked": sum(outcome.unchecked for _, outcome in outcomes)} if metric.is_judged else {}),
    }


def _interval(cases: Sequence[Sequence[float]], metric: Metric) -> list[float | None]:
    if not cases:
        return [None, None]
    distinct = {value for case in cases for value in case}
    if not metric.unit and distinct in ({0.0}, {1.0}):
        ends = unanimous_interval(len(cases), is_one=distinct == {1.0})
    elif len(cases) == 1:  # it says nothing about others
        return [None, None] if metric.unit else [0.0, 1.0]
    else:
        ends = interval([sum(case) for case in cases], [len(case) for case in cases])
    return [round(end, _DIGITS) for end in ends]

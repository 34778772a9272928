"""The numbers of a report: which are shown, and how they are formatted."""

from collections.abc import Mapping
from typing import Any

from eval.markdown import NONE
from eval.metrics.registry import JUDGED, MAIN, METRICS, Metric
from eval.rows import Row


def format_value(value: float | None, metric: Metric) -> str:
    """A mean, or an end of its interval; words and requests have one decimal."""
    if value is None:
        return NONE
    return f"{value:.1f}" if metric.unit in ("words", "requests") else f"{value:.3f}"


def format_interval(mean: Mapping[str, Any], metric: Metric) -> str:
    low, high = mean["ci95"]
    return "" if low is None else f"{format_value(low, metric)} to {format_value(high, metric)}"


def format_score(row: Row, name: str) -> str:
    """The value of a metric for one question, without trailing zeros."""
    outcome = (row.outcomes | row.judged).get(name)
    if outcome is None or outcome.value is None:
        return "error" if outcome and outcome.is_error else NONE
    metric = (METRICS | JUDGED).get(name)  # None for one of an earlier version
    if outcome.value in (0, 1) or (metric and metric.unit in ("words", "requests")):
        return f"{outcome.value:.0f}"
    return f"{outcome.value:.2f}"


def scored_metrics(summary: Mapping[str, Any], names: tuple[str, ...] = MAIN) -> list[str]:
    """The metrics of a layer that have a value, or failed, for any question."""
    means = summary["metrics"]
    return [name for name in names if name in means and (means[name]["n"] or means[name]["errors"])]

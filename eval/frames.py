"""Runs and comparisons as pandas frames. This module loads pandas."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from pandas import DataFrame

from eval.metrics.registry import JUDGED, METRICS
from eval.outcomes import Outcome
from eval.rows import Row


def make_frame(rows: Sequence[Row]) -> DataFrame:
    """One line per question or turn, one column per metric.

    The columns are `id`, `turn`, `tags` (a tuple), `question`, `status`, `answer` (its text) and `error`,
    then each metric as a float, NaN where it has no value. The metrics of the judge layer have columns
    only where a judge was asked. `outcomes_frame` says why a value is missing.
    """
    names = [*METRICS, *(JUDGED if any(row.judged for row in rows) else ())]
    frame = DataFrame([_texts(row) for row in rows], columns=list(_texts(Row("", 1, ""))))
    for name in names:
        frame[name] = [(row.outcomes | row.judged).get(name, Outcome()).value for row in rows]
    return frame.astype(dict.fromkeys(names, "float64"))


def outcomes_frame(rows: Iterable[Row]) -> DataFrame:
    """One line per outcome.

    The columns are `id`, `turn`, `metric`, `layer` ("deterministic" or "judge"), `kind` ("scored",
    "not applicable" or "error"), `value` (NaN where there is none) and `explanation`.
    """
    lines = [
        (row.case_id, row.turn, name, layer, outcome.kind, outcome.value, outcome.explanation)
        for row in rows
        for layer, outcomes in (("deterministic", row.outcomes), ("judge", row.judged))
        for name, outcome in outcomes.items()
    ]
    columns = ["id", "turn", "metric", "layer", "kind", "value", "explanation"]
    return DataFrame(lines, columns=columns).astype({"value": "float64"})


def records_frame(records: Iterable[Mapping[str, Any]]) -> DataFrame:
    """One line per record, one column per field."""
    return DataFrame(list(records))


def _texts(row: Row) -> dict[str, Any]:
    answer = row.answer or {}
    return {
        "id": row.case_id,
        "turn": row.turn,
        "tags": row.tags,
        "question": row.question,
        "status": answer.get("status"),
        "answer": answer.get("text"),
        "error": row.error,
    }

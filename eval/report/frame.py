"""A run as pandas frames: wide with a column a metric, and long with a row an outcome."""

from typing import TYPE_CHECKING, Any

from eval.metrics.registry import JUDGED, METRICS
from eval.outcomes import Outcomes
from eval.rows import Row
from eval.run import Run

if TYPE_CHECKING:
    from pandas import DataFrame


def make_frame(run: Run) -> "DataFrame":
    """A row a question or turn: `id`, `turn`, `tags` (a tuple), `question`; where there is one, `status`,
    `answer` (its text) and `error`; then each metric's value as a float, NaN where it is not scored.

    The metrics of the judge layer have columns where a judge was asked. `outcomes_frame` tells why a value
    is missing.
    """
    from pandas import DataFrame

    names = [*METRICS, *(JUDGED if any(row.judged for row in run.rows) else ())]
    frame = DataFrame([_texts(row) for row in run.rows], columns=list(_texts(_NOTHING)))
    for name in names:
        frame[name] = [_value(row.outcomes | row.judged, name) for row in run.rows]
    return frame.astype(dict.fromkeys(names, "float64"))


def outcomes_frame(run: Run) -> "DataFrame":
    """A row an outcome: `id`, `turn`, `metric`, `layer` ("deterministic" or "judge"), `kind` ("scored",
    "not applicable" or "error"), `value` (NaN where there is none), `explanation`."""
    from pandas import DataFrame

    rows = [
        (row.case_id, row.turn, name, layer, outcome.kind, outcome.value, outcome.explanation)
        for row in run.rows
        for layer, outcomes in (("deterministic", row.outcomes), ("judge", row.judged))
        for name, outcome in outcomes.items()
    ]
    columns = ["id", "turn", "metric", "layer", "kind", "value", "explanation"]
    return DataFrame(rows, columns=columns).astype({"value": "float64"})


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


def _value(outcomes: Outcomes, name: str) -> float | None:
    return outcomes[name].value if name in outcomes else None


_NOTHING = Row("", 1, "")

"""What went wrong with a question, in a few words."""

from collections.abc import Sequence

from eval.metrics.registry import JUDGED, METRICS
from eval.outcomes import Outcome
from eval.rows import Row

ERROR, UNSCORED = "error", "not all scored"
FAULTS = {
    "over_refusal": "wrongly refused",
    "abstention_recall": "not refused",
    "faithfulness": "claims not supported",
    "judge_faithfulness": "judge: claims not supported",
    "citation_validity": "broken citations",
    "hit@5": "no right paper among five",
    "fact_recall": "facts missing",
    "filter_accuracy": "other years",
}
"""By metric, what a value below the best one means; the gravest first."""
KINDS = (ERROR, *FAULTS.values(), UNSCORED)
"""All kinds of faults, the gravest first."""


def find_faults(row: Row) -> list[str]:
    """What went wrong, the gravest first."""
    outcomes = row.outcomes | row.judged
    if row.error is not None:
        return [ERROR]
    faults = [words for name, words in FAULTS.items() if is_fault(name, outcomes.get(name))]
    return [*faults, UNSCORED] if any(outcome.is_error for outcome in outcomes.values()) else faults


def is_fault(name: str, outcome: Outcome | None) -> bool:
    """Whether a metric shows a fault, that is, has a value but not the best one."""
    if name not in FAULTS or outcome is None or outcome.value is None:
        return False
    return outcome.value != (1 if (METRICS | JUDGED)[name].better == 1 else 0)


def gravity(faults: Sequence[str]) -> tuple[int, int]:
    """A sort key: the gravest fault first, then the number of faults."""
    return min(map(KINDS.index, faults), default=len(KINDS)), -len(faults)

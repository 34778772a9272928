"""What went wrong in a question, in a few words each."""

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
"""By metric: what a value says that is not the best one, the gravest first."""
KINDS = (ERROR, *FAULTS.values(), UNSCORED)
"""All that there are, the gravest first."""


def find_faults(row: Row) -> list[str]:
    """What went wrong, the gravest first; nothing where all is as it should be."""
    outcomes = row.outcomes | row.judged
    if row.error is not None:
        return [ERROR]
    found = [words for name, words in FAULTS.items() if is_fault(name, outcomes.get(name))]
    return [*found, UNSCORED] if any(outcome.is_error for outcome in outcomes.values()) else found


def is_fault(name: str, outcome: Outcome | None) -> bool:
    """Whether a metric tells that something went wrong: its value is not the best that there is."""
    if name not in FAULTS or outcome is None or outcome.value is None:
        return False
    return outcome.value != (1 if (METRICS | JUDGED)[name].better == 1 else 0)


def gravity(faults: Sequence[str]) -> tuple[int, int]:
    """A key that puts the gravest first: by the gravest fault, then by how many there are."""
    return min(map(KINDS.index, faults), default=len(KINDS)), -len(faults)

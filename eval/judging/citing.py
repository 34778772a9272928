"""ALCE's metrics of citations by the verdicts of a judge."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import TypeVar

from eval import metrics
from eval.metrics import Supports
from eval.outcomes import Outcome
from eval.supporting import named, share_outcome, unchecked_words
from rag.checking import Statement
from rag.types import Claim

Result = TypeVar("Result")


class UncheckedError(Exception):
    """The judge showed no words for a verdict of support."""


def recall_outcome(statements: Sequence[Statement], supports: Supports) -> Outcome:
    """ALCE's citation recall over the sentences that were judged."""
    verdicts = [_unless_unchecked(partial(metrics.is_supported, each, supports)) for each in statements]
    unsaid = [each.text for each, verdict in zip(statements, verdicts, strict=True) if verdict is False]
    why = f"not supported by the papers cited: {named(unsaid)}" if unsaid else ""
    return share_outcome([verdict for verdict in verdicts if verdict is not None], len(statements), why)


def precision_outcome(
    claims: Sequence[Claim], statements: Sequence[Statement], unknown: int, supports: Supports
) -> Outcome:
    """ALCE's citation precision over the markers of the sentences that were judged."""
    needed: list[bool] = []
    idle: list[str] = []
    unchecked = 0
    for claim, statement in zip(claims, statements, strict=True):
        marks = _unless_unchecked(partial(metrics.needed_markers, statement, supports))
        if marks is None:
            unchecked += 1
            continue
        needed += marks
        idle += [
            f"[{number}] of “{claim.text}”"
            for number, is_needed in zip(claim.citations, marks, strict=True)
            if not is_needed
        ]
    value = metrics.citation_precision(needed, unknown)
    why = [f"not needed: {named(idle)}"] if idle else []
    why += [f"{unknown} markers name no paper"] if unknown else []
    why += [unchecked_words(unchecked)] if unchecked else []
    if value is None and not why:
        why = ["it cites nothing"]
    return Outcome(value, "; ".join(why), unchecked=unchecked)


def _unless_unchecked(compute: Callable[[], Result]) -> Result | None:
    try:
        return compute()
    except UncheckedError:
        return None

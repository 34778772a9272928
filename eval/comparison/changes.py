"""The questions that changed sides: between right and wrong, or answered and refused."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from eval.comparison.pairs import RowPair, place_dict
from eval.metrics.registry import Metric
from eval.rows import Place, Row
from eval.summary import PickLayer

STATUS = "status"
_HALF = 0.5  # separates the sides of a metric in [0, 1]

Direction = Literal["worse", "mixed", "better"]
_ORDER: tuple[Direction, ...] = ("worse", "mixed", "better")


@dataclass(frozen=True)
class SideChange:
    """A metric, or the status ("answered", "refused"), that changed sides."""

    name: str
    before: float | str
    after: float | str
    is_better: bool

    def to_dict(self) -> dict[str, Any]:
        return {"name": self.name, "before": self.before, "after": self.after, "better": self.is_better}


@dataclass(frozen=True)
class ChangedQuestion:
    """A question with everything of it that changed sides."""

    place: Place
    question: str
    tags: tuple[str, ...]
    changes: tuple[SideChange, ...]

    @property
    def verdict(self) -> Direction:
        ways = {change.is_better for change in self.changes}
        if len(ways) == 2:
            return "mixed"
        return "better" if ways == {True} else "worse"

    def to_dict(self) -> dict[str, Any]:
        return {
            **place_dict(self.place),
            "question": self.question,
            "tags": list(self.tags),
            "verdict": self.verdict,
            "changes": [change.to_dict() for change in self.changes],
        }


def find_changed(
    pairs: Sequence[RowPair], metrics: Mapping[str, Metric], pick: PickLayer, *, with_status: bool
) -> tuple[ChangedQuestion, ...]:
    """The questions that changed sides, the worse ones first, otherwise in the order of the pairs."""
    questions = []
    for pair in pairs:
        changes = [*_status_change(pair)] if with_status else []
        changes += _crossings(pair, metrics, pick)
        if changes:
            questions.append(ChangedQuestion(pair.place, pair.before.question, pair.tags, tuple(changes)))
    return tuple(sorted(questions, key=lambda changed: _ORDER.index(changed.verdict)))


def _status_change(pair: RowPair) -> Iterator[SideChange]:
    before, after = _status(pair.before), _status(pair.after)
    if before and after and before != after:
        is_right = (after == "answered") == pair.after.expected.answerable
        yield SideChange(STATUS, before, after, is_right)


def _status(row: Row) -> str | None:
    """None where there is no answer. A partial answer counts as answered."""
    if row.answer is None:
        return None
    return "refused" if row.answer.get("status") == "refused" else "answered"


def _crossings(pair: RowPair, metrics: Mapping[str, Metric], pick: PickLayer) -> Iterator[SideChange]:
    before, after = pick(pair.before), pick(pair.after)
    for name, metric in metrics.items():
        if metric.unit or not metric.better or name not in before or name not in after:
            continue
        old, new = before[name].value, after[name].value
        if old is not None and new is not None and (old < _HALF) != (new < _HALF):
            yield SideChange(name, old, new, is_better=(new > old) == (metric.better > 0))

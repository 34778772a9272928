"""The questions that changed side: from right to wrong or back, from answered to refused or back."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from eval.comparison.pairs import Pair, place_dict
from eval.metrics.registry import Metric
from eval.rows import Place, Row
from eval.summary import Layer

STATUS = "status"
_HALF = 0.5  # a value of a metric in [0, 1] is on the one side below it, on the other from it on

Verdict = Literal["worse", "mixed", "better"]
_ORDER: tuple[Verdict, ...] = ("worse", "mixed", "better")


@dataclass(frozen=True)
class Change:
    """A metric's value, or the status ("answered", "refused"), that crossed over."""

    name: str
    before: float | str
    after: float | str
    is_better: bool

    def to_dict(self) -> dict[str, Any]:
        return {"name": self.name, "before": self.before, "after": self.after, "better": self.is_better}


@dataclass(frozen=True)
class Changed:
    """A question with all that crossed over."""

    place: Place
    question: str
    tags: tuple[str, ...]
    changes: tuple[Change, ...]

    @property
    def verdict(self) -> Verdict:
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
    pairs: Sequence[Pair], metrics: Mapping[str, Metric], layer: Layer, *, with_status: bool
) -> tuple[Changed, ...]:
    """The questions of which anything crossed over: the worse first, each kind in order of the pairs."""
    found = []
    for pair in pairs:
        changes = [*_status_change(pair)] if with_status else []
        changes += _crossings(pair, metrics, layer)
        if changes:
            found.append(Changed(pair.place, pair.before.question, pair.tags, tuple(changes)))
    return tuple(sorted(found, key=lambda changed: _ORDER.index(changed.verdict)))


def _status_change(pair: Pair) -> Iterator[Change]:
    before, after = _status(pair.before), _status(pair.after)
    if before and after and before != after:
        is_right = (after == "answered") == pair.after.expected.answerable
        yield Change(STATUS, before, after, is_right)


def _status(row: Row) -> str | None:
    """None where there is no answer. One in part is an answer."""
    if row.answer is None:
        return None
    return "refused" if row.answer.get("status") == "refused" else "answered"


def _crossings(pair: Pair, metrics: Mapping[str, Metric], layer: Layer) -> Iterator[Change]:
    before, after = layer(pair.before), layer(pair.after)
    for name, metric in metrics.items():
        if metric.unit or not metric.better or name not in before or name not in after:
            continue
        old, new = before[name].value, after[name].value
        if old is not None and new is not None and (old < _HALF) != (new < _HALF):
            yield Change(name, old, new, is_better=(new > old) == (metric.better > 0))

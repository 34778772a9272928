"""The comparison of two runs: pairs of rows, differences, changes, and conditions."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from eval.comparison.changes import ChangedQuestion, find_changed
from eval.comparison.conditions import Condition, find_differing, find_notes
from eval.comparison.differences import Difference, differ
from eval.comparison.pairs import Pairing, RowPair, pair_rows, place_dict
from eval.errors import RunError
from eval.metrics.registry import JUDGED, METRICS, Metric
from eval.run import Run
from eval.summary import PickLayer

if TYPE_CHECKING:
    from pandas import DataFrame


@dataclass(frozen=True)
class Layer:
    """The differences of one layer's metrics by name, over all pairs and by tag, and what changed side."""

    metrics: Mapping[str, Difference]
    by_tag: Mapping[str, Mapping[str, Difference]]
    changed: Sequence[ChangedQuestion]

    def to_dict(self) -> dict[str, Any]:
        return {
            "metrics": _dicts(self.metrics),
            "by_tag": {tag: _dicts(differences) for tag, differences in self.by_tag.items()},
            "changed": [changed.to_dict() for changed in self.changed],
        }


@dataclass(frozen=True)
class Side:
    """One of the two runs: name, start, number of questions, and number without an answer."""

    name: str
    started: str | None
    n: int
    errors: int


@dataclass(frozen=True)
class Comparison:
    """`deterministic` and `judge` are the two layers; `judge` is None unless both runs were judged.

    `pairing` says which questions are compared and which are left out, `differing` how the records of the
    runs differ, and `notes` what a reader must know about that.
    """

    before: Side
    after: Side
    pairing: Pairing
    deterministic: Layer
    judge: Layer | None
    differing: Sequence[Condition]
    notes: Sequence[str]

    @property
    def layers(self) -> dict[str, Layer]:
        both = {"deterministic": self.deterministic}
        return both | {"judge": self.judge} if self.judge else both

    def to_dict(self) -> dict[str, Any]:
        """What `compare --json` prints; `judge` is absent where the judge layer is not compared."""
        compared = {
            "before": asdict(self.before),
            "after": asdict(self.after),
            "pairs": len(self.pairing.pairs),
            "only_before": [place_dict(place) for place in self.pairing.only_before],
            "only_after": [place_dict(place) for place in self.pairing.only_after],
            "unlike": [unlike.to_dict() for unlike in self.pairing.unlike],
            "notes": list(self.notes),
            "differing": [asdict(condition) for condition in self.differing],
            **self.deterministic.to_dict(),
        }
        return compared | {"judge": self.judge.to_dict()} if self.judge else compared

    def frame(self) -> "DataFrame":
        """A pandas frame with one line per metric: over all pairs (`tag` is missing), then for each tag."""
        from eval.frames import records_frame

        return records_frame(self._records())

    def _records(self) -> Iterator[dict[str, Any]]:
        for name, layer in self.layers.items():
            groups: list[tuple[str | None, Mapping[str, Difference]]] = [(None, layer.metrics)]
            for tag, differences in [*groups, *layer.by_tag.items()]:
                for difference in differences.values():
                    numbers = difference.to_dict()
                    numbers["low"], numbers["high"] = numbers.pop("ci95")
                    del numbers["unpaired"]
                    yield {"layer": name, "metric": difference.metric.name, "tag": tag, **numbers}


def compare(before: Run, after: Run) -> Comparison:
    """Compare two runs. Raises RunError if they have no question in common."""
    pairing = pair_rows(before.rows, after.rows)
    if not pairing.pairs:
        raise RunError(
            f"{before.name} and {after.name} have no question in common: compare runs of the same questions"
        )
    differing = find_differing(before.record, after.record)
    are_judged = before.is_judged and after.is_judged
    return Comparison(
        before=_side(before),
        after=_side(after),
        pairing=pairing,
        deterministic=_layer(pairing.pairs, METRICS, lambda row: row.outcomes, with_status=True),
        judge=_layer(pairing.pairs, JUDGED, lambda row: row.judged) if are_judged else None,
        differing=differing,
        notes=tuple(find_notes(before, after, differing)),
    )


def _side(run: Run) -> Side:
    errors = sum(row.error is not None for row in run.rows)
    started = run.record.get("started")
    return Side(run.name, str(started) if started else None, len(run.rows), errors)


def _layer(
    pairs: Sequence[RowPair], metrics: Mapping[str, Metric], pick: PickLayer, *, with_status: bool = False
) -> Layer:
    def differences(some: Sequence[RowPair]) -> dict[str, Difference]:
        return {name: differ(some, metric, pick) for name, metric in metrics.items()}

    tagged: dict[str, list[RowPair]] = defaultdict(list)
    for pair in pairs:
        for tag in pair.tags:
            tagged[tag].append(pair)
    return Layer(
        metrics=differences(pairs),
        by_tag={tag: differences(tagged[tag]) for tag in sorted(tagged)},
        changed=find_changed(pairs, metrics, pick, with_status=with_status),
    )


def _dicts(differences: Mapping[str, Difference]) -> dict[str, Any]:
    return {name: difference.to_dict() for name, difference in differences.items()}

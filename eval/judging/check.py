"""A judge judged: its verdicts on claims whose labels are known."""

import threading
from collections import Counter
from collections.abc import Generator, Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import Any

import numpy as np

from eval.judging.base import SUPPORTED, JudgeInput, ModelJudge, Verdict
from eval.judging.pool import in_threads
from eval.labelled import LabelledClaim
from eval.metrics.agreement import accuracy, cohen_kappa
from eval.statistics import interval, unanimous_interval
from rag.library.progress import Track, untracked
from rag.model.usage import total_usage
from rag.support import Judge

THREE = (SUPPORTED, "contradicted", "not mentioned")
TWO = (SUPPORTED, "not supported")

_AT_A_TIME = 10  # claims of a judge without a model
_RESAMPLES = 1000
_SEED = 20
_DIGITS = 4

Pair = tuple[str, str]
"""The class that was given, and the one that is right."""


@dataclass(frozen=True)
class CheckedClaim:
    """A claim, and what the judge said of it."""

    claim: LabelledClaim
    verdict: Verdict

    def pair(self, classes: Sequence[str]) -> Pair:
        """In these classes. A claim of which a part is not there is, as a whole, not mentioned."""
        return _among(classes, self.verdict.label or ""), _among(classes, self.claim.label)

    def to_dict(self, classes: Sequence[str]) -> dict[str, Any]:
        """`given` is the judge's own word, None upon an error; so is `right`."""
        given, expected = self.pair(classes)
        return {
            "id": self.claim.id,
            "kind": self.claim.kind,
            "label": self.claim.label,
            "given": self.verdict.label,
            "right": None if self.verdict.is_error else given == expected,
            "reason": self.verdict.reason,
        }


def check_judge(
    claims: Sequence[LabelledClaim], judge: Judge | ModelJudge, workers: int = 4, track: Track = untracked
) -> dict[str, Any]:
    """How well a judge judges: JSON types, rows under `claims`.

    `accuracy` and `kappa` (Cohen's) are over `classes`: three where judge and labels tell contradicted from
    not mentioned, else two; under `supported` both are over the two that the metrics use. Intervals are
    95 %, by bootstrap over claims. Verdicts that are errors are counted, but enter no value.
    Raises KeyRefusedError, ModelMissingError.
    """
    work = _by_model(claims, judge, workers) if isinstance(judge, ModelJudge) else _by_rules(claims, judge)
    with closing(work) as batches:
        by_id = {one.claim.id: one for batch in track(batches, "claims", len(claims)) for one in batch}
    checked = [by_id[claim.id] for claim in claims]
    readable = [one for one in checked if not one.verdict.is_error]
    classes = _classes(claims, judge)
    return {
        "judge": judge.name,
        "n": len(checked),
        "errors": len(checked) - len(readable),
        "classes": list(classes),
        **_agreement([one.pair(classes) for one in readable]),
        "supported": _agreement([one.pair(TWO) for one in readable]),
        "confusion": _confusion(readable),
        "by_kind": _by_kind(checked, classes),
        "usage": total_usage(one.verdict.usage for one in checked),
        "claims": [one.to_dict(classes) for one in checked],
    }


def _by_model(
    claims: Sequence[LabelledClaim], judge: ModelJudge, workers: int
) -> Generator[list[CheckedClaim], None, None]:
    def work(claim: LabelledClaim, _: threading.Event) -> list[CheckedClaim]:
        return [CheckedClaim(claim, judge.verdict(JudgeInput.for_support(claim.claim, claim.passages)))]

    return in_threads(work, claims, workers)


def _by_rules(claims: Sequence[LabelledClaim], judge: Judge) -> Generator[list[CheckedClaim], None, None]:
    for start in range(0, len(claims), _AT_A_TIME):
        some = claims[start : start + _AT_A_TIME]
        supports = judge.judge([(claim.claim, claim.passages) for claim in some])
        yield [
            CheckedClaim(
                claim,
                Verdict(TWO[not support.supported], float(support.supported), ", ".join(support.reasons)),
            )
            for claim, support in zip(some, supports, strict=True)
        ]


def _classes(claims: Sequence[LabelledClaim], judge: Judge | ModelJudge) -> tuple[str, ...]:
    """The classes that both the judge and the labels tell apart."""
    known = {claim.label for claim in claims}.union(judge.labels if isinstance(judge, ModelJudge) else TWO)
    return TWO if "not supported" in known else THREE


def _among(classes: Sequence[str], label: str) -> str:
    """The class that a label or a verdict means; the last one is all that is not another."""
    return label if label in classes else classes[-1]


def _agreement(pairs: Sequence[Pair]) -> dict[str, Any]:
    return {"accuracy": _accuracy(pairs), "kappa": _kappa(pairs)}


def _accuracy(pairs: Sequence[Pair]) -> dict[str, Any]:
    right = [given == expected for given, expected in pairs]
    ends: Sequence[float] | None = None
    if len(set(right)) == 1:
        ends = unanimous_interval(len(right), is_one=right[0])
    elif right:
        ends = interval(list(map(float, right)), [1] * len(right))
    return _figure(accuracy(pairs), len(pairs), ends)


def _kappa(pairs: Sequence[Pair]) -> dict[str, Any]:
    drawn = (
        np.random.default_rng(_SEED).integers(len(pairs), size=(_RESAMPLES, len(pairs))) if pairs else ()
    )
    values = [cohen_kappa(pairs[place] for place in places) for places in drawn]
    known = [value for value in values if value is not None]
    ends = np.percentile(known, [2.5, 97.5]).tolist() if known else None
    return _figure(cohen_kappa(pairs), len(pairs), ends)


def _figure(value: float | None, n: int, ends: Sequence[float] | None) -> dict[str, Any]:
    return {
        "value": None if value is None else round(value, _DIGITS),
        "n": n,
        "ci95": [round(end, _DIGITS) for end in ends] if ends else [None, None],
    }


def _confusion(checked: Sequence[CheckedClaim]) -> dict[str, dict[str, int]]:
    """How often each verdict was given to the claims of each label."""
    counts: dict[str, Counter[str]] = {}
    for one in checked:
        counts.setdefault(one.claim.label, Counter())[str(one.verdict.label)] += 1
    return {label: dict(sorted(given.items())) for label, given in sorted(counts.items())}


def _by_kind(checked: Sequence[CheckedClaim], classes: Sequence[str]) -> dict[str, dict[str, Any]]:
    kinds: dict[str, list[CheckedClaim]] = {}
    for one in checked:
        kinds.setdefault(one.claim.kind, []).append(one)
    return {kind: _of_kind(some, classes) for kind, some in sorted(kinds.items())}


def _of_kind(checked: Sequence[CheckedClaim], classes: Sequence[str]) -> dict[str, Any]:
    pairs = [one.pair(classes) for one in checked if not one.verdict.is_error]
    return {"n": len(checked), "errors": len(checked) - len(pairs), "accuracy": _accuracy(pairs)}

"""A judge judged: its verdicts on claims whose labels are known."""

import threading
from collections import Counter
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import Any

import numpy as np

from eval.judging.base import SUPPORTED, UNCHECKED, JudgeInput, ModelJudge, Verdict
from eval.judging.pool import in_threads
from eval.labelled import LabelledClaim
from eval.metrics import share
from eval.statistics import interval, unanimous_interval
from rag.checking.agreement import cohen_kappa
from rag.library.progress import Track, untracked
from rag.model.base import Usage
from rag.model.usage import total_usage

THREE = (SUPPORTED, "contradicted", "not found")
TWO = (SUPPORTED, "not supported")

_AT_A_TIME = 20  # claims
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

    @property
    def is_judged(self) -> bool:
        return self.verdict.value is not None

    @property
    def is_true(self) -> bool:
        return self.claim.label == SUPPORTED

    def pair(self, classes: Sequence[str]) -> Pair:
        """In these classes. A claim of which a part is not there is, as a whole, not found."""
        given = SUPPORTED if self.verdict.supported else self.verdict.label
        return _among(classes, given or ""), _among(classes, self.claim.label)

    def to_dict(self, classes: Sequence[str]) -> dict[str, Any]:
        """`given` is the judge's own word, None upon an error; `right` is None without a verdict."""
        given, expected = self.pair(classes)
        return {
            "id": self.claim.id,
            "kind": self.claim.kind,
            "label": self.claim.label,
            "given": self.verdict.label,
            "right": given == expected if self.is_judged else None,
            "reason": self.verdict.reason,
        }


def check_judge(
    claims: Sequence[LabelledClaim], judge: ModelJudge, workers: int = 4, track: Track = untracked
) -> dict[str, Any]:
    """How well a judge judges: JSON types, rows under `claims`.

    `accuracy` and `kappa` (Cohen's) are over `classes`: three where judge and labels tell contradicted from
    not found, else two; under `supported` both are over the two that the metrics use. `false_alarms` is
    the share of supported claims that the judge does not find supported, `passed` that of the others
    that it does. Intervals are 95 %, by bootstrap over claims. `errors` counts verdicts that cannot be
    read, `unchecked` those without the words that show them; neither enters a value.
    Raises KeyRefusedError, ModelMissingError.
    """
    batches = [claims[start : start + _AT_A_TIME] for start in range(0, len(claims), _AT_A_TIME)]
    usage: Usage = {}
    by_id: dict[str, CheckedClaim] = {}

    def work(batch: Sequence[LabelledClaim], _: threading.Event) -> tuple[list[CheckedClaim], Usage]:
        used: Usage = {}
        verdicts = judge.verdicts([JudgeInput.for_support(claim.statement) for claim in batch], used)
        return list(map(CheckedClaim, batch, verdicts)), used

    with closing(in_threads(work, batches, workers)) as done:
        for batch in track((_counted(each, usage) for each in done), "claims", len(claims)):
            by_id |= {one.claim.id: one for one in batch}
    checked = [by_id[claim.id] for claim in claims]
    judged = [one for one in checked if one.is_judged]
    classes = _classes(claims, judge)
    return {
        "judge": judge.name,
        "n": len(checked),
        **_not_judged(checked),
        "classes": list(classes),
        **_agreement([one.pair(classes) for one in judged]),
        "supported": _agreement([one.pair(TWO) for one in judged]),
        "false_alarms": _share([not one.verdict.supported for one in judged if one.is_true]),
        "passed": _share([bool(one.verdict.supported) for one in judged if not one.is_true]),
        "confusion": _confusion(checked),
        "by_kind": _by_kind(checked, classes),
        "usage": usage,
        "claims": [one.to_dict(classes) for one in checked],
    }


def _counted(done: tuple[list[CheckedClaim], Usage], usage: Usage) -> list[CheckedClaim]:
    """The claims of a batch; adds to `usage`."""
    checked, used = done
    usage |= total_usage([usage, used])
    return checked


def _not_judged(checked: Sequence[CheckedClaim]) -> dict[str, int]:
    return {
        "errors": sum(one.verdict.is_error for one in checked),
        "unchecked": sum(one.verdict.label == UNCHECKED for one in checked),
    }


def _classes(claims: Sequence[LabelledClaim], judge: ModelJudge) -> tuple[str, ...]:
    """The classes that both the judge and the labels tell apart."""
    return TWO if TWO[1] in {*judge.labels, *(claim.label for claim in claims)} else THREE


def _among(classes: Sequence[str], label: str) -> str:
    """The class that a label or a verdict means; the last one is all that is not another."""
    return label if label in classes else classes[-1]


def _agreement(pairs: Sequence[Pair]) -> dict[str, Any]:
    return {"accuracy": _share([given == expected for given, expected in pairs]), "kappa": _kappa(pairs)}


def _share(flags: Sequence[bool]) -> dict[str, Any]:
    ends: Sequence[float] | None = None
    if len(set(flags)) == 1:
        ends = unanimous_interval(len(flags), is_one=flags[0])
    elif flags:
        ends = interval(list(map(float, flags)), [1] * len(flags))
    return _figure(share(flags), len(flags), ends)


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
        counts.setdefault(one.claim.label, Counter())[one.verdict.label or "error"] += 1
    return {label: dict(sorted(given.items())) for label, given in sorted(counts.items())}


def _by_kind(checked: Sequence[CheckedClaim], classes: Sequence[str]) -> dict[str, dict[str, Any]]:
    kinds: dict[str, list[CheckedClaim]] = {}
    for one in checked:
        kinds.setdefault(one.claim.kind, []).append(one)
    return {kind: _of_kind(some, classes) for kind, some in sorted(kinds.items())}


def _of_kind(checked: Sequence[CheckedClaim], classes: Sequence[str]) -> dict[str, Any]:
    pairs = [one.pair(classes) for one in checked if one.is_judged]
    return {
        "n": len(checked),
        **_not_judged(checked),
        "accuracy": _share([given == expected for given, expected in pairs]),
    }

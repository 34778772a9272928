"""Fits the weights of the judge of support on SciFact's training claims, and prints them as JSON.

    python -m benchmarks.calibrate_support --data FOLDER > rag/support/calibration.json

Each claim is seen with each abstract that it cites, and once more with a quote of it: the rationale,
or, where nothing in the abstract decides, its nearest sentence. So the judge is calibrated for both.
The areas under the ROC curve are by cross-validation; claims that share an abstract stay together.
"""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.commands import parser
from benchmarks.scifact import CitedClaim, SciFact
from benchmarks.support import area
from rag.embedding import embedded_encoder
from rag.support import CalibratedJudge
from rag.support.case import Case

EVIDENCE = ("match", "sentence", "covered", "lacks_number", "lacks_name")
AGREEMENT = ("direction", "negation", "parity", "turned", "lacks_number")
SUPPORTED = 0.45  # see `source` below
_RIDGE = 0.1
_FOLDS = 10
_QUOTED = 2  # sentences of a rationale
_SOURCE = (
    "Logistic regressions by benchmarks/calibrate_support.py on the training claims of SciFact (Wadden et "
    "al., 2020), with the abstracts they cite and with quotes of them: evidence on SUPPORT and CONTRADICT "
    "against none, agreement on SUPPORT against CONTRADICT; the areas are by cross-validation. `supported` "
    "was set by hand so that about 94 in 100 sentences of our digests are supported by their papers."
)

Array = NDArray[np.float64]


def fit(rows: Array, targets: Array, counts: Array | None = None) -> Array:
    """Weights and, last, the bias of a logistic regression, (columns + 1,): Newton's method.

    `counts` say how much each row counts, (rows,); all alike where they are not given.
    """
    rows = np.column_stack([rows, np.ones(len(rows))])
    counts = np.ones(len(rows)) if counts is None else counts
    ridge = np.diag([_RIDGE] * (rows.shape[1] - 1) + [0.0])
    weights = np.zeros(rows.shape[1])
    for _ in range(30):
        likely = 1 / (1 + np.exp(-rows @ weights))
        slope = rows.T @ (counts * (likely - targets)) + ridge @ weights
        weights -= np.linalg.solve((rows.T * (counts * likely * (1 - likely))) @ rows + ridge, slope)
    return weights


def groups(claims: Sequence[CitedClaim]) -> NDArray[np.int64]:
    """A number for each, the same for those that share the claim or the abstract, (claims,)."""
    numbers = list(range(len(claims)))
    while True:
        before = numbers
        for texts in ([each.claim for each in claims], [each.title for each in claims]):
            lowest: dict[str, int] = {}
            for text, number in zip(texts, numbers, strict=True):
                lowest[text] = min(lowest.get(text, number), number)
            numbers = [lowest[text] for text in texts]
        if numbers == before:
            return np.array(numbers)


def quote(case: Case, claim: CitedClaim) -> tuple[str, ...]:
    """The title with the sentences that decide, or else with the nearest one."""
    nearest = case.sentences[1 + int(case.matches.similar[1:].argmax())].text
    return claim.title, *(claim.rationale[:_QUOTED] or (nearest,))


def main() -> None:
    options = parser(__doc__)
    options.add_argument("--data", type=Path, required=True, help="the folder of SciFact")
    claims = SciFact(options.parse_args().data).claims("train")
    judge = CalibratedJudge(embedded_encoder())
    whole = _cases(judge, [(each.claim, (each.title, *each.sentences)) for each in claims])
    quotes = [(each.claim, quote(case, each)) for case, each in zip(whole, claims, strict=True)]
    fitted = _fitted(whole + _cases(judge, quotes), claims)
    print(json.dumps({"source": _SOURCE, **fitted, "supported": SUPPORTED}, indent=2))


def _cases(judge: CalibratedJudge, pairs: Sequence[tuple[str, Sequence[str]]]) -> list[Case]:
    return [case for case in judge.cases(pairs) if case]


def _fitted(cases: Sequence[Case], claims: Sequence[CitedClaim]) -> dict[str, Any]:
    """The weights of both regressions, and the areas that they reach on whole abstracts."""
    verdicts = np.array([each.verdict for each in claims])
    decided = verdicts != "NONE"
    folds = groups(claims) % _FOLDS
    evidence, evident = _regression(cases, EVIDENCE, decided, np.ones_like(decided), folds)
    agreement, agreeing = _regression(cases, AGREEMENT, verdicts == "SUPPORT", decided, folds)
    values = _sigmoid(evident) * _sigmoid(agreeing)
    areas = {
        "auc_support_rest": area(values, verdicts == "SUPPORT"),
        "auc_support_contradict": area(values[decided], verdicts[decided] == "SUPPORT"),
        "auc_evidence_none": area(evident, decided),
    }
    return {"evidence": evidence, "agreement": agreement, "cross_validated": areas}


def _regression(
    cases: Sequence[Case],
    names: Sequence[str],
    is_positive: NDArray[np.bool_],
    is_used: NDArray[np.bool_],
    folds: NDArray[np.int64],
) -> tuple[dict[str, Any], Array]:
    """A fit to the claims that are used, and the cross-validated logits of all on whole abstracts."""
    features = [case.features for case in cases]
    rows = np.array([[each[name] for name in names] for each in features])
    copies = len(cases) // len(folds)
    targets = np.tile(is_positive, copies).astype(np.float64)
    used = np.tile(is_used, copies)
    weights = fit(rows[used], targets[used])
    logits = np.zeros(len(folds))
    of_rows = np.tile(folds, copies)
    for fold in range(_FOLDS):
        others = fit(rows[used & (of_rows != fold)], targets[used & (of_rows != fold)])
        held_out = rows[: len(folds)][folds == fold]
        logits[folds == fold] = held_out @ others[:-1] + others[-1]
    rounded = [round(float(weight), 3) for weight in weights]
    return {"weights": dict(zip(names, rounded, strict=False)), "bias": rounded[-1]}, logits


def _sigmoid(logits: Array) -> Array:
    likely: Array = 1 / (1 + np.exp(-logits))
    return likely


if __name__ == "__main__":
    main()

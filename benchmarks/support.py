"""How well the judge of support tells claims apart: SciFact's claims with the abstracts that they cite.

    python -m benchmarks.support --data FOLDER

prints one JSON line of areas under the ROC curve: `auc_support_rest` (supporting abstracts against all
others, by value), `auc_support_contradict` (against contradicting ones, by value) and `auc_evidence_none`
(either against those without evidence, by evidence).
"""

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.commands import parser
from benchmarks.scifact import CitedClaim, SciFact
from rag.embedding import embedded_encoder
from rag.support import CalibratedJudge, Judge, Support

_BATCH = 50  # claims


def measure(judge: Judge, claims: Sequence[CitedClaim]) -> dict[str, float]:
    """The three areas, and which shares of the claims of each verdict count as supported."""
    judged = in_batches(judge, [(each.claim, (each.title, " ".join(each.sentences))) for each in claims])
    values = np.array([support.value for support in judged])
    evidence = np.array([support.evidence for support in judged])
    supported = np.array([support.supported for support in judged])
    verdicts = np.array([each.verdict for each in claims])
    decided = verdicts != "NONE"
    return {
        "auc_support_rest": area(values, verdicts == "SUPPORT"),
        "auc_support_contradict": area(values[decided], verdicts[decided] == "SUPPORT"),
        "auc_evidence_none": area(evidence, decided),
        **{
            f"supported_{verdict.lower()}": round(float(supported[verdicts == verdict].mean()), 4)
            for verdict in ("SUPPORT", "CONTRADICT", "NONE")
        },
    }


def in_batches(judge: Judge, pairs: Sequence[tuple[str, Sequence[str]]]) -> list[Support]:
    """The verdict on each pair of a claim and its passages."""
    starts = range(0, len(pairs), _BATCH)
    return [support for start in starts for support in judge.judge(pairs[start : start + _BATCH])]


def area(values: NDArray[np.float64], is_positive: NDArray[np.bool_]) -> float:
    """The area under the ROC curve: how often a positive has the greater value; a tie counts half."""
    positives, negatives = values[is_positive][:, None], values[~is_positive][None, :]
    return round(float((positives > negatives).mean() + (positives == negatives).mean() / 2), 4)


def main() -> None:
    options = parser(__doc__)
    options.add_argument("--data", type=Path, required=True, help="the folder of SciFact")
    options.add_argument("--split", choices=("dev", "train"), default="dev")
    arguments = options.parse_args()
    claims = SciFact(arguments.data).claims(arguments.split)
    print(json.dumps(measure(CalibratedJudge(embedded_encoder()), claims)))


if __name__ == "__main__":
    main()

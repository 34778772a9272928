"""The weights and thresholds of the judge, from `calibration.json`, which says where they come from.

`python -m benchmarks.calibrate_support --data FOLDER` fits them anew.
"""

import json
from dataclasses import dataclass
from functools import cache
from importlib import resources

from rag.logistic import Logistic


@dataclass(frozen=True)
class Calibration:
    """What was fitted; from `supported` on a value counts as support."""

    evidence: Logistic
    agreement: Logistic
    supported: float


@cache
def calibration() -> Calibration:
    """The calibration that comes with the program."""
    stored = json.loads(
        resources.files(__package__).joinpath("calibration.json").read_text(encoding="utf-8")
    )
    return Calibration(
        evidence=Logistic(**stored["evidence"]),
        agreement=Logistic(**stored["agreement"]),
        supported=stored["supported"],
    )

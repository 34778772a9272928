"""The weights and thresholds of the judge, from `calibration.json`, which says where they come from.

`python -m benchmarks.calibrate_support --data FOLDER` fits them anew.
"""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources


@dataclass(frozen=True)
class Logistic:
    """A logistic regression: the probability that goes with the features of a claim."""

    weights: Mapping[str, float]
    bias: float

    def __call__(self, features: Mapping[str, float]) -> float:
        """In (0, 1)."""
        logit = self.bias + sum(weight * features[name] for name, weight in self.weights.items())
        return 1 / (1 + math.exp(-logit))


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

"""A fitted logistic regression."""

import math
from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Logistic:
    """A probability from features and their weights."""

    weights: Mapping[str, float]
    bias: float

    def log_odds(self, features: Mapping[str, float]) -> float:
        """Above 0 for a probability above 0.5; features without a weight are ignored."""
        return self.bias + sum(weight * features[name] for name, weight in self.weights.items())

    def __call__(self, features: Mapping[str, float]) -> float:
        """The probability, in (0, 1)."""
        return 1 / (1 + math.exp(-self.log_odds(features)))

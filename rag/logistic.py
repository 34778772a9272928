"""A logistic regression whose weights are known."""

import math
from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Logistic:
    """How likely something is, from its features and the weight of each."""

    weights: Mapping[str, float]
    bias: float

    def log_odds(self, features: Mapping[str, float]) -> float:
        """Above 0 where it is likelier than not; features without a weight are ignored."""
        return self.bias + sum(weight * features[name] for name, weight in self.weights.items())

    def __call__(self, features: Mapping[str, float]) -> float:
        """The probability, in (0, 1)."""
        return 1 / (1 + math.exp(-self.log_odds(features)))

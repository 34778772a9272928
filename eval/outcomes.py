"""What a metric says of one answer: a value, that it does not apply, or an error; and why."""

from dataclasses import dataclass
from typing import Literal

Kind = Literal["scored", "not applicable", "error"]


@dataclass(frozen=True)
class Outcome:
    """One of the three: never is one taken for another, and none is dropped in silence."""

    value: float | None = None
    explanation: str = ""
    is_error: bool = False

    @property
    def kind(self) -> Kind:
        if self.is_error:
            return "error"
        return "not applicable" if self.value is None else "scored"


def scored(value: float, explanation: str = "") -> Outcome:
    return Outcome(float(value), explanation)


def not_applicable(explanation: str) -> Outcome:
    return Outcome(None, explanation)


def failed(explanation: str) -> Outcome:
    return Outcome(None, explanation, is_error=True)


Outcomes = dict[str, Outcome]
"""An outcome a metric, by its name."""

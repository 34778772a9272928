"""The outcome of a metric for one answer: a value, not applicable, or an error; and why."""

from dataclasses import dataclass
from typing import Literal

Kind = Literal["scored", "not applicable", "error"]


@dataclass(frozen=True)
class Outcome:
    """The outcome of a metric for one answer, of one of the three kinds.

    `unchecked` counts the sentences that are left out because nobody judged them.
    """

    value: float | None = None
    explanation: str = ""
    is_error: bool = False
    unchecked: int = 0

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
"""Outcomes by the name of their metric."""

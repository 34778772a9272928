"""Conditions on a run, or on the difference between two, that decide an exit code."""

import math
import operator
import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from eval.comparison import Comparison
from eval.errors import GateError
from eval.metrics.registry import JUDGED, METRICS
from eval.rows import Row
from eval.summary import mean

_OPERATORS: Mapping[str, Callable[[float, float], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
_GATE = re.compile(r"\s*([^\s\[\]<>=!]+)\s*(?:\[(.*)\]\s*)?([<>=!]+)\s*(\S+)\s*", re.DOTALL)
_DIGITS = 4  # decimals of means and differences: a gate decides by what is printed
_EXAMPLE = '"hit@5>=0.9" or "faithfulness[single]<-0.02"'

Option = Literal["--fail-on", "--require"]


@dataclass(frozen=True)
class Gate:
    """A condition on a metric, over all questions or those with a tag; `text` is as the user wrote it."""

    text: str
    metric: str
    tag: str | None
    operator: str
    number: float

    def holds(self, value: float) -> bool:
        return _OPERATORS[self.operator](value, self.number)


@dataclass(frozen=True)
class GateResult:
    """Whether a gate passed, and why: `value` and `ci95` of a mean or a difference, over `n` questions."""

    option: Option
    gate: Gate
    passed: bool
    value: float | None
    ci95: tuple[float | None, float | None]
    n: int

    @property
    def verdict(self) -> str:
        return "passed" if self.passed else "failed"

    @property
    def explanation(self) -> str:
        """Why, in one line."""
        what, sign = ("difference", "+") if self.option == "--fail-on" else ("mean", "")
        if self.value is None:
            return f"no question has a value, so there is no {what}"
        ends = " to ".join(f"{end:{sign}.{_DIGITS}f}" for end in self.ci95 if end is not None)
        sure = f"{ends}, " if ends else ""
        return f"the {what} is {self.value:{sign}.{_DIGITS}f} ({sure}{self.n} questions)"

    def to_dict(self) -> dict[str, Any]:
        return {
            **vars(self),
            "gate": self.gate.text,
            "ci95": list(self.ci95),
            "explanation": self.explanation,
        }


def parse_gate(text: str) -> Gate:
    """The gate that a text such as `hit@1[paraphrase]>=0.3` means. Raises GateError."""
    match = _GATE.fullmatch(text)
    if not match:
        raise GateError(f"`{text}` is no gate: write one like {_EXAMPLE}")
    metric, tag, sign, number = match.groups()
    if metric not in METRICS | JUDGED:
        raise GateError(f"`{text}`: there is no metric {metric}: take one of {', '.join(METRICS | JUDGED)}")
    if sign not in _OPERATORS:
        raise GateError(f"`{text}`: {sign} is not understood: take one of {' '.join(_OPERATORS)}")
    return Gate(text.strip(), metric, tag and tag.strip(), sign, _number(text, number))


def fail_on(gate: Gate, comparison: Comparison) -> GateResult:
    """Fails if the gate holds for the difference, after - before, over the pairs, or if there is none.

    Raises GateError for a tag that no pair has.
    """
    check_tag(gate, comparison.deterministic.by_tag)
    layer = comparison.judge if gate.metric in JUDGED else comparison.deterministic
    if layer is None:
        return GateResult("--fail-on", gate, False, None, (None, None), 0)
    compared = (layer.metrics if gate.tag is None else layer.by_tag[gate.tag])[gate.metric]
    passed = compared.difference is not None and not gate.holds(compared.difference)
    return GateResult("--fail-on", gate, passed, compared.difference, compared.ci95, compared.pairs)


def require(gate: Gate, rows: Sequence[Row]) -> GateResult:
    """Fails if the gate does not hold for the mean over the rows with a value, or if there is none.

    Raises GateError for a tag that no row has.
    """
    check_tag(gate, {tag for row in rows for tag in row.tags})
    some = [row for row in rows if gate.tag is None or gate.tag in row.tags]
    means = mean(some, (METRICS | JUDGED)[gate.metric], lambda row: row.outcomes | row.judged)
    passed = means["mean"] is not None and gate.holds(means["mean"])
    low, high = means["ci95"]
    return GateResult("--require", gate, passed, means["mean"], (low, high), means["n"])


def check_tag(gate: Gate, tags: Collection[str]) -> None:
    """Raises GateError if the gate has a tag that is not among these."""
    if gate.tag is not None and gate.tag not in tags:
        known = f"take one of {', '.join(sorted(tags))}" if tags else "none has any, so leave it out"
        raise GateError(f"`{gate.text}`: no question has the tag {gate.tag}: {known}")


def _number(text: str, written: str) -> float:
    """The number of a gate. Raises GateError, also for more decimals than a mean has."""
    try:
        number = float(written)
    except ValueError:
        number = math.nan
    if not math.isfinite(number) or number != round(number, _DIGITS):
        raise GateError(
            f"`{text}`: {written} is no number of at most {_DIGITS} decimals: write one like 0.9 or -0.02"
        )
    return number

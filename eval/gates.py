"""Conditions on a run, or on a change from one to another, that decide an exit code."""

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
_DIGITS = 4  # decimals that means and differences have: a gate decides by what is printed
_EXAMPLE = '"hit@5>=0.9" or "faithfulness[single]<-0.02"'

Option = Literal["--fail-on", "--require"]


@dataclass(frozen=True)
class Gate:
    """A condition on a metric, of all questions or of those of a tag; `text` is as it was written."""

    text: str
    metric: str
    tag: str | None
    operator: str
    number: float

    def holds(self, value: float) -> bool:
        return _OPERATORS[self.operator](value, self.number)


@dataclass(frozen=True)
class Checked:
    """A gate with what decided it: `value` and `ci95` of a mean or a difference, over `n` questions."""

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
            "option": self.option,
            "gate": self.gate.text,
            "passed": self.passed,
            "value": self.value,
            "ci95": list(self.ci95),
            "n": self.n,
            "explanation": self.explanation,
        }


def parse_gate(text: str) -> Gate:
    """The gate that a text such as `hit@1[paraphrase]>=0.3` means. Raises GateError."""
    found = _GATE.fullmatch(text)
    if not found:
        raise GateError(f"`{text}` is no gate: write one like {_EXAMPLE}")
    metric, tag, sign, number = found.groups()
    if metric not in METRICS | JUDGED:
        raise GateError(f"`{text}`: there is no metric {metric}: take one of {', '.join(METRICS | JUDGED)}")
    if sign not in _OPERATORS:
        raise GateError(f"`{text}`: {sign} is not understood: take one of {' '.join(_OPERATORS)}")
    return Gate(text.strip(), metric, tag and tag.strip(), sign, _number(text, number))


def fail_on(gate: Gate, comparison: Comparison) -> Checked:
    """Fails where the gate holds for the difference, after - before, over the pairs; or there is none.

    Raises GateError for a tag that no pair has.
    """
    check_tag(gate, comparison.deterministic.by_tag)
    layer = comparison.judge if gate.metric in JUDGED else comparison.deterministic
    if layer is None:
        return Checked("--fail-on", gate, False, None, (None, None), 0)
    found = (layer.metrics if gate.tag is None else layer.by_tag[gate.tag])[gate.metric]
    passed = found.difference is not None and not gate.holds(found.difference)
    return Checked("--fail-on", gate, passed, found.difference, found.ci95, found.pairs)


def require(gate: Gate, rows: Sequence[Row]) -> Checked:
    """Fails where the gate does not hold for the mean of the rows that are scored; or there is none.

    Raises GateError for a tag that no row has.
    """
    check_tag(gate, {tag for row in rows for tag in row.tags})
    some = [row for row in rows if gate.tag is None or gate.tag in row.tags]
    if gate.metric in JUDGED:
        found = mean(some, JUDGED[gate.metric], lambda row: row.judged)
    else:
        found = mean(some, METRICS[gate.metric], lambda row: row.outcomes)
    passed = found["mean"] is not None and gate.holds(found["mean"])
    low, high = found["ci95"]
    return Checked("--require", gate, passed, found["mean"], (low, high), found["n"])


def check_tag(gate: Gate, tags: Collection[str]) -> None:
    """Raises GateError where the gate has a tag that is none of these."""
    if gate.tag is not None and gate.tag not in tags:
        known = f"take one of {', '.join(sorted(tags))}" if tags else "none has any, so leave it out"
        raise GateError(f"`{gate.text}`: no question has the tag {gate.tag}: {known}")


def _number(text: str, written: str) -> float:
    """Raises GateError where there are more digits than what it is compared with has, too."""
    try:
        number = float(written)
    except ValueError:
        number = math.nan
    if not math.isfinite(number) or number != round(number, _DIGITS):
        raise GateError(
            f"`{text}`: {written} is no number of at most {_DIGITS} decimals: write one like 0.9 or -0.02"
        )
    return number

"""A run: its conditions, a row for each question, and the means."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from eval.rows import Row
from eval.summary import summarise
from rag.model.usage import total_usage

if TYPE_CHECKING:
    from pandas import DataFrame


@dataclass(frozen=True)
class Run:
    """`record` is as `run.json` holds it (`eval/record.py`), `rows` are in the order of the questions."""

    record: Mapping[str, Any]
    rows: Sequence[Row]

    @property
    def name(self) -> str:
        return str(self.record.get("name", "run"))

    @property
    def is_judged(self) -> bool:
        """Whether a judge was asked about any of its answers."""
        return any(row.judged for row in self.rows)

    def summary(self) -> dict[str, Any]:
        """What `eval --json` prints: counts, means with intervals, the same by tag, and the judge layer's.

        `usage` sums the requests, tokens and cost of the answers, where a model was asked, and `steps` the
        same for each step.
        """
        return self._summary

    @cached_property
    def _summary(self) -> dict[str, Any]:
        summary = summarise(self.rows)
        if "judge" in summary:
            summary["judge"] = {**self.record["judge"], **summary["judge"]}
        answers = [row.answer for row in self.rows if row.answer]
        if usage := total_usage(answer["usage"] for answer in answers):
            summary |= {"usage": usage, "steps": _by_step(answer.get("steps", {}) for answer in answers)}
        return summary | {"seconds": self.record["seconds"]}

    def frame(self) -> "DataFrame":
        """A pandas frame with one line per question or turn, as `eval.frames.make_frame` describes."""
        from eval.frames import make_frame

        return make_frame(self.rows)

    def outcomes_frame(self) -> "DataFrame":
        """A pandas frame with one line per outcome, as `eval.frames.outcomes_frame` describes."""
        from eval.frames import outcomes_frame

        return outcomes_frame(self.rows)


def _by_step(answers: Iterable[Mapping[str, Mapping[str, float]]]) -> dict[str, dict[str, float]]:
    """The sum of each step's usage over answers, in the order of the steps."""
    usages: dict[str, list[Mapping[str, float]]] = {}
    for steps in answers:
        for step, usage in steps.items():
            usages.setdefault(step, []).append(usage)
    return {step: total_usage(some) for step, some in usages.items()}

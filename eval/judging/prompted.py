"""The judge with our own rules: JSON objects in, verdicts in JSON out."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from eval.judging.asked_once import ChatJudge
from eval.judging.base import (
    UNCHECKED,
    JudgeInput,
    Kind,
    Verdict,
    digest,
    quoted,
    score_verdict,
    unreadable,
)
from rag import checking
from rag.checking import Statement
from rag.checking.by_model import NO_ROOM, UNREAD
from rag.checking.verdicts import LABELS, check_rules
from rag.model.base import JUDGING, Usage, read_prompt
from rag.model.replies import read_line, read_object

if TYPE_CHECKING:
    from rag.model.chat import ChatModel

_SCALES: dict[Kind, tuple[int, int]] = {"correctness": (1, 5), "relevancy": (0, 2)}


class PromptedJudge(ChatJudge):
    """Judges claims as answers are checked, and answers by rules of its own."""

    backend = "llm"
    labels = LABELS
    at_once: ClassVar[int] = 20

    def __init__(self, model: "ChatModel", cache: Path) -> None:
        super().__init__(model, cache)
        self._checker = checking.ModelJudge(model, JUDGING)

    def prompt(self, kind: Kind) -> str:
        return digest(_rules(kind))

    def _ask(self, judge_inputs: Sequence[JudgeInput], usage: Usage) -> list[Verdict]:
        if judge_inputs[0].kind == "support":
            verdicts = self._check([judge_input.statement for judge_input in judge_inputs], usage)
            return list(map(_verdict, verdicts))
        (judge_input,) = judge_inputs
        messages = [("system", _rules(judge_input.kind)), ("user", quoted(judge_input.data))]
        return [read_score(judge_input.kind, self._model.ask(messages, usage))]

    def _check(self, statements: Sequence[Statement], usage: Usage) -> list[checking.Verdict]:
        """The verdicts on statements, in several requests if one is too long for the model."""
        verdicts = self._checker.judge(statements, usage)
        left = [place for place, verdict in enumerate(verdicts) if verdict.reason == NO_ROOM]
        if 0 < len(left) < len(statements):
            others = self._check([statements[place] for place in left], usage)
            for place, verdict in zip(left, others, strict=True):
                verdicts[place] = verdict
        return verdicts


def read_score(kind: Kind, reply: str) -> Verdict:
    """The score that a reply holds: one JSON object, in which nothing stands twice."""
    row, (low, high) = read_object(reply), _SCALES[kind]
    score = row.get("score")
    if isinstance(score, bool) or not isinstance(score, int | float) or not low <= score <= high:
        return unreadable(reply)
    return score_verdict(score, (low, high), read_line(row, "reason"))


def _verdict(verdict: checking.Verdict) -> Verdict:
    if verdict.reason in (NO_ROOM, UNREAD):
        return Verdict(None, None, verdict.reason)
    value = None if verdict.check == UNCHECKED else float(verdict.is_supported)
    return Verdict(verdict.check, value, verdict.reason or "")


def _rules(kind: Kind) -> str:
    return check_rules() if kind == "support" else read_prompt(__package__, f"{kind}.txt")

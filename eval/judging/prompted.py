"""The judge with our own rules: JSON objects in, verdicts in JSON out."""

from collections.abc import Sequence
from functools import cache
from importlib import resources
from typing import ClassVar

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
from rag.checking.evidence import own_words
from rag.checking.verdicts import LABELS, check_prompt, check_rules, read_verdicts
from rag.model.base import FRAME_TOKENS, Message, Usage, reply_tokens
from rag.model.replies import read_line, read_object
from rag.tokens import count_tokens

_SCALES: dict[Kind, tuple[int, int]] = {"correctness": (1, 5), "relevancy": (0, 2)}
_LONGEST_REASON = 300  # characters
_VERBATIM = Verdict("verbatim", 1.0)


class PromptedJudge(ChatJudge):
    """Judges claims as answers are checked, and answers by rules of its own."""

    backend = "llm"
    labels = LABELS
    at_once: ClassVar[int] = 12  # verdicts with their quotes fit in a reply

    def prompt(self, kind: Kind) -> str:
        return digest(_rules(kind))

    def _ask(self, judge_inputs: Sequence[JudgeInput], usage: Usage) -> list[Verdict]:
        if judge_inputs[0].kind == "support":
            return self._check([judge_input.statement for judge_input in judge_inputs], usage)
        (judge_input,) = judge_inputs
        messages = [("system", _rules(judge_input.kind)), ("user", quoted(judge_input.data))]
        return [read_score(judge_input.kind, self._model.ask(messages, usage))]

    def _check(self, statements: Sequence[Statement], usage: Usage) -> list[Verdict]:
        """The verdicts on statements; only those that are in other words than their papers are sent."""
        reworded = [statement for statement in statements if not own_words(statement)]
        verdicts = iter(self._sent(reworded, usage) if reworded else ())
        return [next(verdicts) if statement in reworded else _VERBATIM for statement in statements]

    def _sent(self, statements: Sequence[Statement], usage: Usage) -> list[Verdict]:
        """The model's verdicts, in several requests if one is too long for its context."""
        messages = check_prompt(statements)
        if len(statements) > 1 and not self._fits(messages):
            half = len(statements) // 2
            return self._sent(statements[:half], usage) + self._sent(statements[half:], usage)
        reply = self._model.ask(messages, usage)
        return [_verdict(verdict, reply) for verdict in read_verdicts(reply, statements)]

    def _fits(self, messages: Sequence[Message]) -> bool:
        size = sum(count_tokens(text) + FRAME_TOKENS for _, text in messages)
        return size + reply_tokens(self._model.window) <= self._model.window


def read_score(kind: Kind, reply: str) -> Verdict:
    """The score that a reply holds: one JSON object, in which nothing stands twice."""
    row, (low, high) = read_object(reply), _SCALES[kind]
    score = row.get("score")
    if isinstance(score, bool) or not isinstance(score, int | float) or not low <= score <= high:
        return unreadable(reply)
    return score_verdict(score, (low, high), read_line(row, "reason", _LONGEST_REASON))


def _verdict(verdict: checking.Verdict, reply: str) -> Verdict:
    if verdict == checking.Verdict():
        return unreadable(reply)
    value = None if verdict.check == UNCHECKED else float(verdict.is_supported)
    return Verdict(verdict.check, value, verdict.reason or "")


@cache
def _rules(kind: Kind) -> str:
    if kind == "support":
        return check_rules()
    return resources.files(__package__).joinpath(f"{kind}.txt").read_text(encoding="utf-8")

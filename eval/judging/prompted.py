"""The judge with our own rules: one JSON object in, one verdict in JSON out."""

from functools import cache
from importlib import resources

from eval.judging.asked_once import ChatJudge
from eval.judging.base import (
    SUPPORTED,
    JudgeInput,
    Kind,
    Verdict,
    digest,
    quoted,
    score_verdict,
    unreadable,
)
from rag.model.base import Message
from rag.support.verdicts import (
    LABELS,
    read_object,
    read_reason,
    read_verdicts,
    verdict_prompt,
    verdict_rules,
)

_SCALES: dict[Kind, tuple[int, int]] = {"correctness": (1, 5), "relevancy": (0, 2)}


class PromptedJudge(ChatJudge):
    """Sends a claim with its passages, or an answer with its question, as data beside our rules.

    Of claims it asks as the judge of support in answers does.
    """

    backend = "llm"
    labels = LABELS

    def prompt(self, kind: Kind) -> str:
        return digest(_rules(kind))

    def _ask(self, judge_input: JudgeInput, usage: dict[str, float]) -> Verdict:
        return read(judge_input.kind, self._model.ask(_messages(judge_input), usage))


def read(kind: Kind, reply: str) -> Verdict:
    """The verdict that a reply holds: one JSON object, in which nothing stands twice."""
    if kind == "support":
        label, reason = read_verdicts(reply).get(1, (None, ""))
        return Verdict(label, float(label == SUPPORTED), reason) if label else unreadable(reply)
    row, (low, high) = read_object(reply), _SCALES[kind]
    score = row.get("score")
    if isinstance(score, bool) or not isinstance(score, int | float) or not low <= score <= high:
        return unreadable(reply)
    return score_verdict(score, (low, high), read_reason(row))


def _messages(judge_input: JudgeInput) -> list[Message]:
    kind, data = judge_input.kind, judge_input.data
    if kind == "support":
        return verdict_prompt([(data["claim"], data["passages"])])
    return [("system", _rules(kind)), ("user", quoted(data))]


@cache
def _rules(kind: Kind) -> str:
    if kind == "support":
        return verdict_rules()
    return resources.files(__package__).joinpath(f"{kind}.txt").read_text(encoding="utf-8")

"""A scripted model that does each step of an answer: it understands, writes, checks and corrects."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import model_server as served

from rag.checking.verdicts import check_rules


def judged(verdict: str, *words: str, reason: str = "") -> dict[str, Any]:
    """A verdict with the words of the first paper that show it."""
    quotes = [{"paper": 1, "words": each} for each in words]
    return {"quotes": quotes, "reason": reason, "verdict": verdict}


@dataclass
class Steps:
    """What a model replies at each step; `verdicts` are by the words that a sentence begins with.

    The pieces of `written` come one by one. A sentence without a verdict is not found.
    """

    written: Sequence[str]
    understood: Mapping[str, Any] = field(default_factory=dict)
    verdicts: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    corrected: Sequence[str] = ()
    before: Callable[[str], None] = lambda step: None

    def __call__(self, exchange: served.Exchange, body: dict[str, Any]) -> None:
        """Reply to a request, by its system message and its last one."""
        rules, last = body["messages"][0]["content"], body["messages"][-1]["content"]
        if rules == check_rules():
            step, pieces = "check", [self._verdicts(json.loads(last)["sentences"])]
        elif rules.startswith("You prepare the search"):
            step, pieces = (
                "understand",
                [json.dumps({"kind": "single", "queries": []} | {**self.understood})],
            )
        elif '\n{"sentences"' in last:
            rows = [{"number": number, "text": text} for number, text in enumerate(self.corrected, start=1)]
            step, pieces = "repair", [json.dumps({"sentences": rows})]
        else:
            step, pieces = "write", list(self.written)
        self.before(step)
        served.answer(*pieces)(exchange, body)

    def _verdicts(self, sentences: Sequence[Mapping[str, Any]]) -> str:
        return json.dumps(
            {"verdicts": [{"number": row["number"]} | {**self._verdict(row)} for row in sentences]}
        )

    def _verdict(self, row: Mapping[str, Any]) -> Mapping[str, Any]:
        known = (self.verdicts[begin] for begin in self.verdicts if row["sentence"].startswith(begin))
        return next(known, judged("not found"))

"""The judge with our own rules: one JSON object in, one verdict in JSON out."""

import json
from collections.abc import Mapping
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Any

from eval.judging.asking import JUDGING, ask, shortened
from eval.judging.base import SUPPORTED, Asked, Kind, Verdict, attempt, digest, unread
from rag.chat_model import ChatModel
from rag.usage import Prices

if TYPE_CHECKING:
    from llama_index.core.llms import LLM

LABELS = (SUPPORTED, "partly", "contradicted", "not mentioned")

_SCALES: dict[Kind, tuple[int, int]] = {"correctness": (1, 5), "relevancy": (0, 2)}


class PromptedJudge:
    """Sends a claim with its passages, or an answer with its question, as data beside our rules."""

    labels = LABELS

    def __init__(self, llm: "LLM", server: str, prices: Prices | None = None) -> None:
        """`server` names where the model is. `prices` are as in `rag.usage`."""
        self._model = ChatModel(llm, JUDGING, prices)
        self.name = f"llm:{self._model.name}"
        self.model = f"{self._model.name} at {server}"

    def prompt(self, kind: Kind) -> str:
        return digest(_rules(kind))

    def verdict(self, asked: Asked) -> Verdict:
        messages = [("system", _rules(asked.kind)), ("user", asked.text)]
        return attempt(lambda usage: read(asked.kind, ask(self._model, messages, usage)))


def read(kind: Kind, reply: str) -> Verdict:
    """The verdict that a reply holds: one JSON object, in which nothing stands twice."""
    start, end = reply.find("{"), reply.rfind("}")
    try:
        told = json.loads(reply[start : end + 1], object_pairs_hook=_once) if 0 <= start < end else {}
    except (ValueError, RecursionError):
        told = {}
    return _read_label(told, reply) if kind == "support" else _read_score(told, _SCALES[kind], reply)


def _read_label(told: Mapping[str, Any], reply: str) -> Verdict:
    label = told.get("verdict")
    if not isinstance(label, str) or label.lower() not in LABELS:
        return _unreadable(reply)
    return Verdict(label.lower(), float(label.lower() == SUPPORTED), _reason(told))


def _read_score(told: Mapping[str, Any], scale: tuple[int, int], reply: str) -> Verdict:
    score, (low, high) = told.get("score"), scale
    if isinstance(score, bool) or not isinstance(score, int | float) or not low <= score <= high:
        return _unreadable(reply)
    return Verdict(f"{score:g} of {high}", (score - low) / (high - low), _reason(told))


def _reason(told: Mapping[str, Any]) -> str:
    reason = told.get("reason")
    return shortened(reason) if isinstance(reason, str) else ""


def _unreadable(reply: str) -> Verdict:
    return unread(f"no verdict that can be read: {shortened(reply)}")


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Raises ValueError: a name stands twice, so that it is unknown which of the two is meant."""
    told = dict(pairs)
    if len(told) != len(pairs):
        raise ValueError("a name stands twice")
    return told


@cache
def _rules(kind: Kind) -> str:
    return resources.files(__package__).joinpath(f"{kind}.txt").read_text(encoding="utf-8")

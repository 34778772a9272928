"""The judge of support with a language model."""

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from rag.errors import KeyRefusedError, ModelError
from rag.model.base import CHECKING
from rag.support.base import Judge, Support
from rag.support.verdicts import read_verdicts, verdict_prompt

if TYPE_CHECKING:
    from rag.model.chat import ChatModel

_AT_ONCE = 20  # claims in a request
_VALUES = {"supported": 1.0, "partly": 0.4, "contradicted": 0.0, "not mentioned": 0.0}
_EVIDENCE = {"supported": 1.0, "partly": 0.7, "contradicted": 1.0, "not mentioned": 0.0}


class LLMJudge:
    """Asks a model for a verdict on each claim, unless another judge is certain of it.

    Where the model fails or its verdict cannot be read, that other judge takes its place, and the
    reasons say so.
    """

    def __init__(self, model: "ChatModel", otherwise: Judge) -> None:
        self._model = replace(model, use=CHECKING)
        self._otherwise = otherwise

    @property
    def name(self) -> str:
        return f"llm:{self._model.name}"

    def judge(self, pairs: Sequence[tuple[str, Sequence[str]]]) -> list[Support]:
        """The support of each claim by its passages, in requests of 20 claims. Raises KeyRefusedError."""
        supports = self._otherwise.judge(pairs)
        doubtful = [place for place, support in enumerate(supports) if support.value < 1]
        for start in range(0, len(doubtful), _AT_ONCE):
            places = doubtful[start : start + _AT_ONCE]
            verdicts = self._verdicts([pairs[place] for place in places])
            for key, place in enumerate(places, start=1):
                if key in verdicts:
                    supports[place] = _support(*verdicts[key])
                else:
                    reason = f"the model gave no verdict that can be read; judged by {self._otherwise.name}"
                    supports[place] = replace(supports[place], reasons=(reason, *supports[place].reasons))
        return supports

    def _verdicts(self, claims: Sequence[tuple[str, Sequence[str]]]) -> dict[int, tuple[str, str]]:
        """The model's verdicts that can be read, by key; none where it fails."""
        try:
            return read_verdicts(self._model.ask(verdict_prompt(claims), {}))
        except KeyRefusedError:
            raise
        except ModelError:
            return {}


def _support(label: str, why: str) -> Support:
    reason = f"{label}: {why}" if why else label
    return Support(
        value=_VALUES[label],
        supported=label == "supported",
        reasons=(reason,),
        evidence=_EVIDENCE[label],
        conflicts=(reason,) if label == "contradicted" else (),
    )

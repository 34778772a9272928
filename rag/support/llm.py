"""The judge with a language model: any chat model, through LlamaIndex."""

import json
from collections.abc import Mapping, Sequence
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING

from rag.errors import KeyRefusedError, ModelError, ModelFailedError
from rag.model_client import Use, attended, translated
from rag.support.base import Judge, Support

if TYPE_CHECKING:
    from llama_index.core.llms import LLM

JUDGING = Use("ASKPAPERS_MODEL", "judge without a model by unsetting ASKPAPERS_JUDGE")

_AT_ONCE = 20  # claims in a request
_LONGEST_REASON = 200  # characters
_VALUES = {"supported": 1.0, "partly": 0.4, "contradicted": 0.0, "not mentioned": 0.0}
_EVIDENCE = {"supported": 1.0, "partly": 0.7, "contradicted": 1.0, "not mentioned": 0.0}

Pair = tuple[str, Sequence[str]]


class LLMJudge:
    """Asks a model for a verdict on each claim, unless another judge is certain of it.

    Where the model fails or its verdict cannot be read, that one takes its place, and the reasons
    say so.
    """

    def __init__(self, llm: "LLM", otherwise: Judge) -> None:
        self._llm = llm
        self._otherwise = otherwise

    @property
    def name(self) -> str:
        return f"llm:{self._llm.metadata.model_name}"

    def judge(self, pairs: Sequence[Pair]) -> list[Support]:
        """The support of each claim by its passages, in requests of 20 claims. Raises KeyRefusedError."""
        found = self._otherwise.judge(pairs)
        doubtful = [place for place, support in enumerate(found) if support.value < 1]
        for start in range(0, len(doubtful), _AT_ONCE):
            places = doubtful[start : start + _AT_ONCE]
            verdicts = self._verdicts([pairs[place] for place in places])
            for key, place in enumerate(places, start=1):
                found[place] = verdicts.get(key) or _said_by(self._otherwise, found[place])
        return found

    def _verdicts(self, pairs: Sequence[Pair]) -> dict[int, Support]:
        """The model's verdicts that can be read, by key; none where it fails."""
        try:
            return read_verdicts(self._ask(pairs))
        except KeyRefusedError:
            raise
        except ModelError:
            return {}

    def _ask(self, pairs: Sequence[Pair]) -> str:
        from llama_index.core.base.llms.types import ChatMessage, MessageRole

        claims = [
            {"key": key, "claim": claim, "passages": list(passages)}
            for key, (claim, passages) in enumerate(pairs, start=1)
        ]
        messages = [
            ChatMessage(role=MessageRole.SYSTEM, content=_prompt()),
            ChatMessage(role=MessageRole.USER, content=json.dumps({"claims": claims}, ensure_ascii=False)),
        ]
        name = self._llm.metadata.model_name
        with translated(name, JUDGING):
            pieces = [response.delta or "" for response in attended(self._llm.stream_chat(messages))]
        if not (text := "".join(pieces).strip()):
            raise ModelFailedError(f"the model {name} wrote nothing: ask again")
        return text


def read_verdicts(text: str) -> dict[int, Support]:
    """The verdicts that can be read, by key; a key with two verdicts has none."""
    start, end = text.find("{"), text.rfind("}")
    try:
        rows = json.loads(text[start : end + 1])["verdicts"] if 0 <= start < end else []
    except (ValueError, KeyError, TypeError, RecursionError):
        return {}
    verdicts: dict[int, Support] = {}
    seen: set[int] = set()
    for row in rows if isinstance(rows, list) else []:
        key, support = _read(row)
        if support and key not in seen:
            verdicts[key] = support
        elif key in seen:
            verdicts.pop(key, None)
        seen.add(key)
    return verdicts


def _read(row: object) -> tuple[int, Support | None]:
    """The key of a verdict, 0 where it has none, and what it says, None where that is unknown."""
    if not isinstance(row, Mapping) or type(key := row.get("key")) is not int:
        return 0, None
    verdict = row.get("verdict")
    if not isinstance(verdict, str) or verdict not in _VALUES:
        return key, None
    told = row.get("reason")
    reason = f"{verdict}: {told[:_LONGEST_REASON]}" if isinstance(told, str) and told.strip() else verdict
    return key, Support(
        value=_VALUES[verdict],
        supported=verdict == "supported",
        reasons=(reason,),
        evidence=_EVIDENCE[verdict],
        conflicts=(reason,) if verdict == "contradicted" else (),
    )


def _said_by(judge: Judge, support: Support) -> Support:
    reason = f"the model gave no verdict that can be read; judged by {judge.name}"
    return Support(
        support.value, support.supported, (reason, *support.reasons), support.evidence, support.conflicts
    )


@cache
def _prompt() -> str:
    return resources.files(__package__).joinpath("prompt.txt").read_text(encoding="utf-8")

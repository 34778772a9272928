"""A follow-up made whole by a language model: one short request, checked before it is believed."""

import json
from collections.abc import Sequence
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING

from rag.errors import ModelError
from rag.model_client import WRITING, attended, translated
from rag.plain import encodable
from rag.query.checks import LONGEST_QUESTION
from rag.query.follow_up import points_back
from rag.query.history import Turn, newest
from rag.query.understanding import Rewritten
from rag.usage import Prices, add_usage, counts
from rag.words import content_words

if TYPE_CHECKING:
    from llama_index.core.base.llms.types import ChatMessage
    from llama_index.core.llms import LLM

_HISTORY_TOKENS = 1000  # of the turns that the model is shown
_LONGER = 300  # characters that a rewritten question may have more; a model that goes on is stopped
_SHARE = 0.5  # of the question's words that are kept, and of the new one's that were said before


class ModelRewriter:
    """Asks a model to make a question stand alone; where it fails, the rule has to do."""

    def __init__(self, llm: "LLM", prices: Prices | None = None) -> None:
        self._llm = llm
        self._prices = prices

    def __call__(self, question: str, turns: Sequence[Turn]) -> Rewritten:
        """The question with what it leans on, itself where it stands alone, None upon any failure."""
        usage: dict[str, float] = {}
        used: dict[str, int] = {}
        text = ""
        try:
            with translated(self._llm.metadata.model_name, WRITING):
                for response in attended(self._llm.stream_chat(_messages(question, turns))):
                    used |= counts(response.additional_kwargs)
                    text += response.delta or ""
                    if len(text) > len(question) + 2 * _LONGER:
                        break
        except ModelError:  # the writer meets it again, and says so
            return Rewritten(None, usage)
        finally:
            add_usage(usage, used, self._prices)
        rewritten = encodable(text).strip().strip('"“”')
        return Rewritten(rewritten if _is_plausible(rewritten, question, turns) else None, usage)


def _is_plausible(rewritten: str, question: str, turns: Sequence[Turn]) -> bool:
    """Whether this is the question in other words: one line, hardly longer, from what was said."""
    longest = min(len(question) + _LONGER, LONGEST_QUESTION)
    if not 0 < len(rewritten) <= longest or len(rewritten.splitlines()) > 1:
        return False
    new, own = set(content_words(rewritten)), set(content_words(question))
    said = own.union(*(content_words(f"{turn.question} {turn.answer}") for turn in turns))
    if points_back(question) and new <= own:
        return False
    return len(own & new) >= _SHARE * len(own) and len(said & new) >= _SHARE * len(new)


def _messages(question: str, turns: Sequence[Turn]) -> "list[ChatMessage]":
    from llama_index.core.base.llms.types import ChatMessage, MessageRole

    lines = [
        json.dumps({"question": turn.question, "answer": turn.answer}, ensure_ascii=False)
        for turn in newest(turns, _HISTORY_TOKENS)
    ]
    asked = json.dumps({"latest question": question}, ensure_ascii=False)
    return [
        ChatMessage(role=MessageRole.SYSTEM, content=_prompt()),
        ChatMessage(role=MessageRole.USER, content="\n".join([*lines, asked])),
    ]


@cache
def _prompt() -> str:
    return resources.files(__package__).joinpath("rewriting.txt").read_text(encoding="utf-8")

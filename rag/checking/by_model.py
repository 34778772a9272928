"""The judge of sentences with a language model."""

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from rag.checking.base import Statement, Verdict
from rag.checking.evidence import own_words
from rag.checking.verdicts import check_prompt, read_verdicts
from rag.model.base import CHECKING, FRAME_TOKENS, Usage, reply_tokens
from rag.tokens import count_tokens

if TYPE_CHECKING:
    from rag.model.chat import ChatModel

_UNREAD = "the judge gave no verdict that can be read"
_NO_ROOM = "the papers that it cites do not fit in the judge's context"


class ModelJudge:
    """Asks a model, in one request, for a verdict on each statement that is not a paper's own text."""

    def __init__(self, model: "ChatModel") -> None:
        self._model = replace(model, use=CHECKING)

    @property
    def name(self) -> str:
        return f"llm:{self._model.name}"

    def judge(self, statements: Sequence[Statement], usage: Usage) -> list[Verdict]:
        """A verdict on each statement, in order. Raises ModelError, also if the reply is none."""
        quotes = [own_words(statement) for statement in statements]
        verdicts = [
            Verdict("verbatim", (quote,)) if quote else Verdict(reason=_NO_ROOM) for quote in quotes
        ]
        asked = self._fitting([place for place, quote in enumerate(quotes) if not quote], statements)
        if asked:
            reply = self._model.ask(check_prompt([statements[place] for place in asked]), usage)
            given = read_verdicts(reply, [statements[place] for place in asked])
            for place, verdict in zip(asked, given, strict=True):
                verdicts[place] = verdict if verdict != Verdict() else Verdict(reason=_UNREAD)
        return verdicts

    def _fitting(self, places: Sequence[int], statements: Sequence[Statement]) -> list[int]:
        """The first places whose statements, with their papers, fit in the model's context."""
        room = self._model.window - reply_tokens(self._model.window)
        fits = len(places)
        while fits and _size(check_prompt([statements[place] for place in places[:fits]])) > room:
            fits -= 1
        return list(places[:fits])


def _size(messages: Sequence[tuple[str, str]]) -> int:
    return sum(count_tokens(text) + FRAME_TOKENS for _, text in messages)

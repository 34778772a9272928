"""The judge of sentences with a language model."""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from rag.checking.base import Statement, Verdict
from rag.checking.evidence import own_words
from rag.checking.verdicts import check_prompt, read_verdicts
from rag.model.base import CHECKING, FRAME_TOKENS, Usage, Use
from rag.tokens import count_tokens

if TYPE_CHECKING:
    from rag.model.chat import ChatModel

_MOST = 60  # statements in a request; a list has 40
_REPLY, _PER_STATEMENT = 200, 120  # tokens of a reply
UNREAD = "the judge gave no verdict that can be read"
NO_ROOM = "the request to the judge has no room for it"


class ModelJudge:
    """Asks a model, in one request, for a verdict on each statement that is not a paper's own text."""

    def __init__(self, model: "ChatModel", use: Use = CHECKING) -> None:
        self._model = replace(model, use=use)

    @property
    def name(self) -> str:
        return f"llm:{self._model.name}"

    def judge(self, statements: Sequence[Statement], usage: Usage) -> list[Verdict]:
        """A verdict on each statement, in order. Raises ModelError, also if the reply is none."""
        quotes = [own_words(statement) for statement in statements]
        verdicts = [Verdict("verbatim", (quote,)) if quote else Verdict(reason=NO_ROOM) for quote in quotes]
        reworded = [place for place, quote in enumerate(quotes) if not quote]
        if places := self._fitting(reworded, statements):
            fitting = [statements[place] for place in places]
            reply = self._model.ask(check_prompt(fitting), usage, most_tokens=_reply_tokens(len(places)))
            for place, verdict in zip(places, read_verdicts(reply, fitting), strict=True):
                verdicts[place] = verdict if verdict != Verdict() else Verdict(reason=UNREAD)
        return verdicts

    def _fitting(self, places: Sequence[int], statements: Sequence[Statement]) -> Sequence[int]:
        """The first places whose statements, with their papers, fit in the model's context."""

        def size(count: int) -> int:
            messages = check_prompt([statements[place] for place in places[:count]])
            text = sum(count_tokens(text) + FRAME_TOKENS for _, text in messages)
            return text + _reply_tokens(count)

        counts = range(1, min(len(places), _MOST) + 1)
        return places[: bisect_right(counts, self._model.window, key=size)]


def _reply_tokens(statements: int) -> int:
    return _REPLY + _PER_STATEMENT * statements

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
from rag.types import Paper, Passage
from rag.words import content_words

if TYPE_CHECKING:
    from rag.model.chat import ChatModel

_EXCERPTS = (12, 6, 3, 1)  # of a paper, where there is no room for all
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
        places, statements = self._with_room(reworded, statements)
        if places:
            fitting = [statements[place] for place in places]
            reply = self._model.ask(check_prompt(fitting), usage, most_tokens=_reply_tokens(len(places)))
            for place, verdict in zip(places, read_verdicts(reply, fitting), strict=True):
                verdicts[place] = verdict if verdict != Verdict() else Verdict(reason=UNREAD)
        return verdicts

    def _with_room(
        self, places: Sequence[int], statements: Sequence[Statement]
    ) -> tuple[Sequence[int], Sequence[Statement]]:
        """The first places that fit, and the statements, with fewer excerpts of their papers where not all
        of these places would fit else."""
        fitting = self._fitting(places, statements)
        for most in _EXCERPTS:
            if len(fitting) == min(len(places), _MOST):
                break
            statements = _shortened(statements, most)
            fitting = self._fitting(places, statements)
        return fitting, statements

    def _fitting(self, places: Sequence[int], statements: Sequence[Statement]) -> Sequence[int]:
        """The first places whose statements, with their papers, fit in the model's context."""

        def size(count: int) -> int:
            messages = check_prompt([statements[place] for place in places[:count]])
            text = sum(count_tokens(text) + FRAME_TOKENS for _, text in messages)
            return text + _reply_tokens(count)

        counts = range(1, min(len(places), _MOST) + 1)
        return places[: bisect_right(counts, self._model.window, key=size)]


def _shortened(statements: Sequence[Statement], most: int) -> list[Statement]:
    """The statements with the excerpts of each paper that share most words with what cites it."""
    texts: dict[Paper, str] = {}
    for statement in statements:
        for paper in statement.papers:
            texts[paper] = f"{texts.get(paper, '')} {statement.text}"
    short = {paper: _with_nearest(paper, text, most) for paper, text in texts.items()}
    return [replace(each, papers=tuple(short[paper] for paper in each.papers)) for each in statements]


def _with_nearest(paper: Paper, text: str, most: int) -> Paper:
    """The paper with the excerpts that share most words with a text, in their order."""
    words = set(content_words(text))

    def shared(excerpt: Passage) -> int:
        return len(words.intersection(content_words(paper.words_of(excerpt))))

    return paper.shortened(most, shared)


def _reply_tokens(statements: int) -> int:
    return _REPLY + _PER_STATEMENT * statements

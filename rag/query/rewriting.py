"""Lets a language model complete a follow-up in one short request, and checks its reply."""

import json
from collections.abc import Sequence
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING

from rag.errors import ModelError
from rag.model.base import Message
from rag.query.checks import LONGEST_QUESTION
from rag.query.follow_up import points_back
from rag.query.history import Turn, newest
from rag.query.understanding import Rewritten
from rag.words import content_words

if TYPE_CHECKING:
    from rag.model.chat import ChatModel

_HISTORY_TOKENS = 1000  # of turns that the model sees
_LONGER = 300  # characters by which a rewritten question may be longer
_SHARE = 0.5  # of the question's words that must stay, and of the new one's that must be known


def rewrite(model: "ChatModel", question: str, turns: Sequence[Turn]) -> Rewritten:
    """The question as a model completes it; None upon any failure."""
    usage: dict[str, float] = {}
    try:
        reply = model.ask(_messages(question, turns), usage, len(question) + _LONGER)
    except ModelError:  # the writer will meet and report it
        return Rewritten(None, usage)
    rewritten = reply.strip('"“”')
    return Rewritten(rewritten if _is_plausible(rewritten, question, turns) else None, usage)


def _is_plausible(rewritten: str, question: str, turns: Sequence[Turn]) -> bool:
    """Whether this is the question in other words: one line, of words from the conversation."""
    if not 0 < len(rewritten) <= LONGEST_QUESTION or len(rewritten.splitlines()) > 1:
        return False
    new, own = set(content_words(rewritten)), set(content_words(question))
    known = own.union(*(content_words(f"{turn.question} {turn.answer}") for turn in turns))
    if points_back(question) and new <= own:
        return False
    return len(own & new) >= _SHARE * len(own) and len(known & new) >= _SHARE * len(new)


def _messages(question: str, turns: Sequence[Turn]) -> list[Message]:
    lines = [{"question": turn.question, "answer": turn.answer} for turn in newest(turns, _HISTORY_TOKENS)]
    lines.append({"latest question": question})
    dumped = "\n".join(json.dumps(line, ensure_ascii=False) for line in lines)
    return [("system", _prompt()), ("user", dumped)]


@cache
def _prompt() -> str:
    return resources.files(__package__).joinpath("rewriting.txt").read_text(encoding="utf-8")

"""A follow-up made whole: the earlier questions that it leans on."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from rag.query.checks import LONGEST_QUESTION, encodable
from rag.query.year_phrases import without_phrases
from rag.words import content_words

_POINTS_BACK = re.compile(
    r"\b(it|its|they|them|their|that|this|those|these|he|she|ones?|else|the (?:method|model|paper|"
    r"authors?|approach|data ?set|results?|same|others?|first|second|former|latter))\b",
    re.IGNORECASE,
)

_GOES_ON = re.compile(r"(and|but|or|also|what about|how about)\b", re.IGNORECASE)

_LITTLE = 4  # content words of a question that may lean on another

History = Sequence[Mapping[str, Any]]
"""OpenAI-style messages: a role, and a content that is a text or a list of parts."""


def resolve_follow_up(question: str, history: History) -> str | None:
    """The question with what it leans on, or None where it stands by itself."""
    chain = follow_up_chain(question, history)
    return " ".join(chain) if len(chain) > 1 else None


def follow_up_chain(question: str, history: History) -> tuple[str, ...]:
    """The question behind those that it leans on, oldest first; alone where it stands by itself.

    A follow-up ("how much smaller is it?") is put behind the user's previous question, and that
    one, where it leans on another, behind its own.
    """
    chain: tuple[str, ...] = ()
    for turn in history:
        asked = _said(turn.get("content")).strip() if turn.get("role") == "user" else ""
        if 0 < len(asked) <= LONGEST_QUESTION:
            chain = _behind(chain, encodable(asked))
    return (*chain, question) if chain and _leans(question) else (question,)


def _behind(chain: tuple[str, ...], question: str) -> tuple[str, ...]:
    """The question, with what it leans on as far as that can be asked."""
    longer = (*chain, question)
    is_behind = chain and _leans(question) and len(" ".join(longer)) <= LONGEST_QUESTION
    return longer if is_behind else (question,)


def _leans(question: str) -> bool:
    """Whether a question goes on from another, or says little by itself and points back.

    Years say nothing by themselves: "since 2022?" leans on what was asked before.
    """
    own = len(set(content_words(without_phrases(question))))
    return (
        bool(_GOES_ON.match(question))
        or own == 0
        or (own <= _LITTLE and bool(_POINTS_BACK.search(question)))
    )


def _said(content: object) -> str:
    """The text of a message's content."""
    if isinstance(content, str):
        return content
    parts = content if isinstance(content, list) else []
    return " ".join(str(part["text"]) for part in parts if isinstance(part, Mapping) and "text" in part)

"""A follow-up made whole: the earlier questions that it leans on."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from rag.query.checks import LONGEST_QUESTION, encodable
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
    """The question with what it leans on, or None where it stands by itself.

    A follow-up ("how much smaller is it?") is put behind the user's previous question, and that
    one, where it leans on another, behind its own.
    """
    whole = ""
    for turn in history:
        asked = _said(turn.get("content")).strip() if turn.get("role") == "user" else ""
        if 0 < len(asked) <= LONGEST_QUESTION:
            whole = _behind(whole, encodable(asked))
    return f"{whole} {question}" if whole and _leans(question) else None


def _behind(whole: str, question: str) -> str:
    """The question, with what it leans on as far as that can be asked."""
    chained = f"{whole} {question}"
    return chained if whole and _leans(question) and len(chained) <= LONGEST_QUESTION else question


def _leans(question: str) -> bool:
    """Whether a question goes on from another, or says little by itself and points back."""
    own = len(set(content_words(question)))
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

"""What was asked: a question that can be asked, its filters, and a follow-up made whole."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from rag.errors import QuestionError
from rag.types import Filters
from rag.words import content_words

LONGEST_QUESTION = 4000  # characters
_POINTS_BACK = re.compile(
    r"\b(it|its|they|them|their|that|this|those|these|he|she|ones?|else|the (?:method|model|paper|"
    r"authors?|approach|data ?set|results?|same|others?|first|second|former|latter))\b",
    re.IGNORECASE,
)

_GOES_ON = re.compile(r"(and|but|or|also|what about|how about)\b", re.IGNORECASE)

_LITTLE = 4  # content words of a question that may lean on another

History = Sequence[Mapping[str, Any]]
"""OpenAI-style messages: a role, and a content that is a text or a list of parts."""


def check_question(question: str) -> str:
    """The question without white space around it. Raises QuestionError."""
    stripped = question.strip()
    if not stripped:
        raise QuestionError('the question is empty: ask something, like askpapers ask "What is …?"')
    if len(stripped) > LONGEST_QUESTION:
        raise QuestionError(
            f"the question has {len(stripped):,} characters and at most {LONGEST_QUESTION:,} are "
            "read: shorten it"
        )
    return _whole(stripped)


def check_words(words: int | None) -> int | None:
    """Raises QuestionError unless this is a length that an answer can have."""
    if words is not None and words < 1:
        raise QuestionError(f"an answer cannot have {words} words: ask for at least 1")
    return words


def check_count(count: int) -> int:
    """Raises QuestionError unless this many papers can be asked for."""
    if count < 1:
        raise QuestionError(f"{count} papers cannot be ranked: ask for at least 1 with -k")
    return count


def make_filters(from_year: int | None, to_year: int | None) -> Filters:
    """Raises QuestionError where no year can lie between the two."""
    for year in (from_year, to_year):
        if year is not None and not 1 <= year <= 9999:
            raise QuestionError(f"{year} is no year of a paper: give four digits, like 2021")
    if from_year is not None and to_year is not None and from_year > to_year:
        raise QuestionError(f"no year lies from {from_year} to {to_year}: swap the two")
    return Filters(from_year, to_year)


def resolve_follow_up(question: str, history: History) -> str | None:
    """The question with what it leans on, or None where it stands by itself.

    A follow-up ("how much smaller is it?") is put behind the user's previous question, and that
    one, where it leans on another, behind its own.
    """
    whole = ""
    for turn in history:
        asked = _said(turn.get("content")).strip() if turn.get("role") == "user" else ""
        if 0 < len(asked) <= LONGEST_QUESTION:
            whole = _behind(whole, _whole(asked))
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


def _whole(text: str) -> str:
    """The text with halves of surrogate pairs replaced, which no encoder takes."""
    return text.encode("utf-8", "replace").decode()

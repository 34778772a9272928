"""What was asked: a question that can be asked, its filters, and a follow-up made whole."""

import re
from collections.abc import Mapping, Sequence

from rag.errors import QuestionError
from rag.types import Filters
from rag.words import content_words

LONGEST_QUESTION = 4000  # characters
_FEW_WORDS = 3  # a question with fewer content words leans on what was said before
_POINTS_BACK = re.compile(
    r"\b(it|its|they|them|their|that|this|those|these|he|she|ones?|else|the (?:method|model|paper|"
    r"authors?|approach|data ?set|results?|same|others?|first|second|former|latter))\b",
    re.IGNORECASE,
)

History = Sequence[Mapping[str, str]]


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
    return stripped.encode("utf-8", "replace").decode()


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
    if from_year is not None and to_year is not None and from_year > to_year:
        raise QuestionError(f"no year lies from {from_year} to {to_year}: swap the two")
    return Filters(from_year, to_year)


def resolve_follow_up(question: str, history: History) -> str | None:
    """The question with what it leans on, or None where it stands by itself.

    A follow-up ("how much smaller is it?") is put behind the user's previous question.
    """
    asked = [turn.get("content", "") for turn in history if turn.get("role") == "user"]
    previous = next((text.strip() for text in reversed(asked) if text.strip()), None)
    if not previous:
        return None
    leans = _POINTS_BACK.search(question) or len(set(content_words(question))) < _FEW_WORDS
    return f"{previous} {question}" if leans else None

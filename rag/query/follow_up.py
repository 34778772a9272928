"""Finds the earlier questions that a follow-up depends on: those of its topic."""

import re
from collections.abc import Sequence

from rag.query.checks import LONGEST_QUESTION
from rag.query.history import Turn
from rag.query.years import without_phrases
from rag.words import content_words

_POINTS_BACK = re.compile(
    r"\b(?:it|its|they|them|their|theirs|this|that|these|those|he|she|his|her|ones?|else|both|"
    r"the (?:same|others?|first|second|former|latter))\b",
    re.IGNORECASE,
)
_LINK = re.compile(r"^(?:(?:thanks|ok(?:ay)?|and|but|or|also|so)\b[\s,.!]*)+", re.IGNORECASE)
_GOES_ON = re.compile(r"(?:and|but|or|also|what about|how about)\b", re.IGNORECASE)
_CLAUSE = re.compile(
    r"(?:how|what|which|who|whose|where|when|why|is|are|was|were|do|does|did|has|have|can|could|tell|explain)"
    r"\b(?! about\b)",
    re.IGNORECASE,
)
_NAME = re.compile(r"(?<!^)\b(?:[A-Z][\w-]*[^\W_]|[a-z][\w-]*[A-Z][\w-]*)")
# The most content words of a follow-up that points back, and of one that begins with "and".
_FEW, _FEWEST = 5, 3


def leaning(question: str, turns: Sequence[Turn]) -> tuple[str, ...]:
    """The earlier questions that a question plainly depends on, oldest first, and then itself.

    It depends on them if it has no clause of its own ("and for German?") or no word of its own ("why?"),
    or if it is short and points back or begins with "and" ("how big is it?").
    """
    return _with_topic(question, turns) if points_back(question) else (question,)


def may_lean(question: str, turns: Sequence[Turn]) -> tuple[str, ...] | None:
    """The questions of the topic and the question itself, to try if it finds nothing alone.

    None for a question that says enough, or names a subject of its own.
    """
    if points_back(question) or len(_own_words(question)) > _FEW or _NAME.search(question):
        return None
    chain = _with_topic(question, turns)
    return chain if len(chain) > 1 else None


def topic_questions(turns: Sequence[Turn]) -> tuple[str, ...]:
    """The question that opened the last topic, and the last one that shifted it; () if there are no turns.

    Leaves out questions that only ask about the topic ("who made it?"): their words would mislead the
    search.
    """
    topic: tuple[str, ...] = ()
    for turn in turns:
        if not topic or not points_back(turn.question):
            topic = (turn.question,)
        elif is_elliptical(turn.question) and len(topic[0]) + len(turn.question) < LONGEST_QUESTION:
            topic = (topic[0], turn.question)
    return topic


def points_back(question: str) -> bool:
    """Whether a question plainly continues the conversation."""
    own = len(_own_words(_LINK.sub("", question, count=1)))
    goes_on = own <= _FEWEST and _GOES_ON.match(question) and not _NAME.search(question)
    points = own <= _FEW and _POINTS_BACK.search(question)
    return own == 0 or is_elliptical(question) or bool(goes_on or points)


def is_elliptical(question: str) -> bool:
    """Whether a question continues without a clause of its own: "and for German?"."""
    return bool(_GOES_ON.match(question)) and not _CLAUSE.match(_LINK.sub("", question, count=1))


def _with_topic(question: str, turns: Sequence[Turn]) -> tuple[str, ...]:
    own = question.strip().casefold()
    return (*(other for other in topic_questions(turns) if other.strip().casefold() != own), question)


def _own_words(question: str) -> set[str]:
    return set(content_words(without_phrases(question)))

"""A follow-up made whole: the earlier questions that it leans on."""

import re
from collections.abc import Sequence

from rag.query.checks import LONGEST_QUESTION
from rag.query.history import History, Turn, turns_of
from rag.query.years import without_phrases
from rag.words import content_words

_POINTS_BACK = re.compile(
    r"\b(it|its|they|them|their|that|this|those|these|he|she|ones?|else|the (?:method|model|paper|"
    r"authors?|approach|data ?set|results?|same|others?|first|second|former|latter))\b",
    re.IGNORECASE,
)
_DEFINITE = re.compile(r"\b(?:the|(?<!is )(?<!are )there)\b", re.IGNORECASE)
_LINK = re.compile(r"^(?:(?:thanks|ok(?:ay)?|and|but|or|also|so)\b[\s,.!]*)+", re.IGNORECASE)
_GOES_ON = re.compile(r"(?:and|but|or|also|what about|how about)\b", re.IGNORECASE)
_CLAUSE = re.compile(
    r"(?:how|what|which|who|whose|where|when|why|is|are|was|were|do|does|did|has|have|can|could|tell|explain)"
    r"\b(?! about\b)",
    re.IGNORECASE,
)

# A name ("ELECTRA", "bert2BERT", "Thai") that something is asked about, not one that a follow-up
# measures something by ("on ImageNet", "than BERT").
_NAME = re.compile(
    r"(?<!^)\b(?:(?P<by>on|in|for|with|than|to|of|from|like|not|versus|vs\.?|against|at|by|or|and)\s+"
    r"(?:the\s+)?)?(?P<name>[A-Z][\w-]*[A-Za-z\d]|[a-z][\w-]*[A-Z][\w-]*)"
)

# Content words up to which a question leans on another: in any case, where it speaks of something
# as known ("the student"), and where it points back ("its student").
_FEW, _FEW_DEFINITE, _FEW_POINTING = 2, 4, 5


def resolve_follow_up(question: str, history: History) -> str | None:
    """The question behind what it leans on, or None where it stands by itself."""
    chain = follow_up_chain(question, turns_of(history))
    return " ".join(chain) if len(chain) > 1 else None


def follow_up_chain(question: str, turns: Sequence[Turn]) -> tuple[str, ...]:
    """The question behind those that it leans on, oldest first; alone where it stands by itself.

    A follow-up ("how much smaller is it?") is put behind the question that opened the topic. One
    that moved the topic on since ("and for German?") comes between; those that merely asked
    about it do not, as their words would draw the search away. A question is not put behind itself.
    """
    topic = topic_of(turns) if _leans(question, turns) else ()
    asked = question.strip().casefold()
    return (*(each for each in topic if each.strip().casefold() != asked), question)


def topic_of(turns: Sequence[Turn]) -> tuple[str, ...]:
    """The question that opened the last topic, and the last one that moved it on; () before any."""
    topic: tuple[str, ...] = ()
    for place, turn in enumerate(turns):
        if not topic or not _leans(turn.question, turns[:place]):
            topic = (turn.question,)
        elif _moves_on(turn.question) and len(topic[0]) + len(turn.question) < LONGEST_QUESTION:
            topic = (topic[0], turn.question)
    return topic


def is_elliptical(question: str) -> bool:
    """Whether a question goes on without a clause of its own: "and for German?"."""
    return bool(_GOES_ON.match(question)) and not _CLAUSE.match(_LINK.sub("", question, count=1))


def is_incomplete(question: str) -> bool:
    """Whether a question hardly stands alone, whatever came before: "why?", "how big is it?"."""
    own = len(_own_words(question))
    return (
        own <= 1 or bool(_GOES_ON.match(question)) or (own <= _FEW and bool(_POINTS_BACK.search(question)))
    )


def _leans(question: str, before: Sequence[Turn]) -> bool:
    """Whether a question goes on from another, points back, or says too little to stand alone.

    One that leans for nothing costs little, as what is asked now counts twice; one that stands
    for nothing is searched without its subject. Years say nothing by themselves: "since 2022?".
    """
    said = _LINK.sub("", question, count=1)
    own = len(_own_words(said))
    if is_elliptical(question) or own == 0:
        return True
    if _POINTS_BACK.search(said):
        return own <= _FEW_POINTING
    says_little = own <= (_FEW_DEFINITE if _DEFINITE.search(said) else _FEW)
    return says_little and not _names_something_new(said, before)


def may_stand(question: str) -> bool:
    """Whether nothing in a follow-up says that it is one ("how is the retriever trained?"), but that it
    says little: then it may as well be a question of its own ("what is the best pizza in Naples?")."""
    said = _LINK.sub("", question, count=1)
    return not is_elliptical(question) and not _POINTS_BACK.search(said) and bool(_own_words(said))


def _names_something_new(question: str, before: Sequence[Turn]) -> bool:
    """Whether it asks about a name that the last turn did not speak of."""
    heard = f"{before[-1].question} {before[-1].answer}".lower() if before else ""
    return any(not name["by"] and name["name"].lower() not in heard for name in _NAME.finditer(question))


def _moves_on(question: str) -> bool:
    """Whether a follow-up brings something of its own: "and for German?", not "who made it?"."""
    return is_elliptical(question) or (len(_own_words(question)) > 1 and not _POINTS_BACK.search(question))


def _own_words(question: str) -> set[str]:
    return set(content_words(without_phrases(question)))

"""What was asked: a question that can be asked, its kind, its years, and a follow-up made whole."""

from rag.query.checks import (
    LONGEST_QUESTION,
    check_count,
    check_filters,
    check_question,
    check_words,
    make_filters,
)
from rag.query.follow_up import History, resolve_follow_up
from rag.query.kinds import Kind, kind_of
from rag.query.understanding import Asked, understand
from rag.query.years import YearWords, find_years, without_years

__all__ = [
    "LONGEST_QUESTION",
    "Asked",
    "History",
    "Kind",
    "YearWords",
    "check_count",
    "check_filters",
    "check_question",
    "check_words",
    "find_years",
    "kind_of",
    "make_filters",
    "resolve_follow_up",
    "understand",
    "without_years",
]

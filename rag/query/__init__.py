"""What was asked: a question that can be asked, its kind, its years, and a follow-up made whole."""

from rag.query.checks import (
    LONGEST_QUESTION,
    check_count,
    check_filters,
    check_papers,
    check_question,
    check_words,
    make_filters,
)
from rag.query.history import History, Turn, newest, turns_of
from rag.query.kinds import kind_of
from rag.query.understanding import Asked, Rewriter, Rewritten, understand
from rag.query.years import YearWords, find_years, without_phrases, without_years

__all__ = [
    "LONGEST_QUESTION",
    "Asked",
    "History",
    "Rewriter",
    "Rewritten",
    "Turn",
    "YearWords",
    "check_count",
    "check_filters",
    "check_papers",
    "check_question",
    "check_words",
    "find_years",
    "kind_of",
    "make_filters",
    "newest",
    "turns_of",
    "understand",
    "without_phrases",
    "without_years",
]

"""Understanding a request: whether it can be asked, its kind, its years, follow-ups made whole."""

from rag.query.checks import (
    LONGEST_QUESTION,
    check_count,
    check_filters,
    check_options,
    check_question,
    check_request,
)
from rag.query.history import Turn, newest, turns_of
from rag.query.kinds import kind_of
from rag.query.understanding import Rewriter, Rewritten, Understanding, understand
from rag.query.years import YearWords, find_years, without_phrases, without_years

__all__ = [
    "LONGEST_QUESTION",
    "Rewriter",
    "Rewritten",
    "Turn",
    "Understanding",
    "YearWords",
    "check_count",
    "check_filters",
    "check_options",
    "check_question",
    "check_request",
    "find_years",
    "kind_of",
    "newest",
    "turns_of",
    "understand",
    "without_phrases",
    "without_years",
]

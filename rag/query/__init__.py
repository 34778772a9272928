"""Understands a request: checks it, finds its kind and its years, and completes follow-ups."""

from rag.query.checks import (
    LONGEST_QUESTION,
    check_filters,
    check_options,
    check_question,
    check_request,
)
from rag.query.history import Turn, newest, turns_of
from rag.query.kinds import kind_of
from rag.query.understanding import Understanding, understand
from rag.query.years import YearWords, find_years, without_phrases, without_years

__all__ = [
    "LONGEST_QUESTION",
    "Turn",
    "Understanding",
    "YearWords",
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

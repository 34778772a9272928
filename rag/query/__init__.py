"""What was asked: a question that can be asked, its filters, and a follow-up made whole."""

from rag.query.checks import LONGEST_QUESTION, check_count, check_question, check_words, make_filters
from rag.query.follow_up import History, resolve_follow_up

__all__ = [
    "LONGEST_QUESTION",
    "History",
    "check_count",
    "check_question",
    "check_words",
    "make_filters",
    "resolve_follow_up",
]

"""Understands a request: checks it, finds its kind and its years, completes it, words searches for it."""

from rag.query.checks import check_filters, check_options, check_request
from rag.query.history import Turn, newest, turns_of
from rag.query.names import check_names
from rag.query.understanding import Understanding, understand

__all__ = [
    "Turn",
    "Understanding",
    "check_filters",
    "check_names",
    "check_options",
    "check_request",
    "newest",
    "turns_of",
    "understand",
]

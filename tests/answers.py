"""A small answer, of which a test says what it is about."""

from typing import Any

from rag.streams import read_answer
from rag.types import Answer, Filters, Markers, Request


def an_answer(**told: Any) -> Answer:
    """An answer by the papers' own sentences, empty but for what is told."""
    empty: dict[str, Any] = {
        "question": "?",
        "status": "answered",
        "text": "",
        "reason": None,
        "claims": (),
        "citations": (),
        "papers": (),
        "filters": Filters(),
        "resolved_question": None,
        "missing": None,
        "notes": (),
        "writer": "extractive",
        "markers": Markers(),
        "usage": {},
        "seconds": {},
    }
    return Answer(**empty | told)


def untimed(values: dict[str, Any]) -> dict[str, Any]:
    """An answer's JSON without its seconds."""
    return {name: value for name, value in values.items() if name != "seconds"}


def ask_at(desk, question, **options):
    """The answer that a desk gives."""
    return read_answer(desk.stream(Request.of(question, **options)))

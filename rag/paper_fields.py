"""A paper as a model reads it: its record, its abstract, excerpts of its body, the user's note on it."""

from collections.abc import Callable
from typing import Any

from rag.types import Paper


def paper_fields(key: int, paper: Paper, clean: Callable[[str], str] = str) -> dict[str, Any]:
    """The fields of a paper in a prompt, with its texts as `clean` returns them."""
    excerpts = [
        {"section": clean(section), "text": clean(text)} if section else {"text": clean(text)}
        for section, text in paper.shown_excerpts
    ]
    fields: dict[str, Any] = {"key": key, "title": clean(paper.title), "year": paper.year}
    if paper.abstract or not excerpts:
        fields["text"] = clean(paper.abstract)
    others = {
        "excerpts": excerpts,
        "record": clean(paper.text_of("record")),
        "reader_note": clean(paper.shown_note),
        "retracted": paper.retracted is not None,
    }
    return fields | {name: value for name, value in others.items() if value}

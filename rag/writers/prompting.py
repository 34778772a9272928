"""The prompts of the model that writes: rules, as many papers as its context holds, the question."""

import json
import re
from bisect import bisect_right
from collections.abc import Sequence
from functools import cache
from importlib import resources
from typing import Any

from rag.citations import AnswerSentence
from rag.errors import ModelFailedError
from rag.markers import neutral
from rag.model.base import Message, reply_tokens
from rag.query import Understanding
from rag.sentences import sentence_spans
from rag.tokens import count_tokens
from rag.types import Hit

_FRAME = 8  # tokens that a message takes in addition to its text, at most
_NUMBERED = re.compile(r"^(?:[>*_-]|[^\S\n])*+(\d{1,3})\s*[.:)][*_]*\s*+(.*\w.*)$", re.MULTILINE)


def write_prompt(question: Understanding, papers: Sequence[str]) -> list[Message]:
    """The messages that ask for an answer."""
    wishes = "\nName every paper that fits, best first, in a line each." if question.kind == "list" else ""
    wishes += f"\nAnswer in at most {question.request.words} words." if question.request.words else ""
    prompt = "\n".join(papers) + f"\n\nQuestion: {neutral(question.whole)}{wishes}"
    return [("system", _text("prompt.txt")), ("user", prompt)]


def repair_prompt(
    question: Understanding, papers: Sequence[str], doubts: Sequence[AnswerSentence]
) -> list[Message]:
    """The messages that ask for other words for these sentences."""
    written = "\n".join(f"{number}. {doubt.draft}" for number, doubt in enumerate(doubts, start=1))
    reasons = "\n".join(
        f"{number}: {'; '.join(doubt.support.reasons)}"
        for number, doubt in enumerate(doubts, start=1)
        if doubt.support.reasons
    )
    request = f"{_text('repair.txt')}\n{reasons}".strip()
    return [*write_prompt(question, papers), ("assistant", written), ("user", request)]


def read_repair(reply: str, count: int) -> list[str]:
    """The new words for each of `count` sentences, or ""."""
    lines = {int(number): line.strip() for number, line in _NUMBERED.findall(reply)}
    return [lines.get(number, "") for number in range(1, count + 1)]


def fit_papers(messages: Sequence[Message], hits: Sequence[Hit], window: int) -> list[str]:
    """The papers as JSON lines, best first, as many as fit in the window with the messages and a reply.

    If the first one does not fit, it is cut after a sentence. Raises ModelFailedError if no sentence fits.
    """
    room = window - reply_tokens(window)
    room -= sum(count_tokens(text) + _FRAME for _, text in messages)
    lines: list[str] = []
    for key, hit in enumerate(hits, start=1):
        line = _line(key, hit)
        room -= count_tokens(line) + 1
        if room < 0:
            return lines or [_cut(hit, room + count_tokens(line), window)]
        lines.append(line)
    return lines


def _cut(hit: Hit, room: int, window: int) -> str:
    """The first paper with as many of its sentences as there is room for."""
    ends = [0, *(end for _, end in sentence_spans(hit.paper.abstract))]
    fit = bisect_right(ends, room, key=lambda end: count_tokens(_line(1, hit, end)))
    if fit > 1:
        return _line(1, hit, ends[fit - 1])
    raise ModelFailedError(
        f"a context of {window} tokens has no room for a paper beside the question: set "
        "ASKPAPERS_CONTEXT_WINDOW to what the model takes, or ask a shorter question"
    )


def _line(key: int, hit: Hit, end: int | None = None) -> str:
    """A paper as JSON, without anything that reads as a marker and could name another paper."""
    title, abstract = neutral(hit.paper.title), neutral(hit.paper.abstract[:end].rstrip())
    fields: dict[str, Any] = {"key": key, "title": title, "date": hit.paper.published}
    return json.dumps(fields | {"abstract": abstract}, ensure_ascii=False)


@cache
def _text(name: str) -> str:
    return resources.files(__package__).joinpath(name).read_text(encoding="utf-8")

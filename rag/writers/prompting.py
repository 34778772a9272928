"""The prompts of the model that writes: rules, as many papers as its context holds, the question."""

import json
from bisect import bisect_right
from collections.abc import Mapping, Sequence

from rag.errors import ModelFailedError
from rag.markers import neutral
from rag.model.base import FRAME_TOKENS, Message, read_prompt, reply_tokens
from rag.model.replies import PASSAGE, Fields, read_line, read_numbered, read_texts
from rag.parts import Parts, doubts_of, with_keys
from rag.query import Understanding
from rag.sentences import sentence_spans
from rag.tokens import count_tokens
from rag.types import Hit
from rag.writers.base import Correction, Log
from rag.writers.control_lines import without_control_lines

_MOST_TOKENS = 12_000  # of papers: forty abstracts
_MOST_WORDS = 5  # quotes in a correction


def write_prompt(
    question: Understanding, papers: Sequence[str], searches: Sequence[str] = ()
) -> list[Message]:
    """The messages that ask for an answer; `searches` found these papers after others did not answer."""
    lines = [*papers, f"\nQuestion: {neutral(question.whole)}"]
    if searches:
        words = "; ".join(searches)
        lines.append(f"Other papers did not say it. These are from a last search, for: {words}.")
    if question.request.words:
        lines.append(f"Answer in at most {question.request.words} words.")
    rules = read_prompt(__package__, f"{question.kind}.txt") + read_prompt(__package__, "common.txt")
    return [("system", rules), ("user", "\n".join(lines))]


def correction_prompt(question: Understanding, papers: Sequence[str], parts: Parts) -> list[Message]:
    """The messages that ask for a correction of each sentence of an answer that is in doubt."""
    rows = [
        {"number": number, "sentence": doubt.text, "why": doubt.verdict.reason or doubt.verdict.check}
        for number, doubt in enumerate(doubts_of(parts), start=1)
    ]
    dumped = json.dumps({"sentences": rows}, ensure_ascii=False)
    return [
        *write_prompt(question, papers),
        ("assistant", with_keys(parts)),
        ("user", f"{read_prompt(__package__, 'repair.txt')}\n{dumped}"),
    ]


def read_corrections(reply: str, count: int) -> list[Correction]:
    """The correction of each of `count` sentences."""
    rows = read_numbered(reply, "sentences")
    return [_correction(rows.get(number, {})) for number in range(1, count + 1)]


def _correction(row: Fields) -> Correction:
    text = "".join(without_control_lines([read_line(row, "text", PASSAGE)], Log()))
    return Correction(text, tuple(words[:PASSAGE] for words in read_texts(row, "quotes")[:_MOST_WORDS]))


def fit_papers(messages: Sequence[Message], hits: Mapping[int, Hit], window: int) -> list[str]:
    """The papers as JSON lines, by their keys, as many as fit with the messages and a reply.

    They have 12,000 tokens at most.
    If the first one does not fit, it is cut after a sentence. Raises ModelFailedError if no sentence fits.
    """
    room = window - reply_tokens(window)
    room -= sum(count_tokens(text) + FRAME_TOKENS for _, text in messages)
    room = min(room, _MOST_TOKENS)
    lines: list[str] = []
    for key, hit in hits.items():
        line = _line(key, hit)
        room -= count_tokens(line) + 1
        if room < 0:
            return lines or [_cut(key, hit, room + count_tokens(line), window)]
        lines.append(line)
    return lines


def _cut(key: int, hit: Hit, room: int, window: int) -> str:
    """The first paper with as many of its sentences as there is room for."""
    ends = [0, *(end for _, end in sentence_spans(hit.paper.shown_text))]
    fit = bisect_right(ends, room, key=lambda end: count_tokens(_line(key, hit, end)))
    if fit > 1:
        return _line(key, hit, ends[fit - 1])
    raise ModelFailedError(
        f"a context of {window} tokens has no room for a paper beside the question: set "
        "ASKPAPERS_CONTEXT_WINDOW to what the model takes, or ask a shorter question"
    )


def _line(key: int, hit: Hit, end: int | None = None) -> str:
    """A paper as JSON, without anything that reads as a marker and could name another paper."""
    title, text = neutral(hit.paper.title), neutral(hit.paper.shown_text[:end].rstrip())
    return json.dumps(
        {"key": key, "title": title, "year": hit.paper.year, "text": text}, ensure_ascii=False
    )

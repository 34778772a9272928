"""The prompts of the model that writes: rules, as many papers as its context holds, the question."""

import json
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import replace

from rag.errors import ModelFailedError
from rag.markers import neutral
from rag.model.base import FRAME_TOKENS, Message, read_prompt, reply_tokens
from rag.model.replies import PASSAGE, Fields, read_line, read_numbered, read_texts
from rag.paper_fields import paper_fields
from rag.parts import Parts, doubts_of, with_keys
from rag.query import Understanding
from rag.sentences import sentence_spans
from rag.tokens import count_tokens
from rag.types import Hit, Paper
from rag.writers.base import Correction, Log
from rag.writers.control_lines import without_control_lines

_MOST_TOKENS = 12_000  # of papers: forty abstracts, or ten with the excerpts of their bodies
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

    They have 12,000 tokens at most. The excerpts of a paper take half of the room that is left at most; the
    closest ones stay. If the first paper does not fit without any, it is cut after a sentence. Raises
    ModelFailedError if no sentence fits.
    """
    room = window - reply_tokens(window)
    room -= sum(count_tokens(text) + FRAME_TOKENS for _, text in messages)
    room = min(room, _MOST_TOKENS)
    lines: list[str] = []
    for key, hit in hits.items():
        bare = hit.shortened(0 if hit.paper.abstract else 1)
        left = room - _size(key, bare)
        if left < 0:
            return lines or [_cut(key, bare, room, window)]
        line = _line(key, _fitting(key, hit, room - left // 2) or bare)
        room -= count_tokens(line) + 1
        lines.append(line)
    return lines


def _fitting(key: int, hit: Hit, room: int) -> Paper | None:
    """The paper with as many of its closest excerpts as there is room for; None if there is for none."""
    counts = range(1, len(hit.paper.excerpts) + 1)
    fit = bisect_right(counts, room, key=lambda count: _size(key, hit.shortened(count)))
    return hit.shortened(fit) if fit else None


def _cut(key: int, paper: Paper, room: int, window: int) -> str:
    """A paper with as many sentences of its abstract, or of its one excerpt, as there is room for."""
    paper = replace(paper, note="", excerpts=paper.excerpts_of("body"))
    text = "".join(map(paper.words_of, paper.shown))
    starts = [_up_to(paper, end) for _, end in sentence_spans(text)]
    if fit := bisect_right(starts, room, key=lambda start: _size(key, start)):
        return _line(key, starts[fit - 1])
    raise ModelFailedError(
        f"a context of {window} tokens has no room for a paper beside the question: set "
        "ASKPAPERS_CONTEXT_WINDOW to what the model takes, or ask a shorter question"
    )


def _up_to(paper: Paper, end: int) -> Paper:
    """A paper with so many characters of its abstract, or of its one excerpt."""
    if paper.abstract:
        return replace(paper, abstract=paper.abstract[:end].rstrip())
    (excerpt,) = paper.excerpts
    return replace(paper, excerpts=(replace(excerpt, end=excerpt.start + end),))


def _size(key: int, paper: Paper) -> int:
    return count_tokens(_line(key, paper)) + 1


def _line(key: int, paper: Paper) -> str:
    """A paper as JSON, without anything that reads as a marker and could name another paper."""
    return json.dumps(paper_fields(key, paper, neutral), ensure_ascii=False)

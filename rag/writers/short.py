"""The short form of writing, for small models: a worked example, a few passages, the question twice.

What repeats in all prompts comes first, so that the server's cache holds it.
"""

from collections.abc import Generator, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING

from rag.composing import Piece
from rag.errors import UnusableReplyError
from rag.markers import Marker, find_markers, neutral, with_end
from rag.model.base import FRAME_TOKENS, Message, read_prompt
from rag.notes import counted
from rag.parts import Parts, Sentence, as_marker, raw_text, sentences_of, split, with_keys
from rag.query import Understanding
from rag.reading import Reader
from rag.tokens import count_tokens
from rag.types import Hit, Kind
from rag.writers.attribution import fits_none, repeats, source_of
from rag.writers.base import Log
from rag.writers.passages import Source, choose_sources

if TYPE_CHECKING:
    from rag.model.chat import ChatModel

_MOST_TOKENS = 850  # of a prompt, by our count
_LEAST_ROOM = 250  # tokens for the sources, however long the question is
_REPLY: dict[Kind, int] = {"single": 200, "comparison": 200, "list": 320}  # tokens
_LONGEST = 3000  # characters of a reply
_SPARE = 60  # tokens, as the model may count more than we do
_ROLES = ("system", "user", "assistant")
LEFT_OUT = "Left out, as they fit no paper"
NOT_READ = "Not read, as a small model reads few"


@dataclass
class ShortForm:
    """Writes one answer of a small model from its sources."""

    model: "ChatModel"
    reader: Reader
    _texts: list[str] = field(default_factory=list)  # the sentences that stand
    _left_out: int = 0

    def write(self, question: Understanding, hits: Sequence[Hit], log: Log) -> Iterator[Piece]:
        """The answer sentence by sentence. Raises ModelError, also if no sentence fits a source."""
        most = self.model.window - _REPLY[question.kind] - _SPARE
        sources = sources_for(self.reader, question, hits, most)
        log.papers = len(sources)
        yield ""
        stopped: list[str] = []  # why, if the text stops before its end
        texts = self.model.stream(
            short_prompt(question, sources),
            log.usage,
            stopped.append,
            _REPLY[question.kind],
            grammar_for(question.kind, len(sources)),
        )
        raw = ""
        for piece, is_last in with_end(_as_text(find_markers(_bounded(texts, stopped)), sources)):
            raw += piece
            parts = split(raw)
            ends = [place + 1 for place, part in enumerate(parts) if isinstance(part, Sentence)]
            is_whole = is_last and not (stopped and ends and not sentences_of(parts)[-1].keys)
            whole = parts if is_whole else parts[: max(ends[:-1], default=0)]  # the last one may go on
            raw = raw[len(raw_text(whole)) :]
            yield from self._settled(whole, sources)
        if not self._texts:
            raise UnusableReplyError(f"the answer of the model {self.model.name} fits no paper")
        log.notes += counted(LEFT_OUT, self._left_out, "sentence")
        if question.kind == "list":
            log.notes += counted(NOT_READ, len(hits) - len(sources))

    def _settled(self, parts: Parts, sources: Sequence[Source]) -> Iterator[Piece]:
        """The sentences that stand, with their markers and what leads to them."""
        lead = ""
        for part in parts:
            if isinstance(part, str):
                lead += part
                continue
            if self._stands(part, sources):
                self._texts.append(part.text)
                yield from find_markers([lead + with_keys([part])])
            lead = ""

    def _stands(self, sentence: Sentence, sources: Sequence[Source]) -> bool:
        """Whether a sentence is new and fits a source. One without a marker gets one."""
        papers = [source.paper for source in sources]
        if repeats(sentence.text, self._texts):
            return False
        place = None if sentence.keys else source_of(sentence.text, papers)
        if place is not None:
            sentence.cite([sources[place].key])
        stands = bool(sentence.keys) and not fits_none(sentence.text, papers)
        self._left_out += not stands
        return stands


def _bounded(texts: Generator[str, None, None], stopped: list[str]) -> Iterator[str]:
    """The text, cut where a server goes on for ever; `stopped` then gets the reason."""
    left = _LONGEST
    with closing(texts):
        for text in texts:
            yield text[:left]
            left -= len(text)
            if left <= 0:
                stopped.append("length")
                return


def _as_text(pieces: Iterator[str | Marker], sources: Sequence[Source]) -> Iterator[str]:
    """The text with its markers as they are kept: keys of hits instead of numbers of sources."""
    for piece in pieces:
        if isinstance(piece, str):
            yield piece
        elif keys := [sources[number - 1].key for number in piece.keys if 0 < number <= len(sources)]:
            yield as_marker(keys)


def short_prompt(question: Understanding, sources: Sequence[Source]) -> list[Message]:
    """The rules, a worked example, and the question before and behind its sources.

    As in the example, its last line says once more how to answer.
    """
    asked = f"Question: {neutral(question.whole)}"
    lines = [source.line(number) for number, source in enumerate(sources, start=1)]
    example = read_prompt(__package__, f"short_{question.kind}.txt").strip().split("\n---\n")
    reminder = example[1].rpartition("\n")[2]
    text = "\n".join([f"{asked}\n", *lines, f"\n{asked}", reminder])
    if words := question.request.words:
        text += f" At most {words} words."
    return [*zip(_ROLES, example, strict=True), ("user", text)]


def sources_for(
    reader: Reader, question: Understanding, hits: Sequence[Hit], most: int = _MOST_TOKENS
) -> Sequence[Source]:
    """The sources for a prompt of about 850 tokens, or of `most`; a long question leaves little room."""
    room = max(min(most, _MOST_TOKENS) - _size(short_prompt(question, ())), _LEAST_ROOM)
    return choose_sources(reader, question, hits, room)


def _size(messages: Sequence[Message]) -> int:
    return sum(count_tokens(text) + FRAME_TOKENS for _, text in messages)


_TEXT = r"""
text ::= first char{9,320} " " mark mark?
first ::= [^ \t\r\n.()\[\]]
char ::= [^\r\n.\[\]] | "." [0-9a-z,;:)] | "." [A-Z] "."
"""


@cache
def grammar_for(kind: Kind, sources: int) -> str:
    """GBNF for an answer whose sentences end with markers of these sources.

    One to three sentences; of a list at most one line more than there are sources.
    """
    marks = " | ".join(f'"[{number}]"' for number in range(1, sources + 1))
    lines = rf'"- " text ("\n- " text){{0,{sources}}}'
    root = lines if kind == "list" else 'text "." (" " text "."){0,2}'
    return f"root ::= {root}\n{_TEXT}mark ::= {marks}\n"

"""The writer with a language model."""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from rag.composing import ANEW, Piece
from rag.errors import BrokenStreamError, ModelFailedError
from rag.markers import Marker, find_markers
from rag.model.base import Message, Usage
from rag.parts import Parts, doubts_of, sentences_of
from rag.query import Understanding
from rag.reading import Reader
from rag.types import Hit
from rag.writers.base import Correction, Log
from rag.writers.control_lines import NOT_SAID, without_control_lines
from rag.writers.prompting import (
    correction_prompt,
    fit_papers,
    read_corrections,
    write_prompt,
)
from rag.writers.short import ShortForm

if TYPE_CHECKING:
    from rag.model.chat import ChatModel

_LONGEST_REMARK = 2000  # characters of an uncited answer that the model sees again
_TRIES = 2  # if an answer breaks off, is empty or cites nothing; the client has its own retries
_PAUSE = 0.3  # seconds before the second try after a broken stream


class _UnusableError(ModelFailedError):
    """The answer is empty or cites nothing; `remark` is what the model reads about it."""

    def __init__(self, text: str, remark: Sequence[Message]) -> None:
        super().__init__(text)
        self.remark = remark


@dataclass(frozen=True)
class LLMWriter:
    """Sends a model the question and the papers, and finds the markers in its reply.

    A small model gets the short form.
    """

    model: "ChatModel"
    reader: Reader

    @property
    def name(self) -> str:
        return self.model.name

    @cached_property
    def by_rules(self) -> bool:
        """Whether the model is small: its server may have to be asked."""
        return self.model.is_small

    def write(self, question: Understanding, hits: Sequence[Hit], log: Log) -> Iterator[Piece]:
        """The model's answer as it comes. Asks once more if it breaks off, is empty or cites nothing.

        A small model gets one request only. Raises ModelError.
        """
        if self.by_rules:
            yield from ShortForm(self.model, self.reader).write(question, hits, log)
            return
        searches, notes = log.searches, len(log.notes)  # of a first try that found nothing
        keyed = dict(enumerate(hits, start=1))
        papers = fit_papers(write_prompt(question, (), searches), keyed, self.model.window)
        messages = write_prompt(question, papers, searches)
        log.papers = len(papers)
        yield ""  # before the model reads them, which may take minutes
        for tries_left in reversed(range(_TRIES)):
            log.begin()
            try:
                yield from self._cited(messages, len(papers), log)
                return
            except (BrokenStreamError, _UnusableError) as error:
                was_stopped = len(log.notes) > notes  # and would be again
                if was_stopped or not tries_left:
                    raise
                if isinstance(error, _UnusableError):
                    messages += error.remark
                else:
                    time.sleep(_PAUSE)
            yield ANEW

    def correct(
        self, question: Understanding, hits: Sequence[Hit], parts: Parts, usage: Usage
    ) -> list[Correction]:
        """The model's corrections of sentences in doubt, in one request. It sees the papers that are cited.

        Raises ModelError.
        """
        keys = sorted({key for sentence in sentences_of(parts) for key in sentence.keys})
        cited = {key: hits[key - 1] for key in keys}
        papers = fit_papers(correction_prompt(question, (), parts), cited, self.model.window)
        reply = self.model.ask(correction_prompt(question, papers, parts), usage)
        return read_corrections(reply, len(doubts_of(parts)))

    def _cited(self, messages: Sequence[Message], count: int, log: Log) -> Iterator[Piece]:
        """The pieces of one answer. Raises _UnusableError at its end if it cites nothing."""
        written, cites = "", False
        for piece in find_markers(without_control_lines(self._stream(messages, log), log)):
            if isinstance(piece, Marker):
                piece = Marker(tuple(key if key <= count else 0 for key in piece.keys))
                cites |= any(piece.keys)
            else:
                written += piece
            yield piece
        text = written.strip()
        if not text and not log.refusal and not log.missing:
            raise _UnusableError(
                f"the model {self.name} wrote nothing: ask again",
                [("user", "Your reply was empty. Answer the question by the rules.")],
            )
        # A contradicted premise needs its paper, what the papers do not say needs none.
        says_nothing = log.refusal == NOT_SAID or (log.missing and not log.refusal)
        if not cites and not says_nothing and (text or log.refusal):
            raise _UnusableError(
                f"the answer of the model {self.name} cites no paper: ask again",
                [
                    ("assistant", text[:_LONGEST_REMARK] or "-"),
                    ("user", "Your answer cites none of the papers. Write it anew by the rules."),
                ],
            )

    def _stream(self, messages: Sequence[Message], log: Log) -> Iterator[str]:
        """The text of one reply; the log notes if it stops early. Raises ModelError."""

        def note(reason: str) -> None:
            log.notes.append(f"The model {self.name} stopped before its end ({reason}).")

        return self.model.stream(messages, log.usage, note)

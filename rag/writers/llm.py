"""The writer with a language model."""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING

from rag.citations import AnswerSentence, Piece
from rag.errors import BrokenStreamError, ModelFailedError
from rag.markers import Marker, find_markers
from rag.model.base import Message
from rag.query import Understanding
from rag.types import Hit
from rag.writers.base import Log
from rag.writers.control_lines import NOT_SAID, without_control_lines
from rag.writers.prompting import fit_papers, read_repair, repair_prompt, write_prompt

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
    """Sends a model the question and the papers, and finds the markers in its reply."""

    model: "ChatModel"

    @property
    def name(self) -> str:
        return self.model.name

    def write(self, question: Understanding, hits: Sequence[Hit], log: Log) -> Iterator[Piece]:
        """The model's answer as it comes. Asks once more if it breaks off before its first citation, is
        empty or cites nothing. Raises ModelError."""
        papers = fit_papers(write_prompt(question, ()), hits, self.model.window)
        messages, notes = write_prompt(question, papers), len(log.notes)
        for tries_left in reversed(range(_TRIES)):
            log.missing = log.refusal = None
            has_begun = False
            try:
                for piece in self._cited(messages, len(papers), log):
                    has_begun = True
                    yield piece
                return
            except (BrokenStreamError, _UnusableError) as error:
                was_stopped = len(log.notes) > notes  # and would be again
                if has_begun or was_stopped or not tries_left:
                    raise
                if isinstance(error, _UnusableError):
                    messages += error.remark
                else:
                    time.sleep(_PAUSE)

    def mend(
        self, question: Understanding, hits: Sequence[Hit], doubts: Sequence[AnswerSentence], log: Log
    ) -> list[list[Piece]]:
        """The model's other words for sentences in doubt, in one request. Raises ModelError."""
        papers = fit_papers(repair_prompt(question, (), doubts), hits, self.model.window)
        reply = "".join(self._stream(repair_prompt(question, papers, doubts), Log(usage=log.usage)))
        return [
            [_among(len(papers), piece) for piece in find_markers([line])]
            for line in read_repair(reply, len(doubts))
        ]

    def _cited(self, messages: list[Message], count: int, log: Log) -> Iterator[Piece]:
        """The pieces of an answer, held back until its first citation."""
        held: list[Piece] = []
        texts = without_control_lines(self._stream(messages, log), log)
        pieces = (_among(count, piece) for piece in find_markers(texts))
        for piece in pieces:
            held.append(piece)
            if isinstance(piece, Marker) and any(piece.keys):
                yield from chain(held, pieces)
                return
        text = "".join(piece for piece in held if isinstance(piece, str)).strip()
        if not text and not log.refusal and not log.missing:
            raise _UnusableError(
                f"the model {self.name} wrote nothing: ask again",
                [("user", "Your reply was empty. Answer the question by the rules.")],
            )
        if log.refusal != NOT_SAID and (text or log.refusal):  # a contradicted premise needs its paper
            raise _UnusableError(
                f"the answer of the model {self.name} cites no paper: ask again",
                [
                    ("assistant", text[:_LONGEST_REMARK] or "-"),
                    ("user", "Your answer cites none of the papers. Write it anew by the rules."),
                ],
            )
        yield from held

    def _stream(self, messages: Sequence[Message], log: Log) -> Iterator[str]:
        """The text of one reply; the log notes if it stops early. Raises ModelError."""

        def note(reason: str) -> None:
            log.notes.append(f"The model {self.name} stopped before its end ({reason}).")

        return self.model.stream(messages, log.usage, note)


def _among(count: int, piece: str | Marker) -> str | Marker:
    """A marker whose keys beyond `count` are 0, which names no paper."""
    if isinstance(piece, str):
        return piece
    return Marker(tuple(key if key <= count else 0 for key in piece.keys))

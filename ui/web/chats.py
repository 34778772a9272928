"""Conversations: questions with their answers."""

import secrets
import sys
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

from rag.conversation import MEMORY_TOKENS
from rag.query import Turn, newest
from rag.types import Answer

MOST_EXCHANGES = 30  # of a conversation; the first ones are dropped
STOPPED = "stopped before the answer was whole: press retry to ask again"
_TITLE = 60  # characters


@dataclass(frozen=True)
class Exchange:
    """A question with its answer, the words written so far, or an error.

    `is_alone`: it is asked without the history of its conversation.
    """

    question: str
    written: str = ""
    answer: Answer | None = None
    error: str | None = None
    is_liked: bool | None = None
    is_alone: bool = False
    waits_for: str | None = None  # before the first word
    step: str = ""  # what is going on, as in a stream
    papers: int = 0  # that the writer reads, as in a stream
    id: str = field(default_factory=lambda: secrets.token_hex(16))

    @property
    def is_over(self) -> bool:
        return self.answer is not None or self.error is not None

    @property
    def status(self) -> str:
        """The answer's status; `failed` or `writing` if there is no answer."""
        if self.answer:
            return self.answer.status
        return "failed" if self.error else "writing"

    @cached_property
    def size(self) -> int:
        """Bytes of memory."""
        return _size(vars(self))


@dataclass(frozen=True)
class Chat:
    """One conversation."""

    exchanges: tuple[Exchange, ...] = ()
    id: str = field(default_factory=lambda: secrets.token_hex(16))

    @property
    def title(self) -> str:
        """Its first question, in one line."""
        title = " ".join(self.exchanges[0].question.split()) if self.exchanges else ""
        return title if len(title) <= _TITLE else f"{title[: _TITLE - 1]}…"

    @property
    def history(self) -> list[dict[str, str]]:
        """The history for the next question, as OpenAI-style messages."""
        turns = [
            Turn(exchange.question, exchange.answer.text if exchange.answer else exchange.written)
            for exchange in self.exchanges
            if exchange.is_over
        ]
        return [message for turn in newest(turns, MEMORY_TOKENS) for message in turn.messages]

    @property
    def size(self) -> int:
        """Bytes of memory."""
        return sum(exchange.size for exchange in self.exchanges)

    def asked(self, question: str, *, is_alone: bool = False) -> "Chat":
        """With another question; a long conversation loses its first ones."""
        exchange = Exchange(question, is_alone=is_alone)
        return replace(self, exchanges=(*self.exchanges, exchange)[-MOST_EXCHANGES:])

    def with_exchange(self, exchange: Exchange) -> "Chat":
        """With a new state of one of its exchanges."""
        exchanges = (exchange if old.id == exchange.id else old for old in self.exchanges)
        return replace(self, exchanges=tuple(exchanges))

    def with_last(self, **changes: Any) -> "Chat":
        """With changes to its last exchange."""
        return self.with_exchange(replace(self.exchanges[-1], **changes))

    def until(self, place: int) -> "Chat":
        """The exchanges before a place."""
        return replace(self, exchanges=self.exchanges[:place])


def _size(value: Any) -> int:
    """Bytes of plain data; shared parts count several times."""
    size = sys.getsizeof(value)
    if value is None or isinstance(value, str | int | float):
        return size
    if isinstance(value, dict):
        return size + sum(map(_size, value.values()))
    return size + (sum(map(_size, value)) if isinstance(value, list | tuple) else _size(vars(value)))

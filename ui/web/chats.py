"""Conversations of one visitor: what is asked and answered, as it is kept in the browser.

Everything read from a browser is somebody's data: what does not read as a conversation is left out.
"""

import json
import re
import secrets
import threading
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import cache
from typing import TYPE_CHECKING, Any

from rag.conversation import MEMORY_TOKENS
from rag.plain import plain
from rag.query import Turn, newest
from rag.types import Answer

if TYPE_CHECKING:
    from pydantic import TypeAdapter

FORMAT = 1
MOST_CHATS = 30
MOST_EXCHANGES = 30  # of one conversation; the first ones go
MOST_CHARACTERS = 3_000_000  # in the browser, which gives a page some 5 million
MOST_VISITORS = 300
STOPPED = "stopped before the answer was whole: press retry to ask again"
_TITLE = 60  # characters
_OURS = re.compile(r"[0-9a-f]{32}")


@dataclass(frozen=True)
class Exchange:
    """A question and what became of it: an answer, words on the way to one, or an error."""

    question: str
    written: str = ""
    answer: Answer | None = None
    error: str | None = None
    is_liked: bool | None = None
    id: str = field(default_factory=lambda: secrets.token_hex(16))

    @property
    def is_over(self) -> bool:
        return self.answer is not None or self.error is not None

    @property
    def turn(self) -> Turn:
        return Turn(self.question, self.answer.text if self.answer else self.written)


@dataclass(frozen=True)
class Chat:
    """One conversation."""

    exchanges: tuple[Exchange, ...] = ()
    id: str = field(default_factory=lambda: secrets.token_hex(16))

    @property
    def title(self) -> str:
        """The question that began it, in one line."""
        asked = " ".join(self.exchanges[0].question.split()) if self.exchanges else ""
        return asked if len(asked) <= _TITLE else f"{asked[: _TITLE - 1]}…"

    @property
    def history(self) -> list[dict[str, str]]:
        """What a next question may lean on, as OpenAI-style messages."""
        turns = newest([exchange.turn for exchange in self.exchanges if exchange.is_over], MEMORY_TOKENS)
        return [message for turn in turns for message in turn.messages]

    def asked(self, question: str) -> "Chat":
        """With a further question; of a long conversation the first ones go."""
        return replace(self, exchanges=(*self.exchanges, Exchange(question))[-MOST_EXCHANGES:])

    def with_exchange(self, exchange: Exchange) -> "Chat":
        """With what has become of one of its exchanges."""
        others = (exchange if each.id == exchange.id else each for each in self.exchanges)
        return replace(self, exchanges=tuple(others))

    def with_last(self, **changes: Any) -> "Chat":
        """With other values in its last exchange."""
        return self.with_exchange(replace(self.exchanges[-1], **changes))

    def until(self, place: int) -> "Chat":
        """Without the exchanges from a place on."""
        return replace(self, exchanges=self.exchanges[:place])


class Shelf:
    """The conversations of one visitor, shared by all pages that this visitor has open.

    What the browser keeps outlives the server; what the server keeps is what several pages of one
    browser have in common, so that none of them writes over what another has added.
    """

    def __init__(self, visitor: str, chats: Sequence[Chat] = ()) -> None:
        """`chats` are in order, the newest first."""
        self.visitor = visitor
        self._chats = {chat.id: chat for chat in reversed(chats)}
        self._changing = threading.Lock()

    @property
    def chats(self) -> list[Chat]:
        """The conversations, the one that was spoken in last first."""
        return list(self._chats.values())[::-1]

    def latest(self, chat: Chat) -> Chat:
        """What has become of a conversation, on whichever page."""
        return self._chats.get(chat.id, chat)

    def put(self, chat: Chat) -> None:
        """Keep a conversation as it is now, once it holds a question; it becomes the newest."""
        with self._changing:
            self._put(chat)

    def update(self, chat: Chat, exchange: Exchange) -> Chat:
        """Keep what has become of one exchange; the conversation, with what other pages have added.

        A conversation that was removed meanwhile, or is without this exchange, stays so.
        """
        with self._changing:
            held = self._chats.get(chat.id)
            if held is None:
                return chat.with_exchange(exchange)
            changed = held.with_exchange(exchange)
            self._chats[chat.id] = changed
            return changed

    def _put(self, chat: Chat) -> None:
        self._chats.pop(chat.id, None)
        if chat.exchanges:
            self._chats[chat.id] = chat
        while len(self._chats) > MOST_CHATS:
            del self._chats[next(iter(self._chats))]

    def remove(self, chat: Chat) -> None:
        with self._changing:
            self._chats.pop(chat.id, None)

    def dump(self) -> dict[str, Any]:
        """For the browser; where all is too much, the oldest conversations stay away."""
        kept: list[dict[str, Any]] = []
        left = MOST_CHARACTERS
        for chat in self.chats:
            dumped = {"id": chat.id, "exchanges": [_dump(each) for each in chat.exchanges]}
            left -= len(json.dumps(dumped))
            if left < 0:
                break
            kept.append(dumped)
        return {"format": FORMAT, "visitor": self.visitor, "chats": kept}


class Visitors:
    """The shelves of those who were here last. Safe to use from several threads."""

    def __init__(self, most: int = MOST_VISITORS) -> None:
        self._most = most
        self._shelves: OrderedDict[str, Shelf] = OrderedDict()
        self._choosing = threading.Lock()

    def shelf(self, stored: Any) -> Shelf:
        """The shelf of the visitor whose browser kept this; of a new one where it kept nothing."""
        is_ours = isinstance(stored, Mapping) and stored.get("format") == FORMAT
        told = stored if is_ours and len(json.dumps(stored)) <= 2 * MOST_CHARACTERS else {}
        visitor = _id(told, "visitor")
        with self._choosing:
            if visitor not in self._shelves:
                found = (_chat(each) for each in _list(told.get("chats"))[:MOST_CHATS])
                self._shelves[visitor] = Shelf(visitor, [chat for chat in found if chat])
            self._shelves.move_to_end(visitor)
            while len(self._shelves) > self._most:
                self._shelves.popitem(last=False)
            return self._shelves[visitor]


def _dump(exchange: Exchange) -> dict[str, Any]:
    told = asdict(replace(exchange, answer=None))
    return told | {"answer": exchange.answer.to_dict() if exchange.answer else None}


def _chat(told: Any) -> Chat | None:
    if not isinstance(told, Mapping):
        return None
    exchanges = [found for each in _list(told.get("exchanges")) if (found := _exchange(each))]
    return Chat(tuple(exchanges[-MOST_EXCHANGES:]), _id(told)) if exchanges else None


def _exchange(told: Any) -> Exchange | None:
    if not isinstance(told, Mapping) or not isinstance(told.get("question"), str):
        return None
    answer, error, liked = told.get("answer"), told.get("error"), told.get("is_liked")
    try:
        return Exchange(
            question=plain(told["question"]),
            written=plain(str(told.get("written") or "")),
            answer=_answer(answer) if answer else None,
            error=plain(str(error)) if error else None if answer else STOPPED,
            is_liked=liked if isinstance(liked, bool) else None,
            id=_id(told),
        )
    except (TypeError, ValueError, RecursionError):
        return None


def _answer(told: Any) -> Answer:
    """An answer whose every field is of its kind. Raises ValueError, TypeError."""
    found = _answers().validate_json(json.dumps(told, allow_nan=False), strict=True)
    json.dumps(found.to_dict(), allow_nan=False)  # a number with 400 digits has become infinite
    return found


@cache
def _answers() -> "TypeAdapter[Answer]":
    from pydantic import TypeAdapter

    return TypeAdapter(Answer)


def _id(told: Mapping[str, Any], name: str = "id") -> str:
    """The id that was given, if it looks like one of ours, else a new one; it becomes part of markup."""
    known = told.get(name)
    return known if isinstance(known, str) and _OURS.fullmatch(known) else secrets.token_hex(16)


def _list(value: Any) -> Sequence[Any]:
    return value if isinstance(value, list) else []

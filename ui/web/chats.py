"""Conversations of one visitor: what is asked and answered, as it is kept in the browser.

Everything read from a browser is somebody's data: what does not read as a conversation is left out, and
so is what is more than this program writes.
"""

import ctypes
import json
import re
import secrets
import sys
import threading
from collections import OrderedDict, deque
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, is_dataclass, replace
from functools import cache, cached_property
from typing import TYPE_CHECKING, Any, Protocol
from weakref import WeakValueDictionary

from rag.conversation import MEMORY_TOKENS
from rag.plain import plain
from rag.query import Turn, newest
from rag.types import Answer, Filters

if TYPE_CHECKING:
    from pydantic import TypeAdapter

FORMAT = 2  # a JSON text; before it the same as an object, which Gradio walked value by value
_READ = (1, FORMAT)
MOST_CHATS = 30
MOST_EXCHANGES = 30  # of one conversation; the first ones go
MOST_CHARACTERS = 3_000_000  # in the browser, which gives a page some 5 million
MOST_VISITORS = 300
MOST_BYTES = 24 * 2**20  # of all visitors' conversations in memory
MOST_PAGES = 20  # open ones of a visitor whose sessions are held
# What is read from a browser, far above what an answer of ours has: its model is stopped at 20,000
# characters, and cites sentences of the eight papers that it was shown.
MOST_PARTS = {"citations": 200, "claims": 1000, "papers": 200, "notes": 100}
LONGEST_EXCHANGE = 200_000  # characters as JSON
LONGEST_TEXT = MOST_CHARACTERS * 5 // 4
MOST_BRACKETS = 100_000  # lists and objects: each takes some 100 bytes while it is read
STOPPED = "stopped before the answer was whole: press retry to ask again"
_WORTH_TRIMMING = 2**20  # bytes
_TITLE = 60  # characters
_OURS = re.compile(r"[0-9a-f]{32}")
_STRING = re.compile(r'"(?:[^"\\]++|\\.)*+"?', re.DOTALL)


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


class OpenPage(Protocol):
    """A page that a visitor has open."""

    chat: Chat


class Shelf:
    """The conversations of one visitor, shared by all pages that this visitor has open.

    What the browser keeps outlives the server; what the server keeps is what several pages of one
    browser have in common, so that none of them writes over what another has added.
    """

    def __init__(self, visitor: str, chats: Sequence[Chat] = ()) -> None:
        """`chats` are in order, the newest first."""
        self.visitor = visitor
        self._chats = {chat.id: chat for chat in reversed(chats)}
        self.pages: deque[OpenPage] = deque(maxlen=MOST_PAGES)
        self._changing = threading.Lock()

    @property
    def size(self) -> int:
        """Bytes of memory that the conversations take, also those that are only open in a page."""
        chats = [*self.chats, *(page.chat for page in list(self.pages))]
        sizes = {id(exchange): exchange.size for chat in chats for exchange in chat.exchanges}
        return sum(sizes.values())

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

    def dump(self) -> str:
        """For the browser; where all is too much, the oldest conversations stay away."""
        kept: list[str] = []
        left = MOST_CHARACTERS
        for chat in self.chats:
            dumped = _json({"id": chat.id, "exchanges": chat.exchanges})
            left -= len(dumped) + dumped.count('"') + dumped.count("\\")  # the browser keeps JSON of it
            if left < 0:
                break
            kept.append(dumped)
        head = _json({"format": FORMAT, "visitor": self.visitor, "chats": []})
        return f"{head[:-2]}{','.join(kept)}]}}"


class Visitors:
    """The shelves of those who were here last. Safe to use from several threads.

    Who is forgotten goes on from what the browser sends along.
    """

    def __init__(self, most: int = MOST_VISITORS, most_bytes: int = MOST_BYTES) -> None:
        self._most, self._most_bytes = most, most_bytes
        self._sizes: OrderedDict[Shelf, int] = OrderedDict()
        # Also those forgotten that a running event still holds: a visitor never has two.
        self._living: WeakValueDictionary[str, Shelf] = WeakValueDictionary()
        self._choosing = threading.Lock()

    def shelf(self, stored: Any) -> Shelf:
        """The shelf of the visitor whose browser kept this; of a new one where it kept nothing."""
        told = _told(stored)
        visitor = _id(told, "visitor")
        shelf = self._living.get(visitor)
        if shelf is None:
            found = (_chat(each) for each in _list(told.get("chats"))[:MOST_CHATS])
            read = Shelf(visitor, [chat for chat in found if chat])
            with self._choosing:
                shelf = self._living.setdefault(visitor, read)
        self.keep(shelf)
        return shelf

    def keep(self, shelf: Shelf, page: OpenPage | None = None) -> None:
        """Say that a visitor is here, on a page; those who were here longest ago are forgotten."""
        with self._choosing:
            if page and not any(each is page for each in shelf.pages):
                shelf.pages.append(page)
        size = shelf.size
        with self._choosing:
            self._sizes[shelf] = size
            self._sizes.move_to_end(shelf)
            freed = 0
            while len(self._sizes) > self._most or sum(self._sizes.values()) > self._most_bytes:
                forgotten, size = self._sizes.popitem(last=False)
                forgotten.pages.clear()  # which hold the shelf in turn
                freed += size
        if freed > _WORTH_TRIMMING:
            _give_back_memory()


def _give_back_memory() -> None:
    """Have glibc return what is free to the system: large texts that come and go in many threads leave
    gaps in its heaps, which grow to several times of what is held."""
    with suppress(OSError, AttributeError, TypeError):  # another C library, or Windows
        ctypes.CDLL(None).malloc_trim(0)


def _json(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"), default=_parts)


def _parts(value: Any) -> dict[str, Any]:
    if isinstance(value, Filters):
        return value.to_dict()
    if not is_dataclass(value):
        raise TypeError(f"{type(value)} is not plain data")
    told = vars(value)
    return {name: told[name] for name in told if name != "size"} if isinstance(value, Exchange) else told


def _size(value: Any) -> int:
    """Bytes that plain data takes, a little more where parts of it are shared."""
    size = sys.getsizeof(value)
    if value is None or isinstance(value, str | int | float):
        return size
    if isinstance(value, dict):
        return size + sum(map(_size, value.values()))
    return size + (sum(map(_size, value)) if isinstance(value, list | tuple) else _size(vars(value)))


def _told(stored: Any) -> Mapping[str, Any]:
    """What a browser kept as JSON types; nothing where it is none of ours, or more than it was given."""
    try:
        text = stored if isinstance(stored, str) else _json(stored)
        if len(text) > LONGEST_TEXT or _brackets(text) > MOST_BRACKETS:
            return {}
        told = json.loads(text)
    except (TypeError, ValueError, RecursionError):
        return {}
    return told if isinstance(told, Mapping) and told.get("format") in _READ else {}


def _brackets(text: str) -> int:
    """How many lists and objects some JSON has; those in its strings count where they are few."""
    count = text.count("[") + text.count("{")
    if count <= MOST_BRACKETS:
        return count
    bare = _STRING.sub("", text)
    return bare.count("[") + bare.count("{")


def _chat(told: Any) -> Chat | None:
    if not isinstance(told, Mapping):
        return None
    last = _list(told.get("exchanges"))[-MOST_EXCHANGES:]
    exchanges = [found for each in last if (found := _exchange(each))]
    return Chat(tuple(exchanges), _id(told)) if exchanges else None


def _exchange(told: Any) -> Exchange | None:
    if not isinstance(told, Mapping) or not isinstance(told.get("question"), str):
        return None
    if len(_json(told)) > LONGEST_EXCHANGE:
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
    """An answer whose every field is of its kind, and bounded. Raises ValueError, TypeError."""
    if not isinstance(told, Mapping) or any(
        len(_list(told.get(name))) > most for name, most in MOST_PARTS.items()
    ):
        raise ValueError("no answer, or more than one has")
    found = _answers().validate_json(json.dumps(told, allow_nan=False), strict=True)
    json.dumps(found, default=_parts, allow_nan=False)  # a number with 400 digits has become infinite
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

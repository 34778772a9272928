"""The visitors who were here last, and their conversations, within bounds of memory."""

import ctypes
import threading
from collections import OrderedDict, deque
from collections.abc import Sequence
from contextlib import suppress
from typing import Any, Protocol
from weakref import WeakValueDictionary

from ui.web import stored
from ui.web.chats import Chat, Exchange
from ui.web.stored import MOST_CHATS

MOST_VISITORS = 300
MOST_BYTES = 24 * 2**20  # of memory, for the conversations of all visitors
MOST_OF_ONE = 12 * 2**20  # for those of one visitor; what a browser keeps takes less
MOST_PAGES = 20  # open pages of a visitor whose sessions are held
_WORTH_TRIMMING = 2**20  # bytes


class OpenPage(Protocol):
    """A page that a visitor has open."""

    chat: Chat


class Visitor:
    """A visitor's conversations, shared by all pages that this visitor has open.

    The browser's copy outlives the server. The server's copy is shared by all pages of a browser, so that
    none of them overwrites what another has added. Beyond MOST_OF_ONE, the oldest are dropped.
    """

    def __init__(self, id: str, chats: Sequence[Chat] = ()) -> None:  # noqa: A002
        """`chats` are in order, the newest first."""
        self.id = id
        self._chats = {chat.id: chat for chat in reversed(chats)}
        self.pages: deque[OpenPage] = deque(maxlen=MOST_PAGES)
        self._changing = threading.Lock()
        self._drop_oldest()

    @property
    def size(self) -> int:
        """Bytes of memory that the conversations take, including those that are only open in a page."""
        chats = [*self.chats, *(page.chat for page in list(self.pages))]
        exchanges = {id(exchange): exchange for chat in chats for exchange in chat.exchanges}
        return sum(exchange.size for exchange in exchanges.values())

    @property
    def chats(self) -> list[Chat]:
        """The conversations, the one with the last question first."""
        return list(self._chats.values())[::-1]

    def latest(self, chat: Chat) -> Chat:
        """The conversation as it is now, whichever page has changed it."""
        return self._chats.get(chat.id, chat)

    def put(self, chat: Chat) -> None:
        """Keep a conversation as it is now, once it holds a question; it becomes the newest."""
        with self._changing:
            self._chats.pop(chat.id, None)
            if chat.exchanges:
                self._chats[chat.id] = chat
            self._drop_oldest()

    def update(self, chat: Chat, exchange: Exchange) -> Chat:
        """Keep a new state of one exchange; returns the conversation with what other pages have added.

        A conversation that was removed in the meantime, or no longer has this exchange, stays that way.
        """
        with self._changing:
            current = self._chats.get(chat.id)
            if current is None:
                return chat.with_exchange(exchange)
            changed = current.with_exchange(exchange)
            self._chats[chat.id] = changed
            self._drop_oldest()
            return changed

    def remove(self, chat: Chat) -> None:
        with self._changing:
            self._chats.pop(chat.id, None)

    def add_page(self, page: OpenPage) -> None:
        """Hold the session of a page; the pages that were opened first are let go if all take too much."""
        with self._changing:
            if not any(open_page is page for open_page in self.pages):
                self.pages.append(page)
            while len(self.pages) > 1 and self.size > MOST_OF_ONE:
                self.pages.popleft()

    def dump(self) -> str:
        """The text for the browser, without the oldest conversations if there is no room."""
        return stored.write(self.id, self.chats)

    def _drop_oldest(self) -> None:
        """Drop the oldest conversations if they are too many or too large, but never the newest."""
        size = 0
        for place, chat in enumerate(self.chats):
            size += chat.size
            if place and (place >= MOST_CHATS or size > MOST_OF_ONE):
                del self._chats[chat.id]


class Visitors:
    """The visitors who were here last. Safe to use from several threads.

    A visitor who was forgotten goes on from what the browser sends along.
    """

    def __init__(self, most: int = MOST_VISITORS, most_bytes: int = MOST_BYTES) -> None:
        self._most, self._most_bytes = most, most_bytes
        self._sizes: OrderedDict[Visitor, int] = OrderedDict()
        # Includes forgotten visitors whom a running event still holds, so that none exists twice.
        self._living: WeakValueDictionary[str, Visitor] = WeakValueDictionary()
        self._choosing = threading.Lock()

    def find(self, text: Any) -> Visitor:
        """The visitor whose browser kept this text; a new one if it kept nothing."""
        id_, chats = stored.read(text)
        visitor = self._living.get(id_)
        if visitor is None:
            new = Visitor(id_, list(chats))
            with self._choosing:
                visitor = self._living.setdefault(id_, new)
        self.keep(visitor)
        return visitor

    def keep(self, visitor: Visitor, page: OpenPage | None = None) -> None:
        """Note that a visitor is here, on a page; whoever was here longest ago is forgotten."""
        if page:
            visitor.add_page(page)
        size = visitor.size
        with self._choosing:
            self._sizes[visitor] = size
            self._sizes.move_to_end(visitor)
            freed = 0
            while len(self._sizes) > self._most or sum(self._sizes.values()) > self._most_bytes:
                forgotten, size = self._sizes.popitem(last=False)
                forgotten.pages.clear()  # they hold the visitor in turn
                freed += size
        if freed > _WORTH_TRIMMING:
            _give_back_memory()


def _give_back_memory() -> None:
    """Have glibc return free memory to the system: large texts that come and go in many threads leave gaps
    in its heaps, which then grow to several times what is in use."""
    with suppress(OSError, AttributeError, TypeError):  # another C library, or Windows
        ctypes.CDLL(None).malloc_trim(0)

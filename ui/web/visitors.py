"""Those who were here last, and their conversations, within a bound of bytes."""

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
MOST_BYTES = 24 * 2**20  # of all visitors' conversations in memory
MOST_PAGES = 20  # open ones of a visitor whose sessions are held
_WORTH_TRIMMING = 2**20  # bytes


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
        return stored.write(self.visitor, self.chats)


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

    def shelf(self, kept: Any) -> Shelf:
        """The shelf of the visitor whose browser kept this; of a new one where it kept nothing."""
        found = stored.Stored(kept)
        shelf = self._living.get(found.visitor)
        if shelf is None:
            read = Shelf(found.visitor, found.chats())
            with self._choosing:
                shelf = self._living.setdefault(found.visitor, read)
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

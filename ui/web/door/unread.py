"""Answers that nobody fetches: Gradio keeps them for thousands of visitors; here for some megabytes."""

import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

MOST_OF_ONE = 48 * 2**20  # bytes that one visitor has sent, and whose answers wait to be fetched
MOST_OF_ALL = 128 * 2**20
MOST_EVENTS = 200  # of one visitor; Gradio's queue has places for 250 of all
_PATIENCE = 60.0  # seconds; a page begins to fetch at once


@dataclass
class Sent:
    """What was sent in one session of Gradio's, a page that is open."""

    visitor: str
    size: int = 0
    events: int = 0
    begun: float = field(default_factory=time.monotonic)
    readers: int = 0


@dataclass
class Unread:
    """What waits, by session. `forget` lets Gradio drop a session's answers."""

    forget: Callable[[str], Awaitable[None]]
    _sent: dict[str, Sent] = field(default_factory=dict)

    async def has_room(self, visitor: str, session: str, size: int) -> bool:
        """Note that so many bytes were sent; False where too much waits already."""
        late = time.monotonic() - _PATIENCE
        for known in [key for key, each in self._sent.items() if not each.readers and each.begun < late]:
            del self._sent[known]
            await self.forget(known)
        mine = [each for each in self._sent.values() if each.visitor == visitor]
        of_all = sum(each.size for each in self._sent.values())
        if sum(each.size for each in mine) + size > MOST_OF_ONE or of_all + size > MOST_OF_ALL:
            return False
        if sum(each.events for each in mine) >= MOST_EVENTS:
            return False
        sent = self._sent.setdefault(session, Sent(visitor))
        sent.size, sent.events = sent.size + size, sent.events + 1
        return True

    @contextmanager
    def reading_one(self, session: str) -> Iterator[None]:
        """Around fetching one answer of several, which programs fetch one by one."""
        try:
            yield
        finally:
            if sent := self._sent.get(session):
                sent.size -= sent.size // sent.events
                sent.events -= 1
                if not sent.events:
                    del self._sent[session]

    @contextmanager
    def reading(self, session: str) -> Iterator[None]:
        """Around fetching; when it ends, all was fetched, or nobody wants it any more."""
        sent = self._sent.get(session)
        if sent:
            sent.readers += 1
        try:
            yield
        finally:
            if sent:
                sent.readers -= 1
                if not sent.readers and self._sent.get(session) is sent:
                    del self._sent[session]

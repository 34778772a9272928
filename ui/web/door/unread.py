"""Bounds the answers that wait to be fetched, which Gradio keeps for thousands of sessions."""

import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

MOST_OF_ONE = 48 * 2**20  # bytes of one visitor's requests whose answers wait to be fetched
MOST_OF_ALL = 128 * 2**20
MOST_EVENTS = 200  # of one visitor; Gradio's queue has places for 250 of all visitors
_PATIENCE = 60.0  # seconds; a page starts to fetch at once


@dataclass
class Waiting:
    """The requests of one of Gradio's sessions, which is an open page, that wait for their answers."""

    visitor: str
    size: int = 0
    events: int = 0
    begun: float = field(default_factory=time.monotonic)
    readers: int = 0


@dataclass
class Unread:
    """The waiting requests, by session. `forget` makes Gradio drop a session's answers."""

    forget: Callable[[str], Awaitable[None]]
    _sessions: dict[str, Waiting] = field(default_factory=dict)

    async def has_room(self, visitor: str, session: str, size: int) -> bool:
        """Note that so many bytes were sent; False if too much waits already."""
        late = time.monotonic() - _PATIENCE
        for key, waiting in list(self._sessions.items()):
            if waiting.begun < late and not waiting.readers and self._sessions.get(key) is waiting:
                del self._sessions[key]
                await self.forget(key)
        of_all = self._sessions.values()
        of_one = [waiting for waiting in of_all if waiting.visitor == visitor]
        if (
            sum(waiting.size for waiting in of_one) + size > MOST_OF_ONE
            or sum(waiting.size for waiting in of_all) + size > MOST_OF_ALL
            or sum(waiting.events for waiting in of_one) >= MOST_EVENTS
        ):
            return False
        waiting = self._sessions.setdefault(session, Waiting(visitor))
        waiting.size, waiting.events = waiting.size + size, waiting.events + 1
        return True

    @contextmanager
    def reading_one(self, session: str) -> Iterator[None]:
        """Around fetching one answer of several, which programs fetch one by one."""
        try:
            yield
        finally:
            if waiting := self._sessions.get(session):
                waiting.size -= waiting.size // waiting.events
                waiting.events -= 1
                if not waiting.events:
                    del self._sessions[session]

    @contextmanager
    def reading(self, session: str) -> Iterator[None]:
        """Around fetching; when it ends, everything was fetched, or nobody is left to fetch it."""
        waiting = self._sessions.get(session)
        if waiting:
            waiting.readers += 1
        try:
            yield
        finally:
            if waiting:
                waiting.readers -= 1
                if not waiting.readers and self._sessions.get(session) is waiting:
                    del self._sessions[session]

"""Connections that nobody holds for nothing: uvicorn itself waits for ever for a request."""

import asyncio
from collections import Counter
from typing import Any, ClassVar

from uvicorn.protocols.http.h11_impl import H11Protocol

from ui.web.door.proxies import Proxies

PATIENCE = 20.0  # seconds for a request's line and headers, or for the rest of a body that was refused
MOST_CONNECTIONS = 512  # of one address; an open page has two or three


class Connection(H11Protocol):
    """A connection that is closed if no request comes, or if its address has too many.

    uvicorn's option for h11 bounds the size of a head, and h11 reads no request before the one ahead of it
    is answered.
    """

    proxies: ClassVar[Proxies] = Proxies()  # these hold the connections of many visitors
    _open: ClassVar[Counter[str]] = Counter()

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._deadline: asyncio.TimerHandle | None = None
        self._address = self.client[0] if self.client else ""
        self._open[self._address] += 1
        if self._open[self._address] > MOST_CONNECTIONS and not self.proxies.have(self._address):
            transport.abort()
        else:
            self._watch()

    def connection_lost(self, exc: Exception | None) -> None:
        self._open[self._address] -= 1
        if not self._open[self._address]:
            del self._open[self._address]
        self._stop_watching()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        self._watch()

    @property
    def _is_waiting(self) -> bool:
        """Whether nothing is being answered: a request is still to come, or to be read and thrown away."""
        cycle: Any = self.cycle
        return cycle is None or bool(cycle.response_complete)

    def _watch(self) -> None:
        """Limit the time of the next request, however its bytes come; an answer may take any time."""
        if not self._is_waiting:
            self._stop_watching()
        elif self._deadline is None and not self.transport.is_closing():
            self._deadline = self.loop.call_later(PATIENCE, self._give_up)

    def _stop_watching(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _give_up(self) -> None:
        self._deadline = None
        if self._is_waiting and not self.transport.is_closing():
            self.transport.close()

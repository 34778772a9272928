"""Connections that cannot be held for nothing: uvicorn itself waits for ever for a request to be sent."""

import asyncio
from collections import Counter
from typing import Any, ClassVar

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from ui.web.door.proxies import Proxies

PATIENCE = 20.0  # seconds for a request's line and headers, or for the rest of a body that was refused
LARGEST_HEAD = 64 * 1024  # bytes of a request's line and headers, or of what stands between a body's pieces
MOST_AHEAD = 8  # requests that are sent before the first is answered; browsers send none
MOST_CONNECTIONS = 512  # of one address; a page that is open has two or three


class Connection(HttpToolsProtocol):
    """Closed where no request comes, where its head does not end, or too many come at once."""

    proxies: ClassVar[Proxies] = Proxies()  # they speak for many visitors
    _open: ClassVar[Counter[str]] = Counter()

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._deadline: asyncio.TimerHandle | None = None
        self._head = 0  # bytes since the last piece of a body, or the last request that was whole
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
        self._head += len(data)
        super().data_received(data)
        if self._head > LARGEST_HEAD:
            self.transport.abort()
        self._watch()

    def on_headers_complete(self) -> None:
        if len(self.pipeline) >= MOST_AHEAD:
            raise ValueError("too many requests ahead")  # to the parser, which reads no further
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        self._head = 0
        super().on_body(body)

    def on_message_complete(self) -> None:
        self._head = 0
        super().on_message_complete()

    @property
    def _is_waiting(self) -> bool:
        """Whether nothing is being answered: a request is to come, or to be read and thrown away."""
        cycle: Any = self.cycle
        return cycle is None or bool(cycle.response_complete)

    def _watch(self) -> None:
        """Give the next request its time, however its bytes come; an answer takes what it takes."""
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

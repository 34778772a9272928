"""Ends requests from another thread: their connections are shut, so that the server stops its work."""

import socket
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from typing import Any

from rag.errors import StoppedError

_CONNECTED = ("connection.connect_tcp.complete", "connection.start_tls.complete")


class Leaving:
    """Requests that may be left before they end, such as those of one answer. Safe to use from threads."""

    def __init__(self) -> None:
        self.is_left = False
        self._sockets: list[socket.socket] = []
        self._changing = threading.Lock()

    def leave(self) -> None:
        """End the request that goes on, and refuse others."""
        with self._changing:
            self.is_left = True
            for connection in self._sockets:
                _shut(connection)

    def check(self) -> None:
        """Raises StoppedError once it is left."""
        if self.is_left:
            raise StoppedError("stopped: ask again")

    def trace(self, event: str, about: Mapping[str, Any]) -> None:
        """Take in the connection of a request; httpx calls this for the steps of one."""
        if event in _CONNECTED:
            with self._changing:
                self._sockets = [about["return_value"].get_extra_info("socket")]
                if self.is_left:
                    _shut(self._sockets[0])


_current: ContextVar[Leaving | None] = ContextVar("leaving", default=None)


@contextmanager
def leaving_by(leaving: Leaving) -> Iterator[None]:
    """Let the requests of this block be left by it. If they are, whatever they raise is StoppedError."""
    token = _current.set(leaving)
    try:
        leaving.check()
        yield
    except Exception:  # whatever the client makes of a connection that was shut
        leaving.check()
        raise
    finally:
        with suppress(ValueError):  # a generator that is closed by another thread
            _current.reset(token)


def current() -> Leaving | None:
    """What the requests of the running block are left by."""
    return _current.get()


def _shut(connection: socket.socket) -> None:
    with suppress(OSError):  # it is closed
        connection.shutdown(socket.SHUT_RDWR)

"""The server: uvicorn in a thread of this process."""

import errno
import logging
import socket
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

import uvicorn
from starlette.types import ASGIApp

from rag.errors import SettingError
from ui.web.door.connections import Connection
from ui.web.door.proxies import Proxies

_END = 3  # seconds for answers that are being written when the server is closed
_LARGEST_HEAD = 64 * 1024  # bytes of a request's line and headers, or between the pieces of a body
_MOST_CONNECTIONS = 2_000  # of all visitors together
_REST = 0.01  # seconds between looks at whether it has started


@dataclass
class Served:
    """A page that is being served. `_end` ends what would hold the server open, such as heartbeats."""

    address: str
    _server: uvicorn.Server
    _thread: threading.Thread
    _end: Callable[[], None]

    def close(self) -> None:
        """Stop the server, and wait until it has stopped."""
        self._end()
        errors = logging.getLogger("uvicorn.error")  # what is cut off now is no error
        errors.disabled = True
        try:
            self._server.should_exit = True
            self._thread.join()
        finally:
            errors.disabled = False


def start(app: ASGIApp, host: str, port: int, proxies: Proxies, end: Callable[[], None]) -> Served:
    """Serve the app until it is closed. `end` ends requests that do not end by themselves.

    Raises SettingError if it cannot listen or start.
    """
    listening = _listen(host, port)
    server = uvicorn.Server(
        uvicorn.Config(
            app,
            http=type("ProxiedConnection", (Connection,), {"proxies": proxies}),
            ws="none",
            lifespan="on",
            h11_max_incomplete_event_size=_LARGEST_HEAD,
            log_config=None,  # its warnings take the way of all output
            log_level="warning",
            access_log=False,
            proxy_headers=False,  # Forwarded decides whom to believe
            server_header=False,
            limit_concurrency=_MOST_CONNECTIONS,
            timeout_graceful_shutdown=_END,
        )
    )
    thread = threading.Thread(
        target=server.run, kwargs={"sockets": [listening]}, name="askpapers-page", daemon=True
    )
    thread.start()
    while not server.started and thread.is_alive():
        time.sleep(_REST)
    if not server.started:
        raise SettingError("the page could not be started: its log says why")
    shown = {"0.0.0.0": "localhost", "::": "localhost", "": "localhost"}.get(host, host)  # noqa: S104
    shown = f"[{shown}]" if ":" in shown else shown
    return Served(f"http://{shown}:{listening.getsockname()[1]}/", server, thread, end)


def _listen(host: str, port: int) -> socket.socket:
    """A socket that listens there and nowhere else. Raises SettingError."""
    try:
        addresses = socket.getaddrinfo(host or None, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        family, *_, address = addresses[0]
        is_dual = family == socket.AF_INET6 and host == "::" and socket.has_dualstack_ipv6()
        where = str(address[0]), port
        return socket.create_server(where, family=family, backlog=2048, dualstack_ipv6=is_dual)
    except OSError as error:
        why = str(error.strerror).partition(" (while")[0]  # the address follows
        why = "it is taken" if error.errno == errno.EADDRINUSE else why
        raise SettingError(
            f"port {port} of {host} cannot be used ({why}): name another with --port"
        ) from error

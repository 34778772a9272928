"""The page behind its door, served by uvicorn in a thread of this process."""

import errno
import os
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

_END = 3  # seconds for answers that are being written
_MOST_CONNECTIONS = 2_000  # of all visitors together
_REST = 0.01  # seconds


@dataclass
class Served:
    """A page that is being served; `_end` ends what would hold the server open, such as heartbeats."""

    address: str
    _server: uvicorn.Server
    _thread: threading.Thread
    _end: Callable[[], None]

    def close(self) -> None:
        """Answer nobody any more."""
        self._end()
        self._server.should_exit = True
        self._thread.join()


def start(app: ASGIApp, host: str, port: int, proxies: Proxies, end: Callable[[], None]) -> Served:
    """Serve the app until it is closed; `end` lets go what never ends by itself. Raises SettingError."""
    listening = _listen(host, port)
    server = uvicorn.Server(
        uvicorn.Config(
            app,
            http=type("ProxiedConnection", (Connection,), {"proxies": proxies}),
            ws="none",
            lifespan="on",
            log_config=None,  # what it warns of goes the way of all output
            log_level="warning",
            access_log=False,
            proxy_headers=False,  # `proxies` decides whom to believe
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
    """A socket that listens there and nowhere else."""
    listening = None
    try:
        family, kind, _, _, address = socket.getaddrinfo(
            host or None, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        listening = socket.socket(family, kind)
        if os.name == "posix":  # elsewhere it would let others listen at the same place
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind(address)
        listening.listen(2048)
    except OSError as error:
        if listening:
            listening.close()
        why = "it is taken" if error.errno == errno.EADDRINUSE else error.strerror
        raise SettingError(
            f"port {port} of {host} cannot be used ({why}): name another with --port"
        ) from error
    return listening

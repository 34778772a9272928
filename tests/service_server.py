"""A service on the loopback interface that is asked with GET, HEAD or POST, for the real clients."""

import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit


@dataclass(frozen=True)
class Asked:
    """A request: its path and parameters, its headers by their names in lower case, and when it came."""

    path: str
    parameters: Mapping[str, str]
    headers: Mapping[str, str]
    at: float
    body: bytes = b""


@dataclass(frozen=True)
class Reply:
    """What is sent back. Where it is not whole, the connection closes before its end."""

    status: int
    kind: str
    body: bytes
    headers: Mapping[str, str]
    is_whole: bool = True
    after: float = 0.0  # seconds


def reply(
    status: int, body: str | bytes = "", kind: str = "text/html", after: float = 0.0, **headers: str
) -> Reply:
    whole = body.encode() if isinstance(body, str) else body
    return Reply(status, kind, whole, {n.replace("_", "-"): v for n, v in headers.items()}, after=after)


Answering = Callable[[Asked], Reply]


class _Exchange(BaseHTTPRequestHandler):
    server: "ServiceServer"
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        parameters = {name: values[0] for name, values in parse_qs(parts.query).items()}
        headers = {name.lower(): value for name, value in self.headers.items()}
        body = self.rfile.read(int(headers.get("content-length", "0")))
        answer = self.server.answer(Asked(parts.path, parameters, headers, time.monotonic(), body))
        self.server.stopped.wait(answer.after)
        self.send_response(answer.status)
        sent = {"Content-Type": answer.kind, "Content-Length": str(len(answer.body))} | answer.headers
        for name, value in sent.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(answer.body if answer.is_whole else answer.body[: len(answer.body) // 2])
        self.close_connection = self.close_connection or not answer.is_whole

    do_HEAD = do_POST = do_GET  # noqa: N815

    def log_message(self, *_: object) -> None:
        """Print nothing."""


class ServiceServer(ThreadingHTTPServer):
    """Answers each request by the next of what it is told to play, all further ones as the service does."""

    daemon_threads = True

    def __init__(self, service: Answering) -> None:
        super().__init__(("127.0.0.1", 0), _Exchange)
        self.asked: list[Asked] = []
        self.stopped = threading.Event()
        self.service: Any = service
        self._played: list[Reply] = []
        self._lock = threading.Lock()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def play(self, *replies: Reply) -> None:
        """Forget what was asked, and begin with these replies."""
        with self._lock:
            self._played = list(replies)
            self.asked.clear()

    def answer(self, asked: Asked) -> Reply:
        with self._lock:
            self.asked.append(asked)
            played = self._played.pop(0) if self._played else None
        return played or self.service(asked)

    def handle_error(self, *arguments: Any) -> None:
        """Print faults of the replies only: a client that has waited long enough hangs up."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(*arguments)


@contextmanager
def running(service: Answering) -> Iterator[ServiceServer]:
    """A server that runs until the block is left."""
    with ServiceServer(service) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        try:
            yield server
        finally:
            server.stopped.set()
            server.shutdown()

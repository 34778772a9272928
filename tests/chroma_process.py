"""A real Chroma server, and a door before it that asks for a token or fails as it is told."""

import http.client
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

CHROMA = Path(sys.executable).with_name("chroma")
_SECONDS = 30  # until it listens, on a busy machine


class ChromaProcess:
    """`chroma run` on a port of its own; it can be killed, and started again with what it had."""

    def __init__(self, data: Path) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port: int = free.getsockname()[1]
        self.data = data
        self.url = f"http://127.0.0.1:{self.port}"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        options = ("--path", self.data, "--host", "127.0.0.1", "--port", str(self.port))
        self._process = subprocess.Popen(
            [CHROMA, "run", *options], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        until = time.monotonic() + _SECONDS
        while not self._listens():
            assert self._process.poll() is None
            assert time.monotonic() < until
            time.sleep(0.05)

    def kill(self) -> None:
        assert self._process
        self._process.kill()
        self._process.wait()

    def _listens(self) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0


class Door(ThreadingHTTPServer):
    """A proxy: what it replies by itself is in `replies`, all else is passed on to the server."""

    daemon_threads = True

    def __init__(self, behind: int) -> None:
        super().__init__(("127.0.0.1", 0), _Passage)
        self.behind = behind
        self.replies: list[tuple[int, str, bytes]] = []  # status, content type, body; used up in order
        self.is_deaf = False
        self.header, self.secret = "", ""  # asked for where it is set
        self.seen: list[str] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def handle_error(self, *_: object) -> None:
        """A client that has gone is no news."""


class _Passage(BaseHTTPRequestHandler):
    server: Door
    protocol_version = "HTTP/1.1"

    def _pass(self) -> None:
        door = self.server
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        door.seen.append(f"{self.command} {self.path}")
        if door.is_deaf:
            time.sleep(3)
        elif door.replies:
            self._reply(*door.replies.pop(0))
        elif door.header and self.headers.get(door.header) != door.secret:
            self._reply(401, "text/plain", f"not {dict(self.headers)}".encode())
        else:
            there = http.client.HTTPConnection("127.0.0.1", door.behind)
            there.request(self.command, self.path, body, {"content-type": "application/json"})
            found = there.getresponse()
            self._reply(found.status, found.headers.get("content-type", ""), found.read())
            there.close()

    do_GET = do_POST = do_PUT = do_DELETE = _pass  # noqa: N815

    def _reply(self, status: int, kind: str, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Print nothing."""


@contextmanager
def opened_door(behind: int) -> Iterator[Door]:
    with Door(behind) as door:
        thread = threading.Thread(target=door.serve_forever, args=(0.02,))
        thread.start()
        yield door
        door.shutdown()
        thread.join()

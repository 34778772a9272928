"""Connections that are left open, or send next to nothing, are bounded and closed; honest ones are not."""

import secrets
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from dataclasses import dataclass

from benchmarks.attacks.findings import Finding
from benchmarks.attacks.target import PASSWORD, Range
from benchmarks.attacks.wire import FORM, JSON, MB, Visitor, chunk, exchange, form_of, signed_in
from benchmarks.served_page import ServedPage

_QUIET = 90  # seconds after which those who send next to nothing are gone
_HELD = 500  # heartbeats of one visitor


def attack(site: Range) -> Iterator[Finding]:
    with site.page(password=PASSWORD) as target:
        yield from _heartbeats(target)
    with site.page(password=PASSWORD) as target:
        yield from _quiet(target)
        yield _patient(target)


def _heartbeats(target: ServedPage) -> Iterator[Finding]:
    """Streams that never end, with the password and without, from one visitor."""
    member = signed_in(target)
    for name, visitor in (("without the password", Visitor(target)), ("signed in", member)):
        for path in ("/gradio_api/heartbeat/", "/gradio_api/queue/data?session_hash="):
            with ExitStack() as opened:
                held = _open_streams(opened, visitor, path, 800)
                status = member.get("/config", patience=20).status
            most = 0 if visitor is not member else _HELD
            promised = f"at most {most} held, others served"
            what = f"800 of {path.partition('?')[0]} {name}"
            measured = f"{held} held, another gets {status}"
            yield Finding(what, promised, measured, held <= most and status == 200)
            time.sleep(1)


def _open_streams(opened: ExitStack, visitor: Visitor, path: str, count: int) -> int:
    """How many answers have begun well and do not end."""
    streams = []
    for number in range(count):
        with suppress(OSError):
            plain = socket.create_connection(("127.0.0.1", visitor.target.port), 5)
            opened.callback(plain.close)
            head = visitor.head("GET", f"{path}{secrets.token_hex(4)}{number}")
            plain.sendall(head.replace(b"close", b"keep-alive"))
            streams.append(plain)
    time.sleep(8)
    return sum(_is_held(plain) for plain in streams)


def _is_held(plain: socket.socket) -> bool:
    """Whether a good answer has begun and the connection is still open."""
    plain.setblocking(False)
    read = bytearray()
    try:
        while piece := plain.recv(65536):
            read += piece
        return False
    except BlockingIOError:
        return read.startswith(b"HTTP/1.1 200") and not read.endswith(b"0\r\n\r\n")
    except OSError:
        return False


@dataclass
class Slow:
    """A connection that sends next to nothing."""

    kind: str
    plain: socket.socket
    pieces: Iterator[bytes]
    pause: float
    due: float = 0.0
    is_open: bool = True

    def go_on(self, now: float) -> None:
        """Send the next bit when it is due; see whether it is still open."""
        if not self.is_open:
            return
        try:
            self.plain.setblocking(False)
            with suppress(BlockingIOError):
                while piece := self.plain.recv(65536):
                    del piece
                self.is_open = False
                return
            if now >= self.due:
                self.plain.send(next(self.pieces, b""))
                self.due = now + self.pause
        except OSError:
            self.is_open = False


def _slow_ones(target: ServedPage, visitor: Visitor) -> Iterator[Slow]:
    """Fifty of each kind."""
    kind, body = form_of("a.jsonl", b"a" * MB)
    sized = ("Content-Length", str(len(body)))
    head = visitor.head("POST", "/gradio_api/upload", [kind, sized])
    join = visitor.head("POST", "/gradio_api/queue/join", [JSON, ("Content-Length", "9999")])
    login = Visitor(target).head("POST", "/login", [FORM, ("Content-Length", "999")])
    long_head = b"GET / HTTP/1.1\r\nHost: localhost\r\n" + b"A: b\r\n" * 1000
    chunks = visitor.head("POST", "/gradio_api/upload", [kind, ("Transfer-Encoding", "chunked")])
    for name, first, rest, pause in (
        ("nothing", b"", b"", 60.0),
        ("a head, a byte a second", b"", long_head, 1.0),
        ("an upload, a byte every 3 s", head + body[:300], b"a" * 9999, 3.0),
        ("an event, a byte every 3 s", join, b'{"data":[' + b" " * 9999, 3.0),
        ("a password, a byte every 3 s", login, b"username=" + b"a" * 900, 3.0),
        ("chunks of a byte, every 3 s", chunks + chunk(body[:300]), b"", 3.0),
    ):
        for _ in range(50):
            with suppress(OSError):
                plain = socket.create_connection(("127.0.0.1", target.port), 10)
                plain.sendall(first)
                bits = [bytes([byte]) for byte in rest] if "chunks" not in name else [chunk(b"a")] * 999
                yield Slow(name, plain, iter(bits), pause, time.monotonic() + pause)


def _quiet(target: ServedPage) -> Iterator[Finding]:
    """Connections that send next to nothing for a minute and a half."""
    member = signed_in(target)
    slow = list(_slow_ones(target, member))
    until = time.monotonic() + _QUIET
    while time.monotonic() < until:
        now = time.monotonic()
        for connection in slow:
            connection.go_on(now)
        time.sleep(0.2)
    for connection in slow:
        connection.go_on(0)
    promised = f"closed within {_QUIET} s"
    for kind in dict.fromkeys(connection.kind for connection in slow):
        left = sum(connection.is_open for connection in slow if connection.kind == kind)
        yield Finding(f"50 connections that send {kind}", promised, f"{left} open", left == 0)
    status = member.get("/config", patience=10).status
    yield Finding("one who is signed in, meanwhile", "200", str(status), status == 200)
    for connection in slow:
        connection.plain.close()


def _patient(target: ServedPage) -> Finding:
    """An honest upload over a slow line, which must not be taken for an attack."""
    member = signed_in(target)
    kind, body = form_of("a.jsonl", b"a" * 2 * MB)
    head = member.head("POST", "/gradio_api/upload", [kind, ("Content-Length", str(len(body)))])

    def slowly() -> Iterator[bytes]:
        for start in range(0, len(body), 50_000):
            time.sleep(0.5)
            yield body[start : start + 50_000]

    reply = exchange(target.port, head, slowly(), patience=120)
    measured = f"{reply.status} after {reply.seconds:.0f} s"
    return Finding("an honest upload of 2 MB at 100 KB/s", "is taken", measured, reply.status == 200)

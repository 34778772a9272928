"""A request's head is short: one without an end fills no memory and keeps nobody waiting."""

import select
import socket
import time
from collections.abc import Iterator, Mapping
from contextlib import closing, suppress

from benchmarks.attacks.bodies import LONGEST
from benchmarks.attacks.findings import Finding
from benchmarks.attacks.target import PASSWORD, Range
from benchmarks.attacks.watching import watching
from benchmarks.attacks.wire import MB
from benchmarks.served_page import ServedPage

_SENT = 48 * MB
_TAKEN = 12 * MB  # that may be sent before the connection is closed: what the system holds counts too
_MOST_MB = 100
_PATIENCE = 30  # seconds for one of them


_HOST = b"Host: localhost\r\n"
_CHUNKED = b"POST /gradio_api/queue/join HTTP/1.1\r\n" + _HOST + b"Transfer-Encoding: chunked\r\n\r\n"
_GET = b"GET / HTTP/1.1\r\n" + _HOST
HEADS: Mapping[
    str, tuple[bytes, bytes]
] = {  # the start of a request, and the piece that is repeated without end
    "long headers": (_GET, b"A: " + b"b" * 60_000 + b"\r\n"),
    "short headers": (_GET, b"A: b\r\n" * 10_000),
    "one header": (_GET + b"A: ", b"b" * 65_536),
    "the name of a header": (_GET, b"A" * 65_536),
    "cookies": (_GET, b"Cookie: " + b"a=b; " * 12_000 + b"\r\n"),
    "a path": (b"GET /", b"a" * 65_536),
    "a query": (b"GET /?", b"a=b&" * 16_384),
    "a method": (b"", b"G" * 65_536),
    "empty lines": (b"", b"\r\n" * 32_768),
    "a chunk's extension": (_CHUNKED + b"5;", b"a" * 65_536),
    "a chunk's length": (_CHUNKED, b"0" * 65_536),
    "trailers": (_CHUNKED + b"0\r\n", b"A: b\r\n" * 10_000),
    "requests one after the other": (b"", (b"GET /config HTTP/1.1\r\n" + _HOST + b"\r\n") * 1500),
}

# What is read and forgotten; only memory and the waits of others count.
_PASSING = "empty lines", "a chunk's extension", "a chunk's length", "requests one after the other"


def attack(site: Range) -> Iterator[Finding]:
    for name, (start, piece) in HEADS.items():
        with site.page(password=PASSWORD) as target:  # a new one: memory that was freed would be used again
            yield from without_end(target, name, start, piece)


def without_end(target: ServedPage, name: str, start: bytes, piece: bytes) -> Iterator[Finding]:
    """Send it until the server refuses, or for long enough; measure memory and the waits of others."""
    target.wait_until_idle(30)
    before = target.memory_mb()
    with watching(target.port, "/") as waits:
        taken, most = _send(target, start, piece)
    time.sleep(0.5)
    grown = most - before
    measured = f"{taken / MB:.1f} MB taken, memory grew by {grown:.0f} MB, waited {waits.longest:.2f} s"
    promised = f"refused, under {_MOST_MB} MB, nobody waits over {LONGEST:g} s"
    is_bounded = taken < _TAKEN or name in _PASSING
    held = target.is_alive() and is_bounded and grown < _MOST_MB and waits.longest <= LONGEST
    yield Finding(f"{name} without an end", promised, measured, held)


def _send(target: ServedPage, start: bytes, piece: bytes) -> tuple[int, float]:
    """The bytes that were sent, and the most memory that the server used."""
    taken, most, until = 0, target.memory_mb(), time.monotonic() + _PATIENCE
    with suppress(OSError), closing(socket.create_connection(("127.0.0.1", target.port), 5)) as plain:
        plain.settimeout(5)
        plain.sendall(start)
        while taken < _SENT and time.monotonic() < until:
            if start and select.select([plain], [], [], 0)[0] and not plain.recv(65536):
                break  # it has been closed
            plain.sendall(piece)
            taken += len(piece)
            most = max(most, target.memory_mb())
    time.sleep(0.5)
    return taken, max(most, target.memory_mb())

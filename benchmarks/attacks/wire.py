"""Requests as an attacker sends them: byte by byte where it must be, and as a program would where not."""

import http.client
import json
import secrets
import select
import socket
import time
import urllib.parse
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from typing import Any

from benchmarks.page_wiring import Wiring
from benchmarks.served_page import ServedPage

META = {"_type": "gradio.FileData"}  # marks a value as a file
MB = 2**20  # bytes
_PIECE = 2**18  # bytes that are sent at a time
_MOST = 2**26  # bytes of an answer that are read
FORM = ("Content-Type", "application/x-www-form-urlencoded")
JSON = ("Content-Type", "application/json")

Header = tuple[str, str]


@dataclass(frozen=True)
class Reply:
    """An answer; status 0 where none came. `sent` are the bytes of the body that went out before it."""

    status: int = 0
    headers: http.client.HTTPMessage = field(default_factory=http.client.HTTPMessage)
    body: bytes = b""
    seconds: float = 0.0
    sent: int = 0

    @property
    def text(self) -> str:
        return self.body.decode(errors="replace")

    @property
    def cookies(self) -> list[str]:
        """The cookies that it sets, each as its header has it."""
        return [str(cookie) for cookie in self.headers.get_all("set-cookie") or []]

    @property
    def cookie(self) -> str:
        """What a browser would send back."""
        return "; ".join(cookie.partition(";")[0] for cookie in self.cookies)


def exchange(
    port: int, head: bytes, body: Iterable[bytes] = (), patience: float = 60, source: str = ""
) -> Reply:
    """Send a head and a body as they are, until an answer comes; `patience` are seconds for all of it."""
    started, sent = time.monotonic(), 0
    until = started + patience
    try:
        plain = socket.create_connection(("127.0.0.1", port), 10, (source, 0) if source else None)
    except OSError:
        return Reply(seconds=time.monotonic() - started)
    with closing(plain):
        try:
            plain.settimeout(patience)
            plain.sendall(head)
            for piece in _pieces(body):
                if select.select([plain], [], [], 0)[0]:
                    break  # it answers already
                plain.sendall(piece)
                sent += len(piece)
        except OSError:
            pass  # it has closed, or reads nothing more; what it said may still be read
        return _answer(plain, head, started, until, sent)


def _answer(plain: socket.socket, head: bytes, started: float, until: float, sent: int) -> Reply:
    response = http.client.HTTPResponse(plain, method=head.split(b" ", 1)[0].decode("latin-1"))
    body = bytearray()
    status, headers = 0, http.client.HTTPMessage()
    try:
        plain.settimeout(max(0.1, until - time.monotonic()))
        response.begin()
        status, headers = response.status, response.headers
        while len(body) < _MOST and (left := until - time.monotonic()) > 0:
            plain.settimeout(left)
            if not (piece := response.read1(_PIECE)):
                break
            body += piece
    except (OSError, http.client.HTTPException):
        pass  # no answer, or one that was cut off
    finally:
        response.close()
    return Reply(status, headers, bytes(body), time.monotonic() - started, sent)


def _pieces(body: Iterable[bytes]) -> Iterator[bytes]:
    for part in body:
        for start in range(0, len(part), _PIECE):
            yield part[start : start + _PIECE]


def head_of(port: int, method: str, target: str, headers: Iterable[Header] = ()) -> bytes:
    """A request's head; a `Host` among the headers takes the place of ours."""
    given = list(headers)
    if not any(name.lower() == "host" for name, _ in given):
        given.insert(0, ("Host", f"127.0.0.1:{port}"))
    fields = (f"{name}: {value}" for name, value in given)
    lines = [f"{method} {target} HTTP/1.1", *fields, "Connection: close"]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("utf-8", "surrogatepass")


@dataclass(frozen=True)
class Visitor:
    """One who visits a page, from an address of the loopback, with a cookie or without."""

    target: ServedPage
    cookie: str = ""
    source: str = ""

    def request(
        self,
        method: str,
        path: str,
        body: bytes | str | Mapping[str, Any] | Sequence[Any] = b"",
        headers: Iterable[Header] = (),
        patience: float = 60,
    ) -> Reply:
        """Send a body whose length is told; what is no bytes and no text is sent as JSON."""
        given = list(headers)
        if not isinstance(body, (bytes, str)):
            body, given = json.dumps(body), [JSON, *given]
        raw = body.encode("utf-8", "surrogatepass") if isinstance(body, str) else body
        if method != "GET" or raw:
            given.append(("Content-Length", str(len(raw))))
        return exchange(self.target.port, self.head(method, path, given), [raw], patience, self.source)

    def head(self, method: str, path: str, headers: Iterable[Header] = ()) -> bytes:
        cookie = [("Cookie", self.cookie)] if self.cookie else []
        return head_of(self.target.port, method, path, [*cookie, *headers])

    def get(self, path: str, headers: Iterable[Header] = (), patience: float = 60) -> Reply:
        return self.request("GET", path, b"", headers, patience)

    def post(
        self, path: str, body: Any = b"", headers: Iterable[Header] = (), patience: float = 60
    ) -> Reply:
        return self.request("POST", path, body, headers, patience)

    def call(self, name: str, *data: Any, headers: Iterable[Header] = (), patience: float = 60) -> Reply:
        """Call an endpoint as programs do; its result is not fetched."""
        return self.post(f"/gradio_api/call/{name}", {"data": data}, headers, patience)

    def result(self, name: str, called: Reply, patience: float = 60) -> None:
        """Fetch the result of a call, if the call was taken."""
        if called.status == 200 and b"event_id" in called.body:
            self.get(f"/gradio_api/call/{name}/{json.loads(called.body)['event_id']}", patience=patience)

    def upload(self, name: str, content: bytes, patience: float = 60) -> Reply:
        """Put a file where uploads go."""
        kind, body = form_of(name, content)
        return self.post("/gradio_api/upload", body, [kind], patience)

    def wiring(self) -> Wiring:
        """The page's components and events. Raises RuntimeError where they are not told."""
        reply = self.get("/config")
        if reply.status != 200:
            raise RuntimeError(f"the page's configuration is answered with {reply.status}")
        return Wiring(json.loads(reply.body))

    def event(
        self, number: int, data: Sequence[Any], patience: float = 60, **more: Any
    ) -> list[dict[str, Any]]:
        """Make an event as the page does; the messages that come of it within the patience."""
        visit = secrets.token_hex(6)
        body = {"data": data, "fn_index": number, "session_hash": visit, "event_data": None, **more}
        joined = self.post("/gradio_api/queue/join", body, patience=patience)
        if joined.status != 200:
            return [{"msg": "refused", "status": joined.status}]
        stream = self.get(f"/gradio_api/queue/data?session_hash={body['session_hash']}", patience=patience)
        lines = stream.text.splitlines()  # the last one may be cut off
        return [json.loads(line[6:]) for line in lines if line.startswith("data: {") and line.endswith("}")]


def is_over(messages: Sequence[Mapping[str, Any]]) -> bool:
    """Whether an event came to an end, a good one or not."""
    return any(
        message["msg"] in ("process_completed", "refused", "unexpected_error") for message in messages
    )


def form_of(name: str, content: bytes, boundary: str = "") -> tuple[Header, bytes]:
    """A file as a form has it."""
    line = boundary or secrets.token_hex(8)
    before = (
        f'--{line}\r\nContent-Disposition: form-data; name="files"; filename="{name}"\r\n'
        "Content-Type: application/octet-stream\r\n\r\n"
    )
    body = before.encode("utf-8", "surrogatepass") + content + f"\r\n--{line}--\r\n".encode()
    return ("Content-Type", f"multipart/form-data; boundary={line}"), body


def chunk(piece: bytes) -> bytes:
    return f"{len(piece):x}\r\n".encode() + piece + b"\r\n"


def chunked(body: Iterable[bytes]) -> Iterator[bytes]:
    """A body without a stated length."""
    yield from map(chunk, _pieces(body))
    yield b"0\r\n\r\n"


def say_password(visitor: Visitor, password: str, name: str = "a", headers: Iterable[Header] = ()) -> Reply:
    form = urllib.parse.urlencode({"username": name, "password": password})
    return visitor.post("/login", form, [FORM, *headers])


def signed_in(target: ServedPage, name: str = "a", source: str = "") -> Visitor:
    """One who may use the page; on a page without a password that is everybody. Raises RuntimeError."""
    visitor = Visitor(target, source=source)
    if target.password is None:
        return visitor
    reply = say_password(visitor, target.password, name)
    while reply.status == 429:  # after guesses that were attacks
        time.sleep(int(reply.headers.get("Retry-After") or "1"))
        reply = say_password(visitor, target.password, name)
    if reply.status != 200 or not reply.cookie:
        raise RuntimeError(f"the right password is answered with {reply.status}: {reply.text[:200]}")
    return Visitor(target, reply.cookie, source)

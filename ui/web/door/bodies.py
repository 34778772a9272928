"""The bodies of requests: how long a body may take, how large it may be, and what its JSON may hold."""

import asyncio
import json
import os
import re
import time
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from starlette.requests import ClientDisconnect, Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ui.web.door.guard import refuse

NEXT_PIECE = 20.0  # seconds to wait for the next piece of a body
GRACE = 20.0  # seconds after which a body must have come at SLOWEST
SLOWEST = 16 * 1024  # bytes a second
MOST_MARKS = 150_000  # commas and brackets; conversations of an older version have up to 100,000
MOST_QUOTES = 500_000  # including those inside of texts
_ODD = frozenset("/\\:\0")  # characters that the name of an upload never has
_MARKS = (b",", b"[", b"{")
# A string without an end reaches to the end of the body.
_STRING = re.compile(rb'"(?:[^"\\]++|\\.)*+(?:"|\Z)', re.DOTALL)


class BodyTimeout:
    """ASGI middleware: answers 408 if a body does not come, or comes too slowly."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        body = _Timed(scope, receive, send)
        with suppress(ClientDisconnect):  # nobody is left to read an answer
            await self.app(scope, body.receive, body.send)


class _Timed:
    """A request that ends if its body is too slow. After the body only a disconnect can come."""

    def __init__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self._scope, self._receive, self._send = scope, receive, send
        self._begun, self._size = time.monotonic(), 0
        self._is_whole = self._has_answered = self._is_over = False

    async def receive(self) -> Message:
        if self._is_whole:
            return await self._receive()
        if self._is_over:
            return {"type": "http.disconnect"}
        try:
            message = await asyncio.wait_for(self._receive(), NEXT_PIECE)
        except TimeoutError:
            return await self._give_up()
        self._size += len(message.get("body", b""))
        self._is_whole = message["type"] != "http.request" or not message.get("more_body")
        late = time.monotonic() - self._begun - GRACE
        return message if self._is_whole or self._size >= late * SLOWEST else await self._give_up()

    async def send(self, message: Message) -> None:
        self._has_answered = True
        if not self._is_over:
            await self._send(message)

    async def _give_up(self) -> Message:
        if not self._has_answered:
            await refuse(408, "the request came too slowly: send it again", {"Connection": "close"})(
                self._scope, self._receive, self._send
            )
        self._is_over = True
        return {"type": "http.disconnect"}


async def read_body(request: Request, limit: int) -> bytes | None:
    """The body; None if it has more bytes than the limit. Raises ClientDisconnect."""
    body = bytearray()
    async for piece in request.stream():
        body += piece
        if len(body) > limit:
            return None
    return bytes(body)


def replay(body: bytes, receive: Receive) -> Receive:
    """A `receive` that gives a body that was read already, then what follows it."""
    pieces = [body]

    async def receive_again() -> Message:
        if pieces:
            return {"type": "http.request", "body": pieces.pop(), "more_body": False}
        return await receive()

    return receive_again


def read_json(body: bytes) -> Any:
    """The value of a body. Raises ValueError, also for so many parts that they would keep Gradio busy."""
    # Counted before they are read: a million lists take seconds to make.
    if body.count(b'"') > MOST_QUOTES or sum(map(_STRING.sub(b"", body).count, _MARKS)) > MOST_MARKS:
        raise ValueError("too many values")
    try:
        return json.loads(body)
    except RecursionError as error:
        raise ValueError("too deep") from error


def problem_of(value: Any, host: str, uploads: Path) -> str | None:
    """Why a body with this value is refused; None if it is not.

    A file is named by the path that its upload was given. Every other path, and every address, is refused
    before Gradio sees it. `host` is the host that the request was sent to.
    """
    left = [value]
    while left:
        part = left.pop()
        if isinstance(part, dict):
            path = part.get("path")
            if isinstance(path, str) and not (
                is_inside(path, uploads) and _is_own(part.get("url"), host, uploads)
            ):
                return "a file was named that was not uploaded: upload it first"
            left += part.values()
        elif isinstance(part, list):
            left += part
    return None


def is_inside(path: str, folder: Path) -> bool:
    """Whether a path is spelled like that of a file below the folder; nothing is looked up on disk."""
    start = f"{folder}{os.sep}"
    rest = path.removeprefix(start).replace(os.sep, "/").split("/")
    return path.startswith(start) and all(part.strip(". ") and not _ODD.intersection(part) for part in rest)


def _is_own(url: Any, host: str, uploads: Path) -> bool:
    """Whether this is empty, or the page's own address of an upload."""
    if not url:
        return True
    try:
        parts = urlsplit(url) if isinstance(url, str) else None
    except ValueError:
        return False
    if parts is None or (parts.netloc or host) != host or parts.scheme not in ("", "http", "https"):
        return False
    before, _, path = parts.path.partition("/gradio_api/file=")
    return not before and is_inside(unquote(path), uploads)

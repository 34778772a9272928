"""The bodies of requests: how long one may take, how large it may be, and what JSON may hold."""

import asyncio
import json
import os
import re
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ui.web.door.guard import refuse

NEXT_PIECE = 20.0  # seconds for the next piece of a body
GRACE = 20.0  # seconds after which a body must have come at some speed
SLOWEST = 16 * 1024  # bytes a second
_ODD = frozenset("/\\:\0")  # in no name that an upload is given
MOST_MARKS = 150_000  # commas and brackets; conversations of an older version have up to 100,000
MOST_QUOTES = 500_000  # those inside of texts too
_MARKS = (b",", b"[", b"{")
_STRING = re.compile(rb'"(?:[^"\\]++|\\.)*+(?:"|\Z)', re.DOTALL)  # one without an end goes to the end


class Patience:
    """ASGI middleware: a body that does not come, or drips, is given up with 408."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        body = _Timed(scope, receive, send)
        with suppress(ClientDisconnect):  # the visitor has left, or was given up: nobody reads an answer
            await self.app(scope, body.receive, body.send)


class _Timed:
    """A request that ends where its body is too slow; behind the body only the visitor's leaving comes."""

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


async def read_whole(receive: Receive, limit: int) -> bytes | None:
    """A body of so many bytes at most; None where it is larger, or the visitor has gone."""
    pieces, size = [], 0
    while True:
        message = await receive()
        if message["type"] != "http.request":
            return None
        size += len(message.get("body", b""))
        if size > limit:
            return None
        pieces.append(message.get("body", b""))
        if not message.get("more_body"):
            return b"".join(pieces)


def replayed(body: bytes, receive: Receive) -> Receive:
    """What gives a body that was read, then what comes behind it."""
    pieces = [body]

    async def receive_again() -> Message:
        if pieces:
            return {"type": "http.request", "body": pieces.pop(), "more_body": False}
        return await receive()

    return receive_again


def read_json(body: bytes) -> Any:
    """What a body says. Raises ValueError, also for one of so many values that Gradio would be busy."""
    # Before it is read: a million lists take seconds to make.
    if body.count(b'"') > MOST_QUOTES or sum(map(_STRING.sub(b"", body).count, _MARKS)) > MOST_MARKS:
        raise ValueError("too many values")
    try:
        return json.loads(body)
    except RecursionError as error:
        raise ValueError("too deep") from error


def problem_of(value: Any, host: str, uploads: Path) -> str | None:
    """Why a body is refused that says this; None where nothing speaks against it.

    Files are named by where an upload has put them: any other place, and any address, is refused before
    Gradio sees it. `host` is the one that the request was sent to.
    """
    left = [value]
    while left:
        each = left.pop()
        if isinstance(each, dict):
            if not _is_fine(each, host, uploads):
                return "a file was named that was not uploaded: upload it first"
            left += each.values()
        elif isinstance(each, list):
            left += each
    return None


def _is_fine(value: Mapping[str, Any], host: str, uploads: Path) -> bool:
    """Whether this names no file, or one that was uploaded."""
    if not isinstance(value.get("path"), str):
        return True
    return is_inside(value["path"], uploads) and _is_own(value.get("url"), host, uploads)


def is_inside(path: str, folder: Path) -> bool:
    """Whether a path is spelled as one of a file below a folder; nothing is looked up."""
    start = f"{folder}{os.sep}"
    rest = path.removeprefix(start).replace(os.sep, "/").split("/")
    return path.startswith(start) and all(part.strip(". ") and not _ODD.intersection(part) for part in rest)


def _is_own(url: Any, host: str, uploads: Path) -> bool:
    """Whether this is no address, or the one under which the page gives back an upload."""
    if not url:
        return True
    try:
        parts = urlsplit(url) if isinstance(url, str) else None
    except ValueError:
        return False
    if parts is None or (parts.netloc or host) != host or parts.scheme not in ("", "http", "https"):
        return False
    way, _, path = parts.path.partition("/gradio_api/file=")
    return not way and is_inside(unquote(path), uploads)

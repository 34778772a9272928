"""The routes that are open, each with the size of body that it takes. Every other path is a 404.

Gradio brings some eighty routes; these are the ones that the page and programs use.
"""

import re
from collections import Counter
from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qs

from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from ui.web.door.bodies import problem_of, read_body, read_json, replay
from ui.web.door.guard import PAPERS, refuse
from ui.web.door.unread import Unread
from ui.web.door.uploads import LARGEST_TOGETHER

SMALL = 64 * 1024  # bytes
PROGRAM = 512 * 1024  # a question with its history
STATE = 4 * 2**20  # a question with the conversations that a browser keeps
FORM = LARGEST_TOGETHER + SMALL
MOST_AT_ONCE = 400  # requests of one visitor, including those that wait for events
MOST_PAGES = 200  # open pages of one visitor: each has a heartbeat all the time
_CALL = "/gradio_api/call/"
_HEARTBEAT = "/gradio_api/heartbeat/"


@dataclass(frozen=True)
class Route:
    """Paths with their methods, and the bytes of a body that they take."""

    methods: tuple[str, ...]
    path: re.Pattern[str]
    limit: int = SMALL

    @property
    def is_json(self) -> bool:
        return "POST" in self.methods and self.limit != FORM


def page_routes(endpoints: Sequence[str], is_read_only: bool) -> tuple[Route, ...]:
    """The routes of a page with these endpoints for programs; a read-only page has none for uploads."""
    named = rf"/gradio_api/call(?:/v2)?/(?:{'|'.join(endpoints)})"
    reads = (
        r"/|/config/?|/theme\.css|/favicon\.ico|/manifest\.json|/robots\.txt|/(?:static|assets)/[^\\]+",
        r"/gradio_api/(?:info/?|theme\.css|queue/data|heartbeat/[\w-]{1,64})",
        rf"{named}/[\w-]{{1,64}}",
        rf"{PAPERS}.+/(?:view|pdf|pages/[0-9]{{1,5}})",
    )
    uploads = (
        Route(("GET",), re.compile(r"/gradio_api/(?:upload_progress|file=.+)", re.DOTALL)),
        Route(("POST",), re.compile(r"/gradio_api/upload"), FORM),
    )
    return (
        Route(("GET", "HEAD"), re.compile("|".join(reads))),
        Route(("POST",), re.compile(r"/gradio_api/queue/join"), STATE),
        Route(("POST",), re.compile(rf"{named}/?"), PROGRAM),
        Route(("POST",), re.compile(r"/gradio_api/(?:cancel|reset)/?")),
        *(() if is_read_only else uploads),
    )


class Routes:
    """ASGI middleware: lets requests for these routes through, and bounds and checks bodies of JSON."""

    def __init__(self, app: ASGIApp, routes: Sequence[Route], uploads: Path, unread: Unread) -> None:
        """`uploads` is the only folder whose files a body may name."""
        self.app = app
        self._routes, self._uploads, self._unread = routes, uploads, unread
        self._at_once: Counter[tuple[str, bool]] = Counter()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        is_heartbeat = scope["path"].startswith(_HEARTBEAT)
        kind = scope["visitor"], is_heartbeat
        if self._at_once[kind] >= (MOST_PAGES if is_heartbeat else MOST_AT_ONCE):
            await refuse(429, "too many requests at once: close some pages")(scope, receive, send)
            return
        self._at_once[kind] += 1
        try:
            await self._answer(scope, receive, send)
        finally:
            self._at_once[kind] -= 1
            if not self._at_once[kind]:
                del self._at_once[kind]

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        path, method, answer = scope["path"], scope["method"], self.app
        matching = (
            route for route in self._routes if method in route.methods and route.path.fullmatch(path)
        )
        route = next(matching, None)
        if route is None:
            answer = refuse(404, "there is nothing here: open the page itself")
        elif _declared_length(scope) > route.limit:
            answer = _too_large(route)
        elif route.is_json:
            body = await read_body(Request(scope, receive), route.limit)
            if body is None:
                answer = _too_large(route)
            else:
                answer, receive = await self._refusal(scope, body) or answer, replay(body, receive)
        with self._fetching(scope):
            await answer(scope, receive, send)

    def _fetching(self, scope: Scope) -> AbstractContextManager[None]:
        """Around a response, which may bring answers to what was sent before."""
        if scope["method"] == "GET" and scope["path"].startswith(_CALL):
            return self._unread.reading_one(scope["visitor"])
        query = scope["query_string"].decode("latin-1")  # as a text: bytes beyond ASCII would raise
        return self._unread.reading(parse_qs(query).get("session_hash", [""])[0])

    async def _refusal(self, scope: Scope, body: bytes) -> ASGIApp | None:
        """The response to a body of JSON that is refused; None if it is not."""
        try:
            value = read_json(body)
        except ValueError:
            return refuse(400, "the body is no JSON, or holds too many values: send what the page sends")
        if problem := problem_of(value, Headers(scope=scope).get("host", ""), self._uploads):
            return refuse(400, problem)
        session = value.get("session_hash") if isinstance(value, dict) else None
        session = session if isinstance(session, str) else scope["visitor"]  # programs have no session
        if not await self._unread.has_room(scope["visitor"], session, len(body)):
            return refuse(429, "too many answers wait to be fetched: fetch them first")
        return None


def _declared_length(scope: Scope) -> int:
    """The Content-Length; 0 if it is not a number, as the body is counted as it comes anyway."""
    value = Headers(scope=scope).get("content-length", "")
    return int(value[:18]) if value.isascii() and value.isdigit() else 0


def _too_large(route: Route) -> ASGIApp:
    return refuse(413, f"the request is larger than {route.limit:,} bytes: send less at a time")

"""The password: nothing behind it is read, begun or told before it was said.

A browser that has said it holds a cookie; what the cookie stands for is known to this process alone.
"""

import logging
import secrets
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import cache
from hmac import compare_digest
from ipaddress import ip_address, ip_network
from math import ceil
from pathlib import Path
from urllib.parse import parse_qs

from jinja2 import Environment, Template
from starlette.datastructures import Headers
from starlette.requests import ClientDisconnect, Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from rag.plain import in_a_line
from ui.web.door.guard import refuse

FREE_GUESSES = 10  # wrong passwords of one network before it has to wait
LONGEST_WAIT = 60.0  # seconds; the first wait is one second, each further one twice the one before
_FORGOTTEN = 3600.0  # seconds after which a network's guesses no longer count
_MOST_NETWORKS = 10_000
_MOST_SESSIONS = 10_000
_SESSION = 30 * 24 * 3600.0  # seconds; a browser that closes forgets its cookie before
_LARGEST_FORM = 4096  # bytes
_NO_FORM = "this is no form of sign-in: send a password of less than 4,000 letters"
_REFRESH = '<!doctype html><meta http-equiv="refresh" content="0;url=/">'
_PAGE = Path(__file__).parent.parent / "templates" / "signin.html.jinja"
Clock = Callable[[], float]
_log = logging.getLogger("askpapers")


@dataclass(frozen=True)
class Guesses:
    """Wrong passwords of a network: how many, when the last was, and when it may guess again."""

    count: int = 0
    last: float = 0.0
    free_at: float = 0.0


@dataclass
class Brake:
    """Lets a network guess ever more slowly. One thread alone uses it, the server's loop."""

    clock: Clock = time.monotonic
    _guesses: OrderedDict[str, Guesses] = field(default_factory=OrderedDict)

    def wait(self, address: str) -> float:
        """Seconds until this address may guess again; 0 where it may now."""
        return max(0.0, self._of(address).free_at - self.clock())

    def failed(self, address: str) -> Guesses:
        """Note a wrong password."""
        now, before = self.clock(), self._of(address)
        count = before.count + 1
        wait = min(LONGEST_WAIT, 2.0 ** (count - FREE_GUESSES)) if count >= FREE_GUESSES else 0.0
        noted = replace(before, count=count, last=now, free_at=now + wait)
        self._guesses[_network(address)] = noted
        self._guesses.move_to_end(_network(address))
        while len(self._guesses) > _MOST_NETWORKS:
            self._guesses.popitem(last=False)
        return noted

    def succeeded(self, address: str) -> None:
        """Forget what was wrong before."""
        self._guesses.pop(_network(address), None)

    def _of(self, address: str) -> Guesses:
        known = self._guesses.get(_network(address), Guesses())
        return known if self.clock() - known.last < _FORGOTTEN else Guesses()


@dataclass
class Sessions:
    """The browsers that have said the password, each by a token that nobody can guess."""

    clock: Clock = time.monotonic
    _ends: OrderedDict[str, float] = field(default_factory=OrderedDict)

    def begin(self) -> str:
        """The token of a new session."""
        token = secrets.token_urlsafe(32)
        self._ends[token] = self.clock() + _SESSION
        while len(self._ends) > _MOST_SESSIONS:
            self._ends.popitem(last=False)
        return token

    def has(self, token: str) -> bool:
        return self._ends.get(token, 0.0) > self.clock()

    def end(self, token: str) -> None:
        self._ends.pop(token, None)


class SignIn:
    """ASGI middleware: lets in who has said the password, and says to what follows who the visitor is.

    `scope["visitor"]` is the session where there is a password, else the address.
    """

    def __init__(self, app: ASGIApp, password: str | None, port: int) -> None:
        """`port` is part of the cookie's name: browsers share cookies among the ports of a machine."""
        self.app = app
        self._password = password
        self._cookie = f"askpapers-{port}"
        self._sessions, self._brake = Sessions(), Brake()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
        elif self._password is None:
            await self.app(dict(scope, visitor=_address(scope)), receive, send)
        elif scope["path"] in ("/login", "/login/", "/logout", "/logout/"):
            answer = await self._way(Request(scope, receive))
            await answer(scope, receive, send)
        elif (token := self._token(scope)) and self._sessions.has(token):
            await self.app(dict(scope, visitor=token), receive, send)
        else:
            await _stop(scope)(scope, receive, send)

    async def _way(self, request: Request) -> Response:
        """In or out."""
        said = request.headers.get("content-length", "0")
        if len(said) > len(str(_LARGEST_FORM)) or "transfer-encoding" in request.headers:
            return refuse(413, _NO_FORM)  # what is too large, or may be, is not waited for
        if request.url.path.startswith("/logout"):
            return self._leave(request)
        if request.method == "GET":
            return _page()
        if request.method != "POST":
            return refuse(405, "sign in with GET or POST")
        return await self._enter(request)

    async def _enter(self, request: Request) -> Response:
        address, is_person = _address(request.scope), "text/html" in request.headers.get("accept", "")
        typed = await _typed(request)
        if wait := ceil(self._brake.wait(address)):  # looked at last: many may have been read at once
            told = f"Too many wrong passwords came from your network: try again in {wait} s."
            headers = {"Retry-After": str(wait)}
            return _page(told, 429, headers) if is_person else refuse(429, told, headers)
        if typed is None:
            return refuse(413, _NO_FORM)
        if not compare_digest(
            typed.encode("utf-8", "replace"), str(self._password).encode("utf-8", "replace")
        ):
            guesses = self._brake.failed(address)
            _log.warning("a wrong password from %s, %d so far", in_a_line(address), guesses.count)
            told = "That is not the password."
            return _page(told, 400) if is_person else JSONResponse({"detail": told}, 400)
        self._brake.succeeded(address)
        answer = RedirectResponse("/", 303) if is_person else JSONResponse({"success": True})
        self._set_cookie(request, answer, self._sessions.begin())
        return answer

    def _leave(self, request: Request) -> Response:
        if token := self._token(request.scope):
            self._sessions.end(token)
        answer = RedirectResponse("/login", 303)
        self._set_cookie(request, answer, "")
        return answer

    def _set_cookie(self, request: Request, answer: Response, token: str) -> None:
        """Secure wherever the browser says, or a proxy that was named, that it came by TLS."""
        is_secure = "https" in (
            request.scope["scheme"],
            request.headers.get("origin", "").partition(":")[0],
        )
        answer.set_cookie(
            self._cookie,
            token,
            max_age=None if token else 0,
            httponly=True,
            samesite="strict",
            secure=is_secure,
        )

    def _token(self, scope: Scope) -> str | None:
        return Request(scope).cookies.get(self._cookie)


def _stop(scope: Scope) -> Response:
    """For who has not said the password: people are led to where they can."""
    headers = Headers(scope=scope)
    if scope["path"] != "/" or scope["method"] not in ("GET", "HEAD"):
        return JSONResponse({"detail": "the password is missing: sign in at /login"}, 401)
    if headers.get("sec-fetch-site") == "cross-site":  # a link: the cookie comes once we send for the page
        return HTMLResponse(_REFRESH)
    return _page()


def _page(told: str = "", status: int = 200, headers: dict[str, str] | None = None) -> Response:
    return HTMLResponse(_template().render(told=told), status, headers)


@cache
def _template() -> Template:
    """Compiled once: whoever has not signed in may ask for it as often as they like."""
    return Environment(autoescape=True).from_string(_PAGE.read_text(encoding="utf-8"))


async def _typed(request: Request) -> str | None:
    """The password of a form; None where there is none that could be one."""
    form = b""
    try:
        async for piece in request.stream():
            form += piece
            if len(form) > _LARGEST_FORM:
                return None
        fields = parse_qs(form.decode("utf-8"), keep_blank_values=True, max_num_fields=10)
    except (ClientDisconnect, ValueError):
        return None
    return fields["password"][0] if "password" in fields else None


def _address(scope: Scope) -> str:
    return str(scope["client"][0])[:100] if scope["client"] else "unknown"


def _network(address: str) -> str:
    """What guesses are counted by: who has one address mostly has its neighbours too."""
    try:
        known = ip_address(address)
    except ValueError:
        return address
    return str(ip_network(f"{known}/{24 if known.version == 4 else 64}", strict=False))

"""The password: without it, nothing behind it is read, started or shown.

A browser that has given it holds a cookie. Only this process knows the sessions of the cookies, so that
signing out ends a session for good, and a restart ends all.
"""

import logging
import secrets
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from hmac import compare_digest
from ipaddress import ip_network
from math import ceil
from pathlib import Path
from urllib.parse import parse_qs

from jinja2 import Environment, Template
from starlette.datastructures import Headers
from starlette.requests import ClientDisconnect, Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from rag.plain import in_a_line
from ui.web.door.bodies import read_body
from ui.web.door.guard import refuse
from ui.web.door.proxies import parse_address

FREE_GUESSES = 10  # wrong passwords of one network before it has to wait
LONGEST_WAIT = 60.0  # seconds; the first wait is one second, and each one doubles the one before
_FORGOTTEN = 3600.0  # seconds after which a network's guesses no longer count
_MOST_NETWORKS = 10_000
_MOST_SESSIONS = 10_000
_SESSION = 30 * 24 * 3600.0  # seconds; a browser that closes forgets its cookie earlier
_LARGEST_FORM = 4096  # bytes
_NO_FORM = "this is no form of sign-in: send a password of less than 4,000 letters"
_REFRESH = '<!doctype html><meta http-equiv="refresh" content="0;url=/">'
_PAGE = Path(__file__).parent.parent / "templates" / "signin.html.jinja"
Clock = Callable[[], float]
_log = logging.getLogger("askpapers")


@dataclass
class Brake:
    """Makes a network guess ever more slowly. Only the server's loop uses it, a single thread."""

    clock: Clock = time.monotonic
    _guesses: OrderedDict[str, tuple[int, float]] = field(default_factory=OrderedDict)

    def wait(self, address: str) -> float:
        """Seconds until this address may guess again; 0 if it may now."""
        count, last = self._of(_network(address))
        doublings = min(count - FREE_GUESSES, 10)  # a float holds no power of two beyond 1,023
        pause = min(LONGEST_WAIT, 2.0**doublings) if doublings >= 0 else 0.0
        return max(0.0, last + pause - self.clock())

    def failed(self, address: str) -> int:
        """Note a wrong password; returns how many the network has tried."""
        network = _network(address)
        count = self._of(network)[0] + 1
        self._guesses[network] = count, self.clock()
        self._guesses.move_to_end(network)
        while len(self._guesses) > _MOST_NETWORKS:
            self._guesses.popitem(last=False)
        return count

    def succeeded(self, address: str) -> None:
        """Forget the wrong passwords before."""
        self._guesses.pop(_network(address), None)

    def _of(self, network: str) -> tuple[int, float]:
        """How many wrong passwords a network has tried, and when the last one came."""
        count, last = self._guesses.get(network, (0, 0.0))
        return (count, last) if self.clock() - last < _FORGOTTEN else (0, 0.0)


@dataclass
class Sessions:
    """The browsers that have given the password, each by a token that nobody can guess."""

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
    """ASGI middleware: lets in visitors who have given the password, and notes who they are.

    `scope["visitor"]` is the session if there is a password, else the address.
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
        elif scope["path"].removesuffix("/") in ("/login", "/logout"):
            response = await self._respond(Request(scope, receive))
            await response(scope, receive, send)
        elif (token := self._token(scope)) and self._sessions.has(token):
            await self.app(dict(scope, visitor=token), receive, send)
        else:
            await _stop(scope)(scope, receive, send)

    async def _respond(self, request: Request) -> Response:
        """Sign in, or out."""
        length = request.headers.get("content-length", "0")
        if len(length) > len(str(_LARGEST_FORM)) or "transfer-encoding" in request.headers:
            return refuse(413, _NO_FORM)  # a body that is, or may be, too large is not read
        if request.url.path.startswith("/logout"):
            return self._leave(request)
        if request.method == "GET":
            return _page()
        if request.method != "POST":
            return refuse(405, "sign in with GET or POST")
        return await self._enter(request)

    async def _enter(self, request: Request) -> Response:
        address, is_person = _address(request.scope), "text/html" in request.headers.get("accept", "")
        password = await _typed_password(request)
        if wait := ceil(self._brake.wait(address)):  # after reading: others may have been read meanwhile
            problem = f"Too many wrong passwords came from your network: try again in {wait} s."
            headers = {"Retry-After": str(wait)}
            return _page(problem, 429, headers) if is_person else refuse(429, problem, headers)
        if password is None:
            return refuse(413, _NO_FORM)
        right = str(self._password)
        if not compare_digest(password.encode("utf-8", "replace"), right.encode("utf-8", "replace")):
            count = self._brake.failed(address)
            _log.warning("a wrong password from %s, %d so far", in_a_line(address), count)
            problem = "That is not the password."
            return _page(problem, 400) if is_person else JSONResponse({"detail": problem}, 400)
        self._brake.succeeded(address)
        response = RedirectResponse("/", 303) if is_person else JSONResponse({"success": True})
        self._set_cookie(request, response, self._sessions.begin())
        return response

    def _leave(self, request: Request) -> Response:
        if token := self._token(request.scope):
            self._sessions.end(token)
        response = RedirectResponse("/login", 303)
        self._set_cookie(request, response, "")
        return response

    def _set_cookie(self, request: Request, response: Response, token: str) -> None:
        """Secure if the browser, or a named proxy, says that the request came by TLS."""
        origin, age = request.headers.get("origin", ""), None if token else 0
        is_secure = "https" in (request.scope["scheme"], origin.partition(":")[0])
        response.set_cookie(
            self._cookie, token, max_age=age, httponly=True, samesite="strict", secure=is_secure
        )

    def _token(self, scope: Scope) -> str | None:
        return Request(scope).cookies.get(self._cookie)


def _stop(scope: Scope) -> Response:
    """The response without the password: people get the form, programs an error."""
    headers = Headers(scope=scope)
    if scope["path"] != "/" or scope["method"] not in ("GET", "HEAD"):
        return JSONResponse({"detail": "the password is missing: sign in at /login"}, 401)
    if headers.get("sec-fetch-site") == "cross-site":  # a link: the cookie comes with a request of our own
        return HTMLResponse(_REFRESH)
    return _page()


def _page(problem: str = "", status: int = 200, headers: dict[str, str] | None = None) -> Response:
    return HTMLResponse(_template().render(problem=problem), status, headers)


@cache
def _template() -> Template:
    """Compiled once, as anybody may request the page as often as they like."""
    return Environment(autoescape=True).from_string(_PAGE.read_text(encoding="utf-8"))


async def _typed_password(request: Request) -> str | None:
    """The password in a form, if there is one."""
    try:
        form = await read_body(request, _LARGEST_FORM) or b""
        fields = parse_qs(form.decode("utf-8"), keep_blank_values=True, max_num_fields=10)
    except (ClientDisconnect, ValueError):
        return None
    return fields["password"][0] if "password" in fields else None


def _address(scope: Scope) -> str:
    return str(scope["client"][0])[:100] if scope["client"] else "unknown"


def _network(address: str) -> str:
    """The network that guesses are counted for: whoever has one address often has its neighbours too."""
    parsed = parse_address(address)
    if parsed is None:
        return address
    return str(ip_network(f"{parsed}/{24 if parsed.version == 4 else 64}", strict=False))

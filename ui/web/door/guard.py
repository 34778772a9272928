"""Refuses other web pages and other host names; adds security headers to all responses.

Another web page in the same browser can send requests to this server: `Origin` and `Sec-Fetch-Site` tell
them apart. Its host name can be made to point here ("DNS rebinding"), so that it has the same origin:
`Host` tells it apart.

Starlette's TrustedHostMiddleware compares with a list of names: it knows no networks, no other spellings of
an address and no origins, and it takes one of several `Host` headers.
"""

import base64
import hashlib
import re
import secrets
import socket
from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address
from typing import Self

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from rag.errors import SettingError
from rag.plain import in_a_line
from ui.web.door.proxies import parse_address

SECURITY_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    # Not `no-referrer`: with it Chromium sends `Origin: null` with the page's own forms.
    "Referrer-Policy": "same-origin",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
}


PAPERS = "/papers/"
"""What the addresses of papers' files begin with."""
NOTHING_RUNS = "default-src 'none'; sandbox"
"""The policy of what others have written: files of papers."""


def content_security_policy(scripts: Iterable[str]) -> str:
    """The policy of a response; it allows the inline `scripts`, given as `'sha256-…'` or `'nonce-…'`."""
    allowed = " ".join(["'self'", *scripts])
    return "; ".join(
        (
            "default-src 'self'",  # for all that is not named below
            f"script-src {allowed} 'unsafe-eval'",  # Gradio and Vega compile texts to functions
            "style-src 'self' 'unsafe-inline'",  # components carry their own styles
            "img-src 'self' data: blob:",  # icons are data; previews of uploads are blobs
            "font-src 'self' data:",
            "connect-src 'self'",  # nothing can be sent elsewhere
            "media-src 'self' data: blob:",
            "worker-src 'self' blob:",  # libraries start their workers from blobs
            "frame-src 'self' data: blob:",  # the page shows reports in a frame
            "object-src 'none'",  # no plug-ins
            "base-uri 'self'",  # an injected <base> cannot redirect our addresses
            "form-action 'self'",  # nor can an injected form
            "frame-ancestors 'none'",  # no clickjacking
        )
    )


_LABEL = "[a-z0-9_-]{1,63}"
_AUTHORITY = re.compile(
    rf"(?:\[(?P<six>[0-9a-f:.]+)\]|(?P<name>{_LABEL}(?:\.{_LABEL})*)\.?)(?::(?P<port>[0-9]{{1,5}}))?",
    re.IGNORECASE | re.ASCII,
)
_LONGEST_NAME, _LARGEST_PORT = 253, 65_535  # characters (RFC 1035)
_ORIGIN = re.compile(r"(https?)://(.+)", re.IGNORECASE)
_FOREIGN = {"cross-site", "same-site"}
_PORTS = {"http": 80, "https": 443}
_LOOPBACK = IPv4Network("127.0.0.0/8"), IPv6Address("::1")


@dataclass(frozen=True)
class Authority:
    """A host in the form that is compared, lower case and without a final dot, and its port if given.

    The name of an IP address is its shortest spelling, without brackets.
    """

    name: str
    port: int | None = None

    @classmethod
    def from_text(cls, text: str) -> Self | None:
        """The host of a `Host` header; None if it is malformed."""
        match = _AUTHORITY.fullmatch(text)
        if match is None or len(match["name"] or "") > _LONGEST_NAME:
            return None
        port = int(match["port"]) if match["port"] else None
        if port is not None and port > _LARGEST_PORT:
            return None
        if match["name"]:
            return cls(match["name"].lower(), port)
        address = parse_address(match["six"])
        return cls(str(address), port) if isinstance(address, IPv6Address) else None


@dataclass(frozen=True)
class Hosts:
    """The hosts that a server answers to on any port: always the loopback, and these names."""

    names: frozenset[str] = frozenset()
    has_addresses: bool = False  # every IP address too: rebinding needs a name

    @classmethod
    def for_address(cls, address: str, allowed: Iterable[str] = ()) -> Self:
        """The hosts of a server that listens on this address, with the names that the user allows.

        If it listens beyond the loopback, also every IP address and this machine's own name. Raises
        SettingError.
        """
        names = {_allowed(name) for name in allowed}
        if is_loopback(address):
            return cls(frozenset(names))
        own = socket.gethostname()
        hosts = (Authority.from_text(name) for name in (address, own, f"{own}.local"))
        return cls(frozenset(names | {host.name for host in hosts if host}), has_addresses=True)

    def has(self, host: Authority) -> bool:
        """Whether the server answers to this host."""
        if is_loopback(host.name) or host.name in self.names:
            return True
        return self.has_addresses and parse_address(host.name) is not None


def hash_of(script: str) -> str:
    """The source of a policy that allows this inline script."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()}'"


class Guard:
    """ASGI middleware: refuses requests that the page itself did not send, and adds security headers.

    The scope of a request gets a `nonce`, which inline scripts of its response must have to run.
    """

    def __init__(self, app: ASGIApp, hosts: Hosts, scripts: Iterable[str] = ()) -> None:
        """`scripts` are the hashes of further inline scripts, as `'sha256-…'`."""
        self.app = app
        self._hosts = hosts
        self._scripts = tuple(scripts)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        nonce = secrets.token_urlsafe(16)
        policy = content_security_policy((f"'nonce-{nonce}'", *self._scripts))
        policy = NOTHING_RUNS if scope["path"].startswith(PAPERS) else policy
        app = self._refusal(scope) or self.app

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                message.setdefault("headers", [])
                MutableHeaders(scope=message).update(SECURITY_HEADERS | {"Content-Security-Policy": policy})
            await send(message)

        await app(dict(scope, nonce=nonce), receive, send_with_headers)

    def _refusal(self, scope: Scope) -> PlainTextResponse | None:
        """The response to a request that is refused for its headers."""
        headers = Headers(scope=scope)
        hosts = headers.getlist("host")
        host = Authority.from_text(hosts[0]) if len(hosts) == 1 else None
        if host is None or not self._hosts.has(host):
            return refuse(
                421, "this server does not answer to that name: start it with --allow-host NAME to let it"
            )
        if not _is_same_origin(headers.getlist("origin"), host) or _is_foreign(scope, headers):
            return refuse(
                403,
                "another web page sent this request: open the page itself; a proxy before it must pass "
                "the Host header on",
            )
        return None


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches an address: "localhost", 127.0.0.0/8, ::1."""
    name = host.lower().removesuffix(".")
    if name == "localhost":
        return True
    address = parse_address(name.removeprefix("[").removesuffix("]"))
    network, six = _LOOPBACK
    return address in network if isinstance(address, IPv4Address) else address == six


def check_listening(host: str, has_password: bool, is_allowed_open: bool) -> None:
    """Raises SettingError if the page would be open to other machines without a password."""
    if not (has_password or is_allowed_open or is_loopback(host)):
        raise SettingError(
            f"other machines reach a page that listens on {in_a_line(host) or 'every address'}: set "
            "ASKPAPERS_PASSWORD, or say --no-password where everybody who reaches it may use it"
        )


def _allowed(name: str) -> str:
    """A host that the user named, in the form that is compared. Raises SettingError."""
    spelled = name.strip()
    six = parse_address(spelled)
    host = Authority.from_text(f"[{spelled}]" if isinstance(six, IPv6Address) else spelled)
    if host is None:
        raise SettingError(
            f"{in_a_line(name) or 'an empty text'} is no name of a host: give one as in the browser's "
            "address, without http://, such as --allow-host papers.example.org"
        )
    return host.name


def _is_same_origin(origins: list[str], host: Authority) -> bool:
    """Whether a request comes from a page of this host and port, or from no page.

    The scheme does not count, as a proxy before the server may speak TLS for it.
    """
    if not origins:
        return True
    match = _ORIGIN.fullmatch(origins[0])
    origin = Authority.from_text(match[2]) if match else None
    if match is None or origin is None or len(origins) > 1:
        return False
    default = _PORTS[match[1].lower()]
    return (origin.name, origin.port or default) == (host.name, host.port or default)


def _is_foreign(scope: Scope, headers: Headers) -> bool:
    """Whether a page of another site or port sends this; links to the page are allowed."""
    is_link = scope["method"] in ("GET", "HEAD") and scope["path"] == "/"
    return not is_link and not _FOREIGN.isdisjoint(headers.getlist("sec-fetch-site"))


def refuse(status: int, line: str, headers: dict[str, str] | None = None) -> PlainTextResponse:
    """A response of one line."""
    return PlainTextResponse(f"{line}\n", status, headers)

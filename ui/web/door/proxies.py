"""Where a request comes from, according to a proxy: only proxies that the operator named are believed.

uvicorn's ProxyHeadersMiddleware ignores the host, and leaves the headers for Gradio, which believes
anybody's.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Self

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Receive, Scope, Send

from rag.errors import SettingError
from rag.plain import in_a_line

_FORWARDED = {b"x-forwarded-for", b"x-forwarded-proto", b"x-forwarded-host", b"forwarded", b"x-real-ip"}
_FORWARDED |= {b"x-forwarded-port", b"x-forwarded-prefix", b"x-gradio-server"}  # Gradio would believe them


@dataclass(frozen=True)
class Proxies:
    """The addresses and networks of named proxies."""

    networks: tuple[IPv4Network | IPv6Network, ...] = ()

    @classmethod
    def from_texts(cls, texts: Sequence[str]) -> Self:
        """Raises SettingError."""
        try:
            return cls(tuple(ip_network(text.strip(), strict=False) for text in texts))
        except ValueError as error:
            raise SettingError(
                f"{in_a_line(str(error))}: give --proxy an address, such as 127.0.0.1, or a network"
            ) from error

    def have(self, address: str) -> bool:
        """Whether one of them has this address."""
        parsed = parse_address(address)
        return parsed is not None and any(parsed in network for network in self.networks)


class Forwarded:
    """ASGI middleware: takes client, scheme and host from a named proxy, and from nobody else."""

    def __init__(self, app: ASGIApp, proxies: Proxies) -> None:
        self.app = app
        self._proxies = proxies

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            headers = Headers(scope=scope)
            scope = dict(
                scope, headers=[pair for pair in scope["headers"] if pair[0].lower() not in _FORWARDED]
            )
            if self._proxies.have(scope["client"][0] if scope["client"] else ""):
                self._believe(scope, headers)
        await self.app(scope, receive, send)

    def _believe(self, scope: Scope, headers: Headers) -> None:
        hops = [hop.strip() for line in headers.getlist("x-forwarded-for") for hop in line.split(",")]
        strangers = [hop for hop in hops if hop and not self._proxies.have(hop)]
        if strangers:  # the last hop that is not a named proxy; it may have made up those before it
            scope["client"] = (strangers[-1], 0)
        if headers.get("x-forwarded-proto", "").strip() in ("http", "https"):
            scope["scheme"] = headers["x-forwarded-proto"].strip()
        if host := headers.get("x-forwarded-host"):
            MutableHeaders(scope=scope)["host"] = host.strip()  # the guard checks it like any other


def parse_address(text: str) -> IPv4Address | IPv6Address | None:
    try:
        return ip_address(text)
    except ValueError:
        return None

"""Whose word is taken for where a request comes from: only that of proxies that the operator has named."""

from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from typing import Self

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Receive, Scope, Send

from rag.errors import SettingError
from rag.plain import in_a_line

_TOLD = ("x-forwarded-for", "x-forwarded-proto", "x-forwarded-host", "forwarded", "x-real-ip")
_OTHERS = ("x-forwarded-port", "x-forwarded-prefix", "x-gradio-server")  # what Gradio would believe


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
        """Whether this is the address of one of them."""
        try:
            known = ip_address(address)
        except ValueError:
            return False
        return any(known in network for network in self.networks)


class Forwarded:
    """ASGI middleware: visitor, scheme and host are those that a named proxy tells, if it is one."""

    def __init__(self, app: ASGIApp, proxies: Proxies) -> None:
        self.app = app
        self._proxies = proxies

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            told = Headers(scope=scope)
            scope = dict(scope, headers=[pair for pair in scope["headers"] if not _is_told(pair[0])])
            if self._proxies.have(scope["client"][0] if scope["client"] else ""):
                self._believe(scope, told)
        await self.app(scope, receive, send)

    def _believe(self, scope: Scope, told: Headers) -> None:
        hops = [hop.strip() for line in told.getlist("x-forwarded-for") for hop in line.split(",")]
        strangers = [hop for hop in hops if hop and not self._proxies.have(hop)]
        if strangers:  # the last one that no proxy of ours is: those before it are only its word
            scope["client"] = (strangers[-1], 0)
        if told.get("x-forwarded-proto", "").strip() in ("http", "https"):
            scope["scheme"] = told["x-forwarded-proto"].strip()
        if host := told.get("x-forwarded-host"):
            MutableHeaders(scope=scope)["host"] = host.strip()  # the guard looks at it as at any other


def _is_told(name: bytes) -> bool:
    return name.decode("latin-1").lower() in (*_TOLD, *_OTHERS)

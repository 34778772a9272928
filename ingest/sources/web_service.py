"""A service on the network that is asked by httpx: paced, tried again, its answers bounded."""

import ssl
import time
from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Any, TypeVar

import httpx

from ingest.sources.service import (
    BUSY,
    RefusedError,
    RetryPolicy,
    TemporaryError,
    busy_error,
    connection_error,
    with_retries,
)
from rag.errors import SourceError

Answer = TypeVar("Answer")
LARGEST_ANSWER = 64 << 20  # bytes
_LONGEST_ANSWER = 10.0  # times the time-out of a silence, for one answer from first to last byte
_AGENT = "askpapers"
_MOST_MOVES = 3  # redirections on one server
_REFUSALS = frozenset({400, 404, 410, 413, 414, 422})  # HTTP statuses that concern one request


class WebService:
    """A service by its name and the beginning of its addresses.

    `pause` seconds lie between two requests. `private` parameters are sent with each, and no error
    has them. Redirections to another server are not followed. Nothing is sent before the first request.
    """

    def __init__(
        self,
        name: str,
        address: str,
        pause: float,
        retries: RetryPolicy = RetryPolicy(),
        private: Mapping[str, str | None] | None = None,
    ) -> None:
        self.name = name
        self._address, self._pause, self._retries = address, pause, retries
        self._private = {name: value for name, value in (private or {}).items() if value}
        self._ready_at = 0.0

    def ask(
        self,
        path: str,
        parameters: Mapping[str, str],
        read: Callable[[bytes], Answer],
        *,
        is_form: bool = False,
    ) -> Answer:
        """What `read` makes of an answer; it raises ValueError for one that is unreadable.

        A form is sent with POST, so that its parameters are in no address. Raises SourceError.
        """
        given = {**parameters, **self._private}
        sent: dict[str, Any] = {"data": given} if is_form else {"params": given}
        return with_retries(self.name, lambda: self._once(path, sent, read), self._retries)

    def _once(self, path: str, sent: dict[str, Any], read: Callable[[bytes], Answer]) -> Answer:
        """Ask once. Raises TemporaryError, SourceError."""
        time.sleep(max(0.0, self._ready_at - time.monotonic()))
        try:
            with self._client() as client:
                method = "POST" if "data" in sent else "GET"
                body = self._body(client, client.build_request(method, self._address + path, **sent))
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise connection_error(error) from error
        finally:
            self._ready_at = time.monotonic() + self._pause
        try:
            return read(body)
        except (ValueError, RecursionError) as error:
            raise TemporaryError(
                "sends what cannot be read: check the connection and run it again"
            ) from error

    def _client(self) -> httpx.Client:
        """A client for one request: a connection that is kept would have to be closed by someone."""
        headers = {"User-Agent": _AGENT}
        return httpx.Client(timeout=self._retries.timeout, headers=headers, verify=self._certificates)

    @cached_property
    def _certificates(self) -> ssl.SSLContext:
        """Read once, as it takes 0.1 s."""
        return httpx.create_ssl_context()

    def _body(self, client: httpx.Client, request: httpx.Request) -> bytes:
        """The answer to a request. Raises TemporaryError, SourceError, HTTPError."""
        for _ in range(_MOST_MOVES):
            response = client.send(request, stream=True)
            try:
                moved = response.next_request
                if moved is None or _server(moved.url) != _server(request.url):
                    self._check(response)
                    return self._whole(response)
                request = moved
            finally:
                response.close()
        raise SourceError(f"{self.name} sends from one address to the next: run it again later")

    def _check(self, response: httpx.Response) -> None:
        """Raise TemporaryError or SourceError unless a request succeeded."""
        status = response.status_code
        if status in BUSY:
            raise busy_error(status, response.headers.get("Retry-After"))
        if response.is_redirect:
            raise SourceError(
                f"{self.name} sends to another server, which is not asked: check the connection"
            )
        if status in _REFUSALS:
            raise RefusedError(f"{self.name} does not take the request (HTTP {status})")
        if not response.is_success:
            raise SourceError(f"{self.name} refuses to answer (HTTP {status}): run it again later")

    def _whole(self, response: httpx.Response) -> bytes:
        end = time.monotonic() + _LONGEST_ANSWER * self._retries.timeout
        pieces, size = [], 0
        for piece in response.iter_bytes():
            size += len(piece)
            if size > LARGEST_ANSWER:
                raise RefusedError(f"{self.name} sends more than {LARGEST_ANSWER >> 20} MB at once")
            if time.monotonic() > end:
                raise TemporaryError("takes too long to answer: run it again later")
            pieces.append(piece)
        return b"".join(pieces)


def _server(url: httpx.URL) -> tuple[str, bytes]:
    return url.scheme, url.netloc

"""A service on the network that is asked by httpx: paced, tried again, its answers bounded."""

import ssl
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from functools import cached_property
from pathlib import Path
from types import MappingProxyType
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
LARGEST_ANSWER, LARGEST_FILE = 64 << 20, 100 << 20  # bytes
_LONGEST_ANSWER, _LONGEST_FILE = 10.0, 60.0  # times the time-out of a silence, from first to last byte
_AGENT = "askpapers"
_MOST_MOVES = 3  # redirections
_REFUSALS = frozenset({400, 404, 410, 413, 414, 422})  # HTTP statuses that concern one request


class WebService:
    """A service by its name and the beginning of its addresses.

    `pause` seconds lie between two requests, more where an answer's Backoff asks for it. `private`
    parameters and `headers` are sent with each, and no error has them. `refusals` say what some HTTP
    statuses mean. Redirections to another server are followed for downloads alone, without parameters and
    headers. Nothing is sent before the first request.
    """

    def __init__(
        self,
        name: str,
        address: str,
        pause: float,
        retries: RetryPolicy = RetryPolicy(),
        private: Mapping[str, str | None] | None = None,
        headers: Mapping[str, str] | None = None,
        refusals: Mapping[int, str] | None = None,
    ) -> None:
        self.name = name
        self._address, self._pause, self._retries = address, pause, retries
        self._private = {name: value for name, value in (private or {}).items() if value}
        self._headers, self._refusals = headers or {}, refusals or {}
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
        return self.ask_with_headers(path, parameters, read, is_form=is_form)[0]

    def ask_with_headers(
        self,
        path: str,
        parameters: Mapping[str, str],
        read: Callable[[bytes], Answer],
        *,
        is_form: bool = False,
    ) -> tuple[Answer, Mapping[str, str]]:
        """The same, with the headers of the answer."""
        given = {**parameters, **self._private}
        sent: dict[str, Any] = {"data": given} if is_form else {"params": given}

        def once() -> tuple[Answer, Mapping[str, str]]:
            with self._response("POST" if is_form else "GET", path, sent) as response:
                body = b"".join(self._pieces(response, LARGEST_ANSWER, _LONGEST_ANSWER))
            try:
                return read(body), response.headers
            except (ValueError, RecursionError) as error:
                raise TemporaryError(
                    "sends what cannot be read: check the connection and run it again"
                ) from error

        return with_retries(self.name, once, self._retries)

    def download(self, path: str, file: Path, missing: str) -> None:
        """Write what is at a path to a file. Raises SourceError, with `missing` where nothing is there."""

        def once() -> None:
            sent = {"params": self._private}
            with self._response("GET", path, sent, {404: missing}, leaves=True) as response:
                try:
                    with file.open("wb") as opened:
                        opened.writelines(self._pieces(response, LARGEST_FILE, _LONGEST_FILE))
                except OSError as error:
                    raise SourceError(
                        f"cannot be kept ({error.strerror}): make room on the disk"
                    ) from error

        with_retries(self.name, once, self._retries)

    @contextmanager
    def _response(
        self,
        method: str,
        path: str,
        sent: dict[str, Any],
        refusals: Mapping[int, str] = MappingProxyType({}),
        *,
        leaves: bool = False,
    ) -> Iterator[httpx.Response]:
        """The response to a request, asked once; `leaves` lets a redirection lead to another server.

        Raises TemporaryError, SourceError.
        """
        time.sleep(max(0.0, self._ready_at - time.monotonic()))
        pause = self._pause
        try:
            with self._client() as client:
                request = client.build_request(method, self._address + path, headers=self._headers, **sent)
                for _ in range(_MOST_MOVES):
                    with closing(client.send(request, stream=True)) as response:
                        pause = max(pause, self._backoff(response))
                        moved = response.next_request
                        if moved and _server(moved.url) == _server(request.url):
                            request = moved
                        elif moved and leaves and moved.url.scheme in ("https", request.url.scheme):
                            request = client.build_request("GET", moved.url)
                        else:
                            self._check(response, {**self._refusals, **refusals})
                            yield response
                            return
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise connection_error(error) from error
        finally:
            self._ready_at = time.monotonic() + pause
        raise SourceError(f"{self.name} sends from one address to the next: run it again later")

    def _client(self) -> httpx.Client:
        """A client for one request: a connection that is kept would have to be closed by someone."""
        headers = {"User-Agent": _AGENT}
        return httpx.Client(timeout=self._retries.timeout, headers=headers, verify=self._certificates)

    @cached_property
    def _certificates(self) -> ssl.SSLContext:
        """Read once, as it takes 0.1 s."""
        return httpx.create_ssl_context()

    def _backoff(self, response: httpx.Response) -> float:
        """The seconds that the service wants until the next request, as far as they are bearable."""
        seconds = response.headers.get("Backoff", "")
        return min(float(seconds), self._retries.longest_pause) if seconds.isdecimal() else 0.0

    def _check(self, response: httpx.Response, refusals: Mapping[int, str]) -> None:
        """Raise TemporaryError or SourceError unless a request succeeded."""
        status = response.status_code
        if status in BUSY:
            raise busy_error(status, response.headers.get("Retry-After"))
        if response.is_redirect:
            raise SourceError(
                f"{self.name} sends to another server, which is not asked: check the connection and run it "
                "again"
            )
        if status in refusals:
            raise SourceError(f"{self.name} {refusals[status]}")
        if status in _REFUSALS:
            raise RefusedError(f"{self.name} does not take the request (HTTP {status})")
        if not response.is_success:
            raise SourceError(f"{self.name} refuses to answer (HTTP {status}): run it again later")

    def _pieces(self, response: httpx.Response, most: int, patience: float) -> Iterator[bytes]:
        """The body of a response, as long as it is within bounds."""
        size, end = 0, time.monotonic() + patience * self._retries.timeout
        for piece in response.iter_bytes():
            size += len(piece)
            if size > most:
                raise RefusedError(f"{self.name} sends more than {most >> 20} MB at once")
            if time.monotonic() > end:
                raise TemporaryError("takes too long to answer: run it again later")
            yield piece


def _server(url: httpx.URL) -> tuple[str, bytes]:
    return url.scheme, url.netloc

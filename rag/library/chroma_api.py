"""The requests to a Chroma server: with a time-out, tried again for a while, their errors as ours.

Chroma's client has neither time-outs nor retries, and raises a plain Exception for what a proxy
answers. So it is given a connection of ours.
"""

from http import HTTPStatus
from typing import Any

import httpx
from chromadb.api.fastapi import FastAPI
from chromadb.config import Settings, System
from chromadb.errors import NotFoundError, error_types
from tenacity import Retrying, retry_if_exception, stop_after_attempt, wait_exponential, wait_random

from rag.errors import IndexServerError
from rag.library.chroma_server import ChromaServer
from rag.plain import cut, in_a_line

_SECONDS = 60.0  # until an answer comes; a large batch is linked meanwhile
_SECONDS_TO_CONNECT = 5.0
_TRIES = 4  # some 2 seconds in all, where nothing listens
_FIRST_WAIT = 0.3  # seconds, twice as many each time
_SHOWN = 200  # characters of what a server says
_WITHOUT = "or unset ASKPAPERS_CHROMA_URL to keep vectors in the library's folder"
_REFUSED = (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN)
_FOR_A_WHILE = (HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_MANY_REQUESTS)  # as 500 and above


class _BusyError(Exception):
    """The server, or the proxy before it, fails in a way that may pass; the text is the status."""


class _Connection(httpx.Client):
    """Gives back only what Chroma's client understands; all else is an IndexServerError."""

    def __init__(self, server: ChromaServer, seconds: float, tries: int, headers: Any) -> None:
        super().__init__(
            headers=headers, timeout=httpx.Timeout(seconds, connect=min(seconds, _SECONDS_TO_CONNECT))
        )
        self._server = server
        self._tried = Retrying(
            retry=retry_if_exception(_may_pass),
            stop=stop_after_attempt(tries),
            wait=wait_exponential(_FIRST_WAIT) + wait_random(0, _FIRST_WAIT / 4),
            reraise=True,
        )

    def send(self, request: httpx.Request, **options: Any) -> httpx.Response:
        server = self._server
        try:
            return self._tried.copy()(self._send_once, request, options)
        except httpx.TimeoutException:
            raise IndexServerError(
                f"the Chroma server at {server} takes too long to answer: try again later, {_WITHOUT}"
            ) from None
        except httpx.RequestError as error:
            raise IndexServerError(
                f"the Chroma server at {server} does not answer ({type(error).__name__}): start it (such "
                f"as with `{server.starting()}`), check ASKPAPERS_CHROMA_URL, {_WITHOUT}"
            ) from None
        except _BusyError as error:
            raise IndexServerError(
                f"the Chroma server at {server} fails ({error}): see what it logs, and try again later"
            ) from None

    def _send_once(self, request: httpx.Request, options: dict[str, Any]) -> httpx.Response:
        response = super().send(request, **options)
        status = f"status {response.status_code}"
        if response.status_code in _REFUSED:
            raise IndexServerError(
                f"the Chroma server at {self._server} refuses us ({status}): check "
                "ASKPAPERS_CHROMA_TOKEN, ASKPAPERS_CHROMA_TENANT and ASKPAPERS_CHROMA_DATABASE"
            )
        if response.is_server_error or response.status_code in _FOR_A_WHILE:
            raise _BusyError(status)
        name, said = _error(response)
        if (response.is_success and not _is_json(response)) or not (response.is_success or name):
            raise IndexServerError(
                f"what answers at {self._server} is no Chroma server with the interface /api/v2: check "
                "ASKPAPERS_CHROMA_URL, or bring the server to chromadb 1.0 or later"
            )
        if name and name != NotFoundError.name():
            said = cut(in_a_line(self._server.hidden(said)), _SHOWN)
            raise IndexServerError(
                f"the Chroma server at {self._server} refuses a request ({name}: {said}): check its "
                f"limits, ASKPAPERS_CHROMA_TENANT and ASKPAPERS_CHROMA_DATABASE, {_WITHOUT}"
            )
        return response


def open_api(server: ChromaServer, seconds: float = _SECONDS, tries: int = _TRIES) -> FastAPI:
    """Chroma's client of a server; nothing is sent before the first call. Close it with `hang_up`.

    Its methods raise IndexServerError, and Chroma's NotFoundError where the server has no such thing.
    Safe to use from several threads.
    """
    api = FastAPI(System(_settings(server)))
    api._session.close()
    api._session = _Connection(server, seconds, tries, api.get_request_headers())
    return api


def hang_up(api: FastAPI) -> None:
    """Close the connections of a client."""
    api._session.close()


def find_database(api: FastAPI, server: ChromaServer) -> None:
    """Raises IndexServerError where the server does not have the tenant or the database."""
    try:
        api.get_database(server.database, server.tenant)
    except NotFoundError:
        raise IndexServerError(
            f"the Chroma server at {server} has no database {server.database} of a tenant "
            f"{server.tenant}: check ASKPAPERS_CHROMA_TENANT and ASKPAPERS_CHROMA_DATABASE"
        ) from None


def _settings(server: ChromaServer) -> Settings:
    return Settings(
        anonymized_telemetry=False,
        chroma_client_auth_provider=None,
        chroma_server_host=server.url,
        chroma_server_http_port=8000,  # asked for, and not used where the host is a URL
        chroma_server_ssl_enabled=server.url.startswith("https:"),
        chroma_server_headers=server.headers(),
    )


def _may_pass(error: BaseException) -> bool:
    """Whether a request that failed so may succeed in a moment. A time-out has been waited for."""
    return isinstance(error, (httpx.NetworkError, httpx.RemoteProtocolError, _BusyError))


def _error(response: httpx.Response) -> tuple[str, str]:
    """Name and words of an error of Chroma's; empty where it is none."""
    if response.is_success:
        return "", ""
    try:
        body = response.json()
    except ValueError:
        body = None
    if not isinstance(body, dict) or body.get("error") not in error_types:
        return "", ""
    return str(body["error"]), str(body.get("message", ""))


def _is_json(response: httpx.Response) -> bool:
    return str(response.headers.get("content-type")).startswith("application/json")

"""Chroma's client of a server, with what it lacks: time-outs, retries, and errors in one line."""

from contextlib import suppress
from http import HTTPStatus
from typing import Any
from urllib.parse import urlsplit

import httpx
from chromadb.api.fastapi import FastAPI
from chromadb.api.models.Collection import Collection
from chromadb.config import Settings, System
from chromadb.errors import NotFoundError, error_types
from tenacity import Retrying, retry_if_exception_type, stop_after_attempt, wait_exponential, wait_random

from rag.errors import IndexServerError
from rag.library.chroma_server import ChromaServer
from rag.plain import cut, in_a_line

_SECONDS = 60.0  # until an answer comes: the server links a large batch first
_SECONDS_TO_CONNECT = 5.0
_TRIES = 4  # some 2 seconds in all, where nothing listens
_FIRST_WAIT = 0.3  # seconds, twice as many each time
_SHOWN = 200  # characters of what a server says
_PLACE = "ASKPAPERS_CHROMA_TENANT and ASKPAPERS_CHROMA_DATABASE"
_WITHOUT = "or unset ASKPAPERS_CHROMA_URL to keep vectors in the library's folder"
_REFUSED = (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN)
_BUSY = (HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_MANY_REQUESTS)  # and all from 500
_MAY_PASS = (httpx.NetworkError, httpx.RemoteProtocolError, httpx.HTTPStatusError)


class ChromaClient(FastAPI):
    """A client of one database of a server; it sends nothing before the first call.

    All methods raise IndexServerError. Safe to use from several threads.
    """

    def __init__(self, server: ChromaServer, seconds: float = _SECONDS, tries: int = _TRIES) -> None:
        settings = Settings(
            anonymized_telemetry=False,
            chroma_client_auth_provider=None,
            chroma_server_host=server.url,
            chroma_server_http_port=8000,  # required, but not used with a URL
            chroma_server_ssl_enabled=server.url.startswith("https:"),
            chroma_server_headers=server.headers(),
        )
        super().__init__(System(settings))
        self._session.close()
        self._session = _Connection(server, seconds, tries, self.get_request_headers())
        self._address = server
        self._place: dict[str, Any] = {"tenant": server.tenant, "database": server.database}

    def check_database(self) -> None:
        """Raises IndexServerError where the server does not have the tenant or the database."""
        try:
            self.get_database(self._address.database, self._address.tenant)
        except NotFoundError:
            problem = f"has no database {self._address.database} of a tenant {self._address.tenant}"
            raise self._address.error(problem, f"check {_PLACE}") from None

    def find(self, name: str) -> Collection | None:
        """The collection of this name, if there is one; its methods raise NotFoundError once it is gone."""
        try:
            return Collection(self, self.get_collection(name, **self._place), embedding_function=None)
        except NotFoundError:
            self.check_database()
            return None

    def create(self, name: str, settings: dict[str, Any]) -> Collection:
        self.check_database()
        # `get_or_create`, as a request whose answer was lost is sent again.
        model = self.create_collection(name, **settings, **self._place, get_or_create=True)
        return Collection(self, model, embedding_function=None)

    def remove(self, name: str) -> None:
        with suppress(NotFoundError):
            self.delete_collection(name, **self._place)

    def close(self) -> None:
        self._session.close()


class _Connection(httpx.Client):
    """Returns only what Chroma's client understands; raises IndexServerError for all else."""

    def __init__(self, server: ChromaServer, seconds: float, tries: int, headers: Any) -> None:
        timeout = httpx.Timeout(seconds, connect=min(seconds, _SECONDS_TO_CONNECT))
        super().__init__(headers=headers, timeout=timeout)
        self._server, self._tries = server, tries

    def send(self, request: httpx.Request, **options: Any) -> httpx.Response:
        retrying = Retrying(
            retry=retry_if_exception_type(_MAY_PASS),
            stop=stop_after_attempt(self._tries),
            wait=wait_exponential(_FIRST_WAIT) + wait_random(0, _FIRST_WAIT / 4),
            reraise=True,
        )
        try:
            return retrying(self._send_once, request, options)
        except httpx.TimeoutException:
            problem, cure = "takes too long to answer", f"try again later, {_WITHOUT}"
        except httpx.HTTPStatusError as error:
            problem = f"fails (status {error.response.status_code})"
            cure = "see what it logs, and try again later"
        except httpx.RequestError as error:
            problem = f"does not answer ({type(error).__name__})"
            start = f"`chroma run --path DIR --port {urlsplit(self._server.url).port or 8000}`"
            cure = f"start it (such as with {start}), check ASKPAPERS_CHROMA_URL, {_WITHOUT}"
        raise self._server.error(problem, cure)

    def _send_once(self, request: httpx.Request, options: dict[str, Any]) -> httpx.Response:
        response = super().send(request, **options)
        if response.is_server_error or response.status_code in _BUSY:
            response.raise_for_status()
        if response.status_code in _REFUSED:
            problem = f"refuses us (status {response.status_code})"
            raise self._server.error(problem, f"check ASKPAPERS_CHROMA_TOKEN, {_PLACE}")
        name, message = _error(response)
        is_json = response.headers.get("content-type", "").startswith("application/json")
        if name == NotFoundError.name() or (response.is_success and is_json):
            return response
        if name:
            message = cut(in_a_line(self._server.without_secrets(message)), _SHOWN)
            problem = f"refuses a request ({name}: {message})"
            raise self._server.error(problem, f"check its limits, {_PLACE}, {_WITHOUT}")
        raise IndexServerError(
            f"what answers at {self._server} is no Chroma server with the interface /api/v2: check "
            "ASKPAPERS_CHROMA_URL, or bring the server to chromadb 1.0 or later"
        )


def _error(response: httpx.Response) -> tuple[str, str]:
    """Name and message of an error of Chroma's; empty where it is none."""
    with suppress(ValueError, TypeError, KeyError):
        body = response.json() if response.is_error else {}
        if body["error"] in error_types:
            return str(body["error"]), str(body.get("message", ""))
    return "", ""

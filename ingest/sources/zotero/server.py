"""Zotero's web API: pages of objects, and files, at the pace that the server asks for."""

import os
import re
import time
from collections.abc import Callable, Generator, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit

import httpx

from ingest.sources.service import (
    BUSY,
    RetryPolicy,
    TemporaryError,
    busy_error,
    connection_error,
    with_retries,
)
from rag.errors import SourceError

ADDRESS = "https://api.zotero.org"
KEY = "ZOTERO_API_KEY"
_PAGE = 100  # objects of an answer; the server gives no more
_LARGEST_PAGE, _LARGEST_PDF = 64 << 20, 100 << 20  # bytes
_LONGEST_PAGE, _LONGEST_PDF = 300.0, 1800.0  # seconds from the first byte to the last
_PDF_MARK = b"%PDF-"
_MOST_ROUNDS = 3  # through a list that changes meanwhile
_LEADS_ON = frozenset({301, 302, 303, 307, 308})
_KEY = re.compile(r"[A-Za-z0-9]{1,100}", re.ASCII)
_UNREADABLE = "sends what is no list of its own: check the connection and run it again"
T = TypeVar("T")


@dataclass(frozen=True)
class ZoteroServer:
    """The server, and the key that it is asked with, if there is one."""

    address: str = ADDRESS
    key: str = field(default="", repr=False)
    retries: RetryPolicy = field(default_factory=RetryPolicy)

    @classmethod
    def of_environment(cls) -> "ZoteroServer":
        """The server of ZOTERO_API with the key of ZOTERO_API_KEY. Raises SourceError."""
        address = os.environ.get("ZOTERO_API", "").strip().rstrip("/") or ADDRESS
        key = os.environ.get(KEY, "").strip()
        if not _is_address(address):
            raise SourceError("ZOTERO_API is no address of a server: unset it, or say https://NAME")
        if key and not _KEY.fullmatch(key):
            raise SourceError(f"{KEY} is no key of Zotero's: copy it from zotero.org/settings/keys")
        return cls(address, key)

    def objects(self, path: str, **parameters: str) -> Iterator[Mapping[str, Any]]:
        """The objects of a list, each once by its key. Raises SourceError.

        A list that changes meanwhile is gone through again, so that none is missed.
        """
        known: set[str] = set()
        with self._client() as client:
            for _ in range(_MOST_ROUNDS):
                if (yield from self._round(client, path, parameters, known)):
                    return
        raise SourceError("the library on Zotero's server changes all the time: run it again later")

    def _round(
        self, client: httpx.Client, path: str, parameters: Mapping[str, str], known: set[str]
    ) -> Generator[Mapping[str, Any], None, bool]:
        """The objects of a list that are not known yet; False if the library changes meanwhile."""
        start, versions = 0, set[str | None]()
        while True:
            page, headers = self._page(client, path, {**parameters, "start": str(start)})
            new = [each for each in page if each["key"] not in known]
            known |= {each["key"] for each in new}
            yield from new
            start += len(page)
            versions.add(headers.get("Last-Modified-Version"))
            if len(versions) > 1:
                return False
            if not page or start >= _number(headers.get("Total-Results"), start + 1):
                return True

    def version(self, path: str) -> str | None:
        """The version of a library: it grows with each change. None if it cannot be asked for."""
        try:
            with self._client() as client:
                _, headers = self._page(client, path, {"limit": "1"})
        except SourceError:
            return None
        return headers.get("Last-Modified-Version")

    def fetch(self, path: str, file: Path) -> None:
        """Write a PDF to a file. Raises SourceError."""
        with self._client() as client:
            self._patiently(lambda: _fetch(client, f"{self.address}/{path}", self._headers, file))

    @property
    def _headers(self) -> dict[str, str]:
        return {"Zotero-API-Version": "3"} | ({"Zotero-API-Key": self.key} if self.key else {})

    def _client(self) -> httpx.Client:
        # What another server is led to gets none of the headers, so the client has no key of its own.
        return httpx.Client(timeout=self.retries.timeout, follow_redirects=False)

    def _page(
        self, client: httpx.Client, path: str, parameters: Mapping[str, str]
    ) -> tuple[list[Mapping[str, Any]], Mapping[str, str]]:
        wanted = {"format": "json", "limit": str(_PAGE)}
        request = client.build_request(
            "GET", f"{self.address}/{path}", params=wanted | dict(parameters), headers=self._headers
        )
        page, headers = self._patiently(lambda: _ask(client, request))
        if (backoff := _number(headers.get("Backoff"), 0)) > 0:
            time.sleep(min(backoff, self.retries.longest_pause))
        return page, headers

    def _patiently(self, ask: Callable[[], T]) -> T:
        def once() -> T:
            try:
                return ask()
            except httpx.HTTPStatusError as error:
                raise _refusal(error.response, bool(self.key)) from error
            except (httpx.HTTPError, httpx.InvalidURL) as error:
                raise connection_error(error) from error

        return with_retries("Zotero's server", once, self.retries)


def _ask(client: httpx.Client, request: httpx.Request) -> tuple[list[Mapping[str, Any]], Mapping[str, str]]:
    """A page of a list, asked for once. Raises TemporaryError, HTTPError."""
    response = client.send(request, stream=True)
    try:
        response.raise_for_status()
        content = b"".join(_pieces(response, _LARGEST_PAGE, _LONGEST_PAGE))
    finally:
        response.close()
    try:
        page = httpx.Response(200, content=content).json()
    except (ValueError, RecursionError) as error:
        raise TemporaryError(_UNREADABLE) from error
    if not isinstance(page, list) or not all(isinstance(each, dict) and _has_key(each) for each in page):
        raise TemporaryError(_UNREADABLE)
    return page, response.headers


def _fetch(client: httpx.Client, address: str, headers: Mapping[str, str], file: Path) -> None:
    """Write a PDF to a file, tried once; the server leads to where it is kept. Raises TemporaryError,
    SourceError, HTTPError.
    """
    with client.stream("GET", address, headers=headers) as response:
        onwards = str(response.next_request.url) if response.next_request else ""
        if response.status_code not in _LEADS_ON:
            _write(response, file)
            return
    if not _is_address(onwards) or urlsplit(address).scheme == "https" != urlsplit(onwards).scheme:
        raise SourceError("Zotero's server leads to no address of the PDF: look at it there")
    with client.stream("GET", onwards) as response:
        _write(response, file)


def _write(response: httpx.Response, file: Path) -> None:
    if response.status_code == 404:
        raise SourceError("Zotero's server does not have the PDF: it may be on your computers alone")
    response.raise_for_status()
    start = b""
    try:
        with file.open("wb") as opened:
            for piece in _pieces(response, _LARGEST_PDF, _LONGEST_PDF):
                if len(start) < len(_PDF_MARK):
                    start += piece[:1024]
                opened.write(piece)
    except OSError as error:
        raise SourceError(f"cannot be kept ({error.strerror}): make room on the disk") from error
    if not start.lstrip().startswith(_PDF_MARK):
        raise SourceError("Zotero's server sends no PDF of it: look at it there")


def _pieces(response: httpx.Response, most: int, seconds: float) -> Iterator[bytes]:
    size, end = 0, time.monotonic() + seconds
    for piece in response.iter_bytes():
        size += len(piece)
        if size > most:
            raise SourceError(f"Zotero's server sends more than {most >> 20} MB at once: ask it later")
        if time.monotonic() > end:
            raise TemporaryError("takes too long to answer: run it again later")
        yield piece


def _refusal(response: httpx.Response, has_key: bool) -> Exception:
    status = response.status_code
    if status in BUSY:
        return busy_error(status, response.headers.get("Retry-After"))
    if status in (401, 403):
        what = f"the key of {KEY}" if has_key else "anybody without a key"
        return SourceError(
            f"Zotero's server does not let {what} read this (HTTP {status}): make a key that may read the "
            f"library at zotero.org/settings/keys and set {KEY}"
        )
    if status == 404:
        return SourceError(
            "Zotero's server has nothing of this number: take your user ID from zotero.org/settings/keys, "
            "or a group's from its address"
        )
    return SourceError(f"Zotero's server does not take the request (HTTP {status}): run it again later")


def _has_key(value: Mapping[str, Any]) -> bool:
    key = value.get("key")  # it becomes part of an address
    return isinstance(key, str) and key.isalnum() and isinstance(value.get("data"), dict)


def _number(text: str | None, otherwise: int) -> int:
    return int(text) if text and len(text) < 10 and text.isdecimal() else otherwise


def _is_address(address: str) -> bool:
    try:
        parts = urlsplit(address)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port or 1) > 0
    except ValueError:
        return False

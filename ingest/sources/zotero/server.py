"""Zotero's web API: pages of objects, and files, at the pace that the server asks for."""

import json
import os
import re
from collections.abc import Generator, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from ingest.sources.service import RefusedError, RetryPolicy, is_address
from ingest.sources.web_service import WebService
from rag.errors import SourceError

ADDRESS = "https://api.zotero.org"
KEY = "ZOTERO_API_KEY"
_NAME = "Zotero's server"
_PAGE = 100  # objects of an answer; the server gives no more
_PDF_MARK = b"%PDF-"
_MOST_ROUNDS = 3  # through a list that changes meanwhile
_KEY = re.compile(r"[A-Za-z0-9]{1,100}", re.ASCII)
Object = Mapping[str, Any]


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
        if not is_address(address):
            raise SourceError("ZOTERO_API is no address of a server: unset it, or say https://NAME")
        if key and not _KEY.fullmatch(key):
            raise SourceError(f"{KEY} is no key of Zotero's: copy it from zotero.org/settings/keys")
        return cls(address, key)

    def objects(self, path: str, **parameters: str) -> Iterator[Object]:
        """The objects of a list, each once by its key. Raises SourceError.

        A list that changes meanwhile is gone through again, so that none is missed.
        """
        known: set[str] = set()
        for _ in range(_MOST_ROUNDS):
            if (yield from self._round(path, parameters, known)):
                return
        raise SourceError("the library on Zotero's server changes all the time: run it again later")

    def _round(
        self, path: str, parameters: Mapping[str, str], known: set[str]
    ) -> Generator[Object, None, bool]:
        """The objects of a list that are not known yet; False if the library changes meanwhile."""
        start, versions = 0, set[str | None]()
        while True:
            page, headers = self._page(path, {**parameters, "start": str(start)})
            new = [item for item in page if item["key"] not in known]
            known |= {item["key"] for item in new}
            yield from new
            start += len(page)
            versions.add(headers.get("Last-Modified-Version"))
            if len(versions) > 1:
                return False
            total = headers.get("Total-Results", "")
            if not page or (total.isdecimal() and start >= int(total[:10])):
                return True

    def version(self, path: str) -> str | None:
        """The version of a library: it grows with each change. None if it cannot be asked for."""
        try:
            return self._page(path, {"limit": "1"})[1].get("Last-Modified-Version")
        except SourceError:
            return None

    def fetch(self, path: str, file: Path) -> None:
        """Write a PDF to a file. Raises SourceError."""
        try:
            missing = "does not have the PDF: it may be on your computers alone"
            self._web.download(f"/{path}", file, missing)
        except RefusedError as error:
            raise SourceError(f"{error}: look at it there") from error
        with file.open("rb") as opened:
            if not opened.read(1024).lstrip().startswith(_PDF_MARK):
                raise SourceError(f"{_NAME} sends no PDF of it: look at it there")

    def _page(self, path: str, parameters: Mapping[str, str]) -> tuple[list[Object], Mapping[str, str]]:
        wanted = {"format": "json", "limit": str(_PAGE), **parameters}
        try:
            return self._web.ask_with_headers(f"/{path}", wanted, _read_page)
        except RefusedError as error:
            raise SourceError(f"{error}: run it again later") from error

    @cached_property
    def _web(self) -> WebService:
        headers = {"Zotero-API-Version": "3"} | ({"Zotero-API-Key": self.key} if self.key else {})
        reader = f"the key of {KEY}" if self.key else "anybody without a key"
        no_number = "take your user ID from zotero.org/settings/keys, or a group's from its address"
        refusals = {404: f"has nothing of this number: {no_number}"} | {
            status: f"does not let {reader} read this (HTTP {status}): make a key that may read the "
            f"library at zotero.org/settings/keys and set {KEY}"
            for status in (401, 403)
        }
        return WebService(_NAME, self.address, 0.0, self.retries, headers=headers, refusals=refusals)


def _read_page(answer: bytes) -> list[Object]:
    """The objects of a page. Raises ValueError, RecursionError."""
    page = json.loads(answer)
    if not isinstance(page, list) or not all(isinstance(item, dict) and _has_key(item) for item in page):
        raise ValueError("no list of objects")
    return page


def _has_key(item: Object) -> bool:
    key = item.get("key")  # it becomes part of an address
    return isinstance(key, str) and key.isalnum() and isinstance(item.get("data"), dict)

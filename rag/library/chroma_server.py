"""The dense index's collection on a Chroma server, which several processes share."""

import os
import threading
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self, TypeVar
from urllib.parse import urlsplit

from rag.embedding.base import Encoder
from rag.errors import IndexServerError
from rag.library.collection import Handle, new_collection
from rag.library.faults import wrong_encoder
from rag.private import atomic_write
from rag.settings import Settings

if TYPE_CHECKING:
    from chromadb.api.fastapi import FastAPI

T = TypeVar("T")

_FURTHER_TRIES = 3
# Records in one request: Chroma Cloud takes no more, and 300 vectors of 3,072 numbers are 5 MB.
_MOST = 300


@dataclass(frozen=True)
class ChromaServer:
    """A server and what is said to it; as a string its address without user and password.

    A token goes as `x-chroma-token`, or as `Authorization` where it begins with a scheme ("Bearer …").
    """

    url: str = field(repr=False)
    token: str | None = field(default=None, repr=False)
    tenant: str = "default_tenant"
    database: str = "default_database"

    @classmethod
    def from_settings(cls, settings: Settings) -> Self | None:
        """The server that the settings name; None where vectors are kept in the library's folder."""
        if not settings.chroma_url:
            return None
        return cls(
            settings.chroma_url.rstrip("/"),
            settings.chroma_token,
            settings.chroma_tenant or cls.tenant,
            settings.chroma_database or cls.database,
        )

    def headers(self) -> dict[str, str]:
        if not self.token:
            return {}
        return {"Authorization" if " " in self.token else "x-chroma-token": self.token}

    def hidden(self, text: str) -> str:
        """A text that the server sent without what is secret in it."""
        secrets = [*(self.token or "").split(), urlsplit(self.url).password or ""]
        for secret in filter(None, secrets):
            text = text.replace(secret, "…")
        return text

    def starting(self) -> str:
        """The command that starts a server at this address."""
        return f"chroma run --path DIR --port {urlsplit(self.url).port or 8000}"

    def __str__(self) -> str:
        parts = urlsplit(self.url)
        return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}".rstrip("/")


@dataclass(kw_only=True)
class ServerHandle(Handle):
    """A collection as the server named it when it was found; `mark` is the one of the library."""

    api: "FastAPI"
    mark: str

    def stored_checkpoint(self) -> int:
        """One request."""
        from chromadb.errors import NotFoundError

        known = self.collection
        model = self.api.get_collection(known.name, known.tenant, known.database)
        if model.id != known.id:
            raise NotFoundError("another has taken its place")
        return int((model.metadata or {}).get("applied", 0))


class ServerCollection:
    """A library's collection on a server; what one process writes all others find at once.

    Its name is in a file beside the catalog, with the number of that file on its disk (its inode): the
    copy of a library has another one, and so gets a collection of its own, built from its catalog,
    while a folder that is moved keeps its collection. (A disk that is copied as a whole, as with a
    virtual machine, keeps the numbers: delete the file there.) Safe to use from several threads.
    """

    def __init__(self, server: ChromaServer, folder: Path, encoder: Encoder) -> None:
        """`folder` is where the index would be without a server. Nothing is sent yet."""
        self._server = server
        self._folder = folder
        self._encoder = encoder
        self._lock = threading.Lock()
        self._api: FastAPI | None = None
        self._current: ServerHandle | None = None
        self._written = 0  # the checkpoint that was written here last

    def read(self, reading: Callable[[Handle], T], otherwise: T) -> T:
        """What a reading gives, or `otherwise` where there is no collection; see `Place`.

        Raises WrongEncoderError, IndexServerError.
        """
        from chromadb.errors import NotFoundError

        for _ in range(_FURTHER_TRIES):  # another process may make the collection anew meanwhile
            handle = self._find()
            if handle is None:
                return otherwise
            try:
                return reading(handle)
            except NotFoundError:
                self._forget(handle)
        raise self._gone()

    @contextmanager
    def writing(self) -> Iterator[Handle]:
        """The collection, made where there is none; see `Place`.

        Raises IndexServerError where the server no longer has what was written, as what follows would
        then be written behind a gap: the next sync sees it, and begins where the server is.
        """
        from chromadb.errors import NotFoundError

        handle = self._find() or self._create()
        try:
            stored = handle.stored_checkpoint()
            if stored < max(handle.applied, self._written):
                raise self._gone()
            handle.applied = stored
            yield handle
            self._written = handle.applied
        except NotFoundError:
            self._forget(handle)
            raise self._gone() from None

    def follow(self, handle: Handle) -> None:
        """All see the same; only whether there is anything yet has to be asked again."""
        if not handle.applied:
            handle.applied = handle.stored_checkpoint()

    def catch_up(self) -> None:
        """Nothing to wait for: what one process writes all others find at once."""

    def delete(self) -> None:
        """Remove the collection, and forget its name."""
        from chromadb.errors import NotFoundError

        mark = self._mark()
        if mark:
            with suppress(NotFoundError):
                self._open_api().delete_collection(_name(mark), self._server.tenant, self._server.database)
            self._mark_file.unlink(missing_ok=True)
        self._current, self._written = None, 0

    def close(self) -> None:
        with self._lock:
            api, self._api, self._current = self._api, None, None
        if api:
            from rag.library.chroma_api import hang_up

            hang_up(api)

    def _find(self) -> ServerHandle | None:
        from chromadb.errors import NotFoundError

        from rag.library.chroma_api import find_database

        mark, current = self._mark(), self._current
        if current and current.mark == mark:
            return current
        if not mark:
            return None
        api = self._open_api()
        try:
            model = api.get_collection(_name(mark), self._server.tenant, self._server.database)
        except NotFoundError:
            find_database(api, self._server)
            return None
        return self._open(model, mark)

    def _create(self) -> ServerHandle:
        from rag.library.chroma_api import find_database

        api, mark = self._open_api(), self._mark()
        find_database(api, self._server)
        if not mark:
            mark = self._write_mark()
        model = api.create_collection(
            _name(mark),
            **new_collection(self._encoder),
            get_or_create=True,  # a request whose answer was lost is sent again
            tenant=self._server.tenant,
            database=self._server.database,
        )
        return self._open(model, mark)

    def _open(self, model: Any, mark: str) -> ServerHandle:
        from chromadb.api.models.Collection import Collection

        metadata = model.metadata or {}
        if metadata.get("encoder") != self._encoder.name:
            raise wrong_encoder(self._folder, metadata.get("encoder"), self._encoder.name)
        api = self._open_api()
        self._current = ServerHandle(
            collection=Collection(api, model, embedding_function=None),
            applied=int(metadata.get("applied", 0)),
            most=min(api.get_max_batch_size(), _MOST),
            api=api,
            mark=mark,
        )
        return self._current

    def _open_api(self) -> "FastAPI":
        from rag.library.chroma_api import open_api

        with self._lock:
            self._api = self._api or open_api(self._server)
            return self._api

    def _forget(self, handle: ServerHandle) -> None:
        if self._current is handle:
            self._current = None

    def _gone(self) -> IndexServerError:
        self._current, self._written = None, 0
        return IndexServerError(
            f"the Chroma server at {self._server} has lost, or is losing, what was written for the "
            f"library in {self._folder.parent}: run the same command again, which writes it anew"
        )

    @property
    def _mark_file(self) -> Path:
        return self._folder.with_name(f"{self._folder.name}.id")

    def _mark(self) -> str:
        """The random part of the collection's name; empty where there is none, or another library's."""
        with suppress(OSError, ValueError), self._mark_file.open(encoding="ascii") as file:
            mark, number = file.read().split()
            if int(number) == os.fstat(file.fileno()).st_ino:
                return mark
        return ""

    def _write_mark(self) -> str:
        mark = uuid.uuid4().hex
        with atomic_write(self._mark_file) as file:
            file.write(f"{mark} {os.fstat(file.fileno()).st_ino}\n".encode())
        return mark


def _name(mark: str) -> str:
    return f"askpapers-{mark}"

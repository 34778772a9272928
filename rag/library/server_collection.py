"""The dense index's collection on a Chroma server, which several processes share."""

import os
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TypeVar

from chromadb.api.models.Collection import Collection
from chromadb.errors import NotFoundError

from rag.embedding.base import Encoder
from rag.errors import IndexServerError
from rag.library.chroma_api import ChromaClient
from rag.library.chroma_server import ChromaServer
from rag.library.collection import Handle, check_encoder, checkpoint, new_collection
from rag.private import make_file

T = TypeVar("T")

_TRIES = 3
# Passages in one request: Chroma Cloud takes no more, and 300 vectors of 3,072 numbers are 5 MB.
_MOST = 300


class ServerCollection:
    """A library's collection on a server, where all processes see at once what one writes.

    A file beside the catalog holds its name, together with that file's own inode. A copy of the library has
    another inode and so gets its own collection, built from its catalog; a folder that is moved keeps its
    collection. (A whole disk that is copied, as with a virtual machine, keeps the inodes: delete the file
    there.) Safe to use from several threads.
    """

    def __init__(self, server: ChromaServer, folder: Path, encoder: Encoder) -> None:
        """`folder` is the index's place if there were no server. Nothing is sent yet."""
        self._server = server
        self._client = ChromaClient(server)
        self._folder = folder
        self._name_file = folder.with_name(f"{folder.name}.id")
        self._encoder = encoder
        self._current: Handle | None = None
        self._written = 0  # the checkpoint that was written here last

    def read(self, reading: Callable[[Handle], T], otherwise: T) -> T:
        """See `Place`. Raises WrongEncoderError, IndexServerError."""
        for _ in range(_TRIES):  # another process may delete and create the collection meanwhile
            handle = self._find()
            if handle is None:
                return otherwise
            try:
                return reading(handle)
            except NotFoundError:
                self._current = None
        raise self._lost()

    @contextmanager
    def writing(self) -> Iterator[Handle]:
        """See `Place`.

        Raises IndexServerError if the server has lost what was written, as writing on would leave a gap.
        The next sync then starts from the server's checkpoint.
        """
        handle = self._find() or self._open(
            self._client.create(self._name() or self._new_name(), new_collection(self._encoder))
        )
        try:
            stored = handle.stored_checkpoint()
            if stored < max(handle.applied, self._written):
                raise self._lost()
            handle.applied = stored
            yield handle
            self._written = handle.applied
        except NotFoundError:
            raise self._lost() from None

    def follow(self, handle: Handle) -> None:
        """All processes see the same; only whether there is anything yet has to be asked again."""
        if not handle.applied:
            handle.applied = handle.stored_checkpoint()

    def catch_up(self) -> None:
        """See `Place`: here there is nothing to wait for."""

    def delete(self) -> None:
        """Delete the collection and its name."""
        if name := self._name():
            self._client.remove(name)
            self._name_file.unlink(missing_ok=True)
        self._current, self._written = None, 0

    def close(self) -> None:
        self._client.close()

    def _find(self) -> Handle | None:
        name, current = self._name(), self._current
        if current and current.collection.name == name:
            return current
        collection = self._client.find(name) if name else None
        return self._open(collection) if collection else None

    def _open(self, collection: Collection) -> Handle:
        check_encoder(collection, self._encoder, self._folder)

        def look_up() -> Collection:
            fresh = self._client.find(collection.name)
            if not fresh or fresh.id != collection.id:
                raise NotFoundError("another has taken its place")
            return fresh

        most = min(self._client.get_max_batch_size(), _MOST)
        self._current = Handle(collection, checkpoint(collection), most, look_up)
        return self._current

    def _lost(self) -> IndexServerError:
        self._current, self._written = None, 0
        return self._server.error(
            f"has lost, or is losing, what was written for the library in {self._folder.parent}",
            "run the same command again, which writes it anew",
        )

    def _name(self) -> str:
        """The collection's name; empty if there is none, or if it belongs to another library."""
        with suppress(OSError, ValueError), self._name_file.open(encoding="ascii") as file:
            mark, inode = file.read().split()
            if int(inode) == os.fstat(file.fileno()).st_ino:
                return f"askpapers-{mark}"
        return ""

    def _new_name(self) -> str:
        mark = uuid.uuid4().hex
        new = self._name_file.with_suffix(".new")
        make_file(new)
        with new.open("w", encoding="ascii") as file:
            file.write(f"{mark} {os.fstat(file.fileno()).st_ino}\n")
        new.replace(self._name_file)
        return f"askpapers-{mark}"

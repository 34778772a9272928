"""One Chroma collection in a folder, reopened when another process has written to it.

Chroma's clients do not see what other processes add. So a reader compares the checkpoint on disk with that
of its open handle, opens the folder a second time in the background, then swaps; the old client is closed
after its last query.
"""

import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import chromadb
from chromadb.config import Settings
from chromadb.errors import ChromaError

from rag.embedding.base import Encoder
from rag.errors import DamagedError, LibraryError
from rag.library import probing
from rag.library.collection import Handle, check_encoder, checkpoint, new_collection
from rag.library.faults import store_errors
from rag.library.folders import made_whole, move_away
from rag.private import make_file

T = TypeVar("T")

COLLECTION = "passages"
_PATIENCE = 0.1  # seconds
_FURTHER_TRIES = 4
_MARK = "id"  # a file with a random id, missing from the empty folders that Chroma itself creates
_spelling = threading.Lock()
_opened: dict[Path, int] = {}  # how often each folder was opened in this process


@dataclass(kw_only=True)
class FolderHandle(Handle):
    """An open client and its collection; `mark` distinguishes its folder from one that has replaced it."""

    mark: str
    close: Callable[[], None]
    users: int = 0
    is_retired: bool = False


class ChromaFolder:
    """The collection of a folder, which one process writes. Safe to use from several threads."""

    def __init__(self, folder: Path, encoder: Encoder) -> None:
        self._folder = folder
        self._encoder = encoder
        self._lock = threading.Lock()
        self._current: FolderHandle | None = None
        self._reopening: threading.Thread | None = None

    def read(self, reading: Callable[[Handle], T], otherwise: T) -> T:
        """See `Place`. Raises WrongEncoderError, DamagedError.

        A failed reading is tried again on a new handle, as it may fail only while another process moves or
        fills the folder.
        """
        if not self._mark():
            return otherwise
        for _ in range(_FURTHER_TRIES):
            with suppress(DamagedError), self._lease() as handle:
                return reading(handle)
            self._swap(None)
            time.sleep(_PATIENCE)
        with self._lease() as handle:
            return reading(handle)

    @contextmanager
    def writing(self) -> Iterator[Handle]:
        """See `Place`. Raises WrongEncoderError, DamagedError."""
        if not self._mark():
            self._create()
        with self._lease() as handle:
            is_stale = handle.stored_checkpoint() != handle.applied
        if is_stale:
            self._swap(self._open())
        with self._lease() as handle:
            yield handle

    def follow(self, handle: Handle) -> None:
        """Start to reopen the folder if another process has written to it."""
        if handle.stored_checkpoint() == handle.applied:
            return
        with self._lock:
            if not self._reopening and handle is self._current:
                self._reopening = threading.Thread(target=self._reopen, daemon=True)
                self._reopening.start()

    def catch_up(self) -> None:
        """See `Place`."""
        if self._current:
            with suppress(LibraryError):  # the next query raises it
                self.read(self.follow, None)
        if thread := self._reopening:
            thread.join()

    def close(self) -> None:
        if thread := self._reopening:
            thread.join()
        self._swap(None)

    def delete(self) -> None:
        """Close and remove the folder."""
        self.close()
        move_away(self._folder)
        probing.forget(self._folder)

    @contextmanager
    def _lease(self) -> Iterator[FolderHandle]:
        """The current handle, which stays open while it is in use."""
        current = self._current
        if current and current.mark != self._mark():
            self._swap(None)
        with self._lock:
            handle = self._current = self._current or self._open()
            handle.users += 1
        try:
            with _translated(self._folder):
                yield handle
        finally:
            with self._lock:
                handle.users -= 1
                is_done = handle.is_retired and not handle.users
            if is_done:
                handle.close()

    def _reopen(self) -> None:
        try:
            with suppress(LibraryError):  # the old handle goes on serving, and the next query tries again
                self._swap(self._open())
        finally:
            self._reopening = None

    def _swap(self, handle: FolderHandle | None) -> None:
        with self._lock:
            old, self._current = self._current, handle
            if old:
                old.is_retired = True
            is_done = old and not old.users
        if old and is_done:
            old.close()

    def _create(self) -> None:
        with _translated(self._folder), made_whole(self._folder) as new:
            client = connect(new)
            client.create_collection(COLLECTION, **new_collection(self._encoder), embedding_function=None)
            client.close()
            make_file(new / _MARK)
            (new / _MARK).write_text(uuid.uuid4().hex)

    def _open(self) -> FolderHandle:
        mark = self._mark()
        probing.enter(self._folder)
        with ExitStack() as closing:
            closing.callback(probing.leave, self._folder)
            with _translated(self._folder):
                client = connect(self._folder)
                closing.callback(client.close)
                look_up = partial(client.get_collection, COLLECTION, embedding_function=None)
                collection = look_up()
            check_encoder(collection, self._encoder, self._folder)
            return FolderHandle(
                collection=collection,
                applied=checkpoint(collection),
                most=client.get_max_batch_size(),
                look_up=look_up,
                mark=mark,
                close=closing.pop_all().close,
            )

    def _mark(self) -> str:
        """The folder's random id; empty if this is no folder of ours."""
        with suppress(OSError):
            return (self._folder / _MARK).read_text()
        return ""


def connect(folder: Path) -> Any:
    """A separate client for a folder; chromadb declares no type that has `close`.

    Within a process Chroma shares what it has read among the clients of one path, so a second client would
    be as stale as the first. Each client therefore gets another spelling of the path.
    """
    with _spelling:
        count = _opened[folder] = _opened.get(folder, 0) + 1
    path = str(folder) + "/." * (count % 64)
    return chromadb.PersistentClient(path=path, settings=Settings(anonymized_telemetry=False))


def _translated(folder: Path) -> AbstractContextManager[None]:
    return store_errors("dense", folder, ChromaError, OSError)

"""One Chroma collection in a folder, kept open, and opened anew when another process has written.

Chroma's clients do not see what another process adds. So a reader compares the checkpoint on disk
with the one it has opened, opens the folder a second time in the background, then swaps; the old
client is closed when its last query is done.
"""

import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from rag.embedding.base import Encoder
from rag.errors import DamagedError, LibraryError
from rag.library import probing
from rag.library.collection import Handle, new_collection
from rag.library.faults import store_errors, wrong_encoder
from rag.library.folders import made_whole, move_away
from rag.private import make_file

T = TypeVar("T")

COLLECTION = "passages"
_PATIENCE = 0.1  # seconds
_FURTHER_TRIES = 4
_MARK = "id"  # a file with a random id: Chroma makes a folder where there is none, and ours has this
_spelling = threading.Lock()
_opened: dict[Path, int] = {}  # how often each folder was opened in this process


@dataclass(kw_only=True)
class FolderHandle(Handle):
    """An open client and its collection; `mark` tells its folder from another that has taken the place."""

    client: Any  # chromadb declares no type that has `close`
    mark: str
    folder: Path
    users: int = 0
    is_retired: bool = False

    def close(self) -> None:
        self.client.close()
        probing.leave(self.folder)

    def stored_checkpoint(self) -> int:
        """Takes 1 ms."""
        fresh = self.client.get_collection(COLLECTION, embedding_function=None)
        return int((fresh.metadata or {}).get("applied", 0))


class ChromaFolder:
    """The collection of a folder, which one process writes. Safe to use from several threads."""

    def __init__(self, folder: Path, encoder: Encoder) -> None:
        self._folder = folder
        self._encoder = encoder
        self._lock = threading.Lock()
        self._current: FolderHandle | None = None
        self._reopening: threading.Thread | None = None

    def read(self, reading: Callable[[Handle], T], otherwise: T) -> T:
        """What a reading of the current handle gives, or `otherwise` where there is no folder.

        Tried again on a handle opened anew: while another process moves or fills the folder, a reading
        can fail that a later one does not. Raises WrongEncoderError, DamagedError.
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
        """The current handle, of a folder made or opened anew as needed: a writer builds on all that
        other processes wrote. Raises WrongEncoderError, DamagedError.
        """
        if not self._mark():
            self._create()
        with self._lease() as handle:
            is_stale = handle.stored_checkpoint() != handle.applied
        if is_stale:
            self._swap(self._open())
        with self._lease() as handle:
            yield handle

    def follow(self, handle: Handle) -> None:
        """Start to open the folder anew where another process has written to it."""
        if handle.stored_checkpoint() == handle.applied:
            return
        with self._lock:
            if not self._reopening and handle is self._current:
                self._reopening = threading.Thread(target=self._reopen, daemon=True)
                self._reopening.start()

    def catch_up(self) -> None:
        """Come back when a handle that is open sees what other processes have written."""
        if self._current:
            with suppress(LibraryError):  # which the next query tells of
                self.read(self.follow, None)
        if thread := self._reopening:
            thread.join()

    def close(self) -> None:
        if thread := self._reopening:
            thread.join()
        self._swap(None)

    def delete(self) -> None:
        """Close and remove the folder with all that it holds."""
        self.close()
        move_away(self._folder)
        probing.forget(self._folder)

    @contextmanager
    def _lease(self) -> Iterator[FolderHandle]:
        """The current handle, which stays open as long as it is used."""
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
        try:
            with _translated(self._folder):
                client = connect(self._folder)
                collection = client.get_collection(COLLECTION, embedding_function=None)
            metadata = collection.metadata or {}
            if metadata.get("encoder") != self._encoder.name:
                client.close()
                raise wrong_encoder(self._folder, metadata.get("encoder"), self._encoder.name)
            return FolderHandle(
                collection=collection,
                applied=int(metadata.get("applied", 0)),
                most=client.get_max_batch_size(),
                client=client,
                mark=mark,
                folder=self._folder,
            )
        except BaseException:
            probing.leave(self._folder)
            raise

    def _mark(self) -> str:
        """Empty where there is no folder of ours."""
        with suppress(OSError):
            return (self._folder / _MARK).read_text()
        return ""


def connect(folder: Path) -> Any:
    """A client of its own for a folder."""
    import chromadb
    from chromadb.config import Settings

    return chromadb.PersistentClient(
        path=_own_spelling(folder), settings=Settings(anonymized_telemetry=False)
    )


def _own_spelling(folder: Path) -> str:
    """A spelling of the folder that no other open client of this process has.

    Within a process Chroma shares what it has read among the clients of one path, so that a
    second client is as stale as the first; under another spelling it reads anew.
    """
    with _spelling:
        count = _opened[folder] = _opened.get(folder, 0) + 1
    return str(folder) + "/." * (count % 64)


def _translated(folder: Path) -> AbstractContextManager[None]:
    from chromadb.errors import ChromaError

    return store_errors("dense", folder, ChromaError, OSError)

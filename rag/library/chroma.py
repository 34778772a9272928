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
from typing import TYPE_CHECKING, Any, TypeVar

from rag.embedding.base import Encoder
from rag.errors import DamagedError, LibraryError
from rag.library.faults import translated, wrong_encoder
from rag.library.folders import made_whole, move_away

if TYPE_CHECKING:
    from chromadb.api.models.Collection import Collection

T = TypeVar("T")

_COLLECTION = "passages"
# Neighbours that a search keeps in view. Each process links what was added last in an order of its own:
# only a search that misses none, as this one among a few thousand, finds the same everywhere.
_LOOKED_AT = 1500
_PATIENCE = 0.1  # seconds
_FURTHER_TRIES = 4
_MARK = "id"  # a file with a random id: Chroma makes a folder where there is none, and ours has this
_spelling = threading.Lock()
_opened: dict[Path, int] = {}  # how often each folder was opened in this process


@dataclass
class Handle:
    """An open client and its collection; `applied` is the checkpoint that it sees.

    `mark` tells its folder from another that has taken the place.
    """

    client: Any  # chromadb declares no type that has `close`
    collection: "Collection"
    applied: int
    mark: str
    users: int = 0
    is_retired: bool = False

    def applied_on_disk(self) -> int:
        """The checkpoint as any process wrote it last; takes 1 ms."""
        fresh = self.client.get_collection(_COLLECTION, embedding_function=None)
        return int((fresh.metadata or {}).get("applied", 0))

    def move_checkpoint(self, applied: int) -> None:
        self.collection.modify(metadata={**(self.collection.metadata or {}), "applied": applied})
        self.applied = applied


class ChromaFolder:
    """Hands out the open collection of a folder. Safe to use from several threads."""

    def __init__(self, folder: Path, encoder: Encoder) -> None:
        self._folder = folder
        self._encoder = encoder
        self._lock = threading.Lock()
        self._current: Handle | None = None
        self._reopening: threading.Thread | None = None

    @property
    def exists(self) -> bool:
        return bool(self._mark())

    @contextmanager
    def lease(self) -> Iterator[Handle]:
        """The current handle, which stays open as long as it is used.

        Raises WrongEncoderError, DamagedError.
        """
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
                handle.client.close()

    def read(self, reading: Callable[[Handle], T]) -> T:
        """What a reading of the current handle gives; tried again on a handle opened anew.

        While another process moves or fills the folder, a reading can fail that a later one does
        not. Raises WrongEncoderError, DamagedError.
        """
        for _ in range(_FURTHER_TRIES):
            with suppress(DamagedError), self.lease() as handle:
                return reading(handle)
            self._swap(None)
            time.sleep(_PATIENCE)
        with self.lease() as handle:
            return reading(handle)

    def refresh(self, handle: Handle) -> None:
        """Start to open the folder anew where another process has written to it."""
        if handle.applied_on_disk() == handle.applied:
            return
        with self._lock:
            if not self._reopening and handle is self._current:
                self._reopening = threading.Thread(target=self._reopen, daemon=True)
                self._reopening.start()

    def catch_up(self) -> None:
        """Make the folder, or see at once what other processes wrote: a writer builds on all of it."""
        if not self.exists:
            self._create()
        with self.lease() as handle:
            is_stale = handle.applied_on_disk() != handle.applied
        if is_stale:
            self._swap(self._open())

    def close(self) -> None:
        if thread := self._reopening:
            thread.join()
        self._swap(None)

    def delete(self) -> None:
        """Close and remove the folder with all that it holds."""
        self.close()
        move_away(self._folder)

    def _reopen(self) -> None:
        try:
            with suppress(LibraryError):  # the old handle goes on serving, and the next query tries again
                self._swap(self._open())
        finally:
            self._reopening = None

    def _swap(self, handle: Handle | None) -> None:
        with self._lock:
            old, self._current = self._current, handle
            if old:
                old.is_retired = True
            is_done = old and not old.users
        if old and is_done:
            old.client.close()

    def _create(self) -> None:
        metadata = {"encoder": self._encoder.name, "dimension": self._encoder.dimension, "applied": 0}
        with _translated(self._folder), made_whole(self._folder) as new:
            client = _connect(new)
            client.create_collection(
                _COLLECTION,
                configuration={"hnsw": {"space": "cosine", "ef_search": _LOOKED_AT}},
                metadata=metadata,
                embedding_function=None,
            )
            client.close()
            (new / _MARK).write_text(uuid.uuid4().hex)

    def _open(self) -> Handle:
        mark = self._mark()
        with _translated(self._folder):
            client = _connect(self._folder)
            collection = client.get_collection(_COLLECTION, embedding_function=None)
        metadata = collection.metadata or {}
        if metadata.get("encoder") != self._encoder.name:
            client.close()
            raise wrong_encoder(self._folder, metadata.get("encoder"), self._encoder.name)
        return Handle(client, collection, int(metadata.get("applied", 0)), mark)

    def _mark(self) -> str:
        """Empty where there is no folder of ours."""
        with suppress(OSError):
            return (self._folder / _MARK).read_text()
        return ""


def _connect(folder: Path) -> Any:
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

    return translated("dense", folder, ChromaError, OSError)

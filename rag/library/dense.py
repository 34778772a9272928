"""The dense index: the vectors of all passages in Chroma, compared by cosine."""

import hashlib
import shutil
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from rag.embedding.base import Encoder, Vectors
from rag.errors import DamagedError, WrongEncoderError
from rag.library.catalog import Change
from rag.types import Filters, Paper, Passage

if TYPE_CHECKING:
    from chromadb.api.models.Collection import Collection

_COLLECTION = "passages"


@dataclass
class _Handle:
    """An open client; it is closed when it has been replaced and nobody uses it any more."""

    client: Any  # chromadb declares no type that has `close`
    collection: "Collection"
    applied: int
    users: int = 0
    is_replaced: bool = False


class DenseIndex:
    """Passages with their vectors; `applied` in the collection's metadata is its checkpoint.

    One process writes at a time (the library sees to that). A reader notices that another process
    has written, opens the folder anew in the background and then swaps. Safe to use from threads.
    """

    name = "dense"
    batch = 64  # papers that are applied at a time

    def __init__(self, folder: Path, encoder: Encoder) -> None:
        self._folder = folder
        self._encoder = encoder
        self._lock = threading.Lock()
        self._current: _Handle | None = None
        self._reopening: threading.Thread | None = None
        self._opened = 0

    def checkpoint(self) -> int:
        """The last change that this index has applied. Raises WrongEncoderError, DamagedError."""
        if not self._folder.is_dir():
            return 0
        with self._lease() as handle:
            return self._applied(handle)

    def count(self) -> int:
        """Number of passages."""
        if not self._folder.is_dir():
            return 0
        with self._lease() as handle:
            return handle.collection.count()

    def apply(self, changes: Sequence[Change], checkpoint: int) -> None:
        """Bring the passages of changed papers up to date, then move the checkpoint.

        A passage whose text is the same keeps its vector. Applying a change twice does no harm.
        """
        with self._lease() as handle:
            self._replace(handle, changes)
            metadata = {**(handle.collection.metadata or {}), "applied": checkpoint}
            handle.collection.modify(metadata=metadata)
            handle.applied = checkpoint

    def search(self, vector: Vectors, most: int, filters: Filters) -> list[tuple[Passage, float]]:
        """The `most` nearest passages with their cosine to a vector (dimension,), best first."""
        if not self._folder.is_dir():
            return []
        with self._lease() as handle:
            self._refresh(handle)
            found = handle.collection.query(
                query_embeddings=vector[None, :],
                n_results=most,
                where=_where(filters),
                include=["metadatas", "distances"],
            )
        metadatas, distances = found["metadatas"], found["distances"]
        if not metadatas or not distances:
            return []
        return [
            (_passage(metadata), 1.0 - distance)
            for metadata, distance in zip(metadatas[0], distances[0], strict=True)
        ]

    def compare(self, vector: Vectors, paper_ids: Sequence[str]) -> list[tuple[Passage, float]]:
        """The passages of these papers with their cosine to a vector (dimension,)."""
        if not paper_ids or not self._folder.is_dir():
            return []
        with self._lease() as handle:
            found = handle.collection.get(where=_of_papers(paper_ids), include=["metadatas", "embeddings"])
        cosines = np.asarray(found["embeddings"], np.float32).reshape(-1, len(vector)) @ vector
        return [
            (_passage(metadata), float(cosine))
            for metadata, cosine in zip(found["metadatas"] or [], cosines, strict=True)
        ]

    def counts(self) -> dict[str, int]:
        """Number of passages of every paper that has any."""
        counts: dict[str, int] = {}
        if not self._folder.is_dir():
            return counts
        with self._lease() as handle:
            page = handle.client.get_max_batch_size()
            for start in range(0, handle.collection.count(), page):
                rows = handle.collection.get(limit=page, offset=start, include=["metadatas"])
                for metadata in rows["metadatas"] or []:
                    paper_id = str(metadata["paper_id"])
                    counts[paper_id] = counts.get(paper_id, 0) + 1
        return counts

    def reset(self) -> None:
        """Delete the index; the next changes build it anew."""
        self.close()
        shutil.rmtree(self._folder, ignore_errors=True)

    def close(self) -> None:
        if self._reopening:
            self._reopening.join()
        with self._lock:
            handle, self._current = self._current, None
            if handle:
                handle.is_replaced = True
        if handle and not handle.users:
            handle.client.close()

    def _replace(self, handle: _Handle, changes: Sequence[Change]) -> None:
        held = handle.collection.get(
            where=_of_papers([change.paper_id for change in changes]),
            include=["metadatas"],
        )
        known = dict(zip(held["ids"], held["metadatas"] or [], strict=True))
        wanted = {row["id"]: row for change in changes for row in self._rows(change)}
        if gone := [id_ for id_ in known if id_ not in wanted]:
            handle.collection.delete(ids=gone)
        new = [
            row
            for id_, row in wanted.items()
            if id_ not in known or known[id_]["fingerprint"] != row["metadata"]["fingerprint"]
        ]
        fresh = {row["id"] for row in new}
        moved = [
            row for id_, row in wanted.items() if id_ not in fresh and dict(known[id_]) != row["metadata"]
        ]
        for rows in _batches(new, handle.client.get_max_batch_size()):
            handle.collection.upsert(
                ids=[row["id"] for row in rows],
                embeddings=self._encoder.encode([row["embedded"] for row in rows]),
                metadatas=[row["metadata"] for row in rows],
                documents=[row["text"] for row in rows],
            )
        for rows in _batches(moved, handle.client.get_max_batch_size()):
            handle.collection.update(
                ids=[row["id"] for row in rows], metadatas=[row["metadata"] for row in rows]
            )

    def _rows(self, change: Change) -> Iterator[dict[str, Any]]:
        if not change.paper:
            return
        for number, passage in enumerate(change.passages):
            text = change.paper.abstract[passage.start : passage.end]
            embedded = embedded_text(change.paper, passage)
            yield {
                "id": f"{change.paper_id}#{number}",
                "text": text,
                "embedded": embedded,
                "metadata": _metadata(change.paper, passage, embedded),
            }

    @contextmanager
    def _lease(self) -> Iterator[_Handle]:
        """The current handle, kept open as long as it is used."""
        with self._lock:
            handle = self._current = self._current or self._open()
            handle.users += 1
        try:
            with _translated(self._folder):
                yield handle
        finally:
            with self._lock:
                handle.users -= 1
                is_done = handle.is_replaced and not handle.users
            if is_done:
                handle.client.close()

    def _refresh(self, handle: _Handle) -> None:
        """Start to open the folder anew where another process has written to it."""
        if self._applied(handle) == handle.applied:
            return
        with self._lock:
            if not self._reopening and handle is self._current:
                self._reopening = threading.Thread(target=self._reopen, daemon=True)
                self._reopening.start()

    def _reopen(self) -> None:
        try:
            handle = self._open()
        finally:
            with self._lock:
                self._reopening = None
        with self._lock:
            old, self._current = self._current, handle
            if old:
                old.is_replaced = True
        if old and not old.users:
            old.client.close()

    def _applied(self, handle: _Handle) -> int:
        """The checkpoint as it stands on disk; 1 ms, and right where another process wrote it."""
        fresh = handle.client.get_collection(_COLLECTION, embedding_function=None)
        return int((fresh.metadata or {}).get("applied", 0))

    def _open(self) -> _Handle:
        import chromadb
        from chromadb.config import Settings

        with _translated(self._folder):
            client: Any = chromadb.PersistentClient(
                path=self._own_path(), settings=Settings(anonymized_telemetry=False)
            )
            collection = client.get_or_create_collection(
                _COLLECTION,
                configuration={"hnsw": {"space": "cosine"}},
                metadata={
                    "encoder": self._encoder.name,
                    "dimension": self._encoder.dimension,
                    "applied": 0,
                },
                embedding_function=None,
            )
        metadata = collection.metadata or {}
        if metadata.get("encoder") != self._encoder.name:
            client.close()
            raise WrongEncoderError(
                f"the library in {self._folder.parent} was built with the encoder "
                f"{metadata.get('encoder')}, and {self._encoder.name} is in use: run "
                f"`askpapers library reindex --library {self._folder.parent}`"
            )
        return _Handle(client, collection, int(metadata.get("applied", 0)))

    def _own_path(self) -> str:
        """A spelling of the folder that no other open client of this process has.

        Chroma shares what it has read among the clients of one path, so that a second client is
        as stale as the first; under another spelling it reads anew.
        """
        with _spelling:
            _opened[self._folder] = count = _opened.get(self._folder, 0) + 1
        return str(self._folder) + "/." * (count % 64)


_spelling = threading.Lock()
_opened: dict[Path, int] = {}


def embedded_text(paper: Paper, passage: Passage) -> str:
    """What the encoder sees of a passage: the paper's title, then the passage."""
    return f"{paper.title}\n{paper.abstract[passage.start : passage.end]}"


def _metadata(paper: Paper, passage: Passage, embedded: str) -> dict[str, str | int]:
    metadata: dict[str, str | int] = {
        "paper_id": passage.paper_id,
        "start": passage.start,
        "end": passage.end,
        "fingerprint": hashlib.sha256(embedded.encode()).hexdigest()[:32],
    }
    return metadata if paper.year is None else metadata | {"year": paper.year}


def _passage(metadata: Any) -> Passage:
    return Passage(metadata["paper_id"], metadata["start"], metadata["end"])


def _where(filters: Filters) -> Any:
    ends = [("$gte", filters.from_year), ("$lte", filters.to_year)]
    conditions = [{"year": {operator: year}} for operator, year in ends if year is not None]
    if len(conditions) > 1:
        return {"$and": conditions}
    return conditions[0] if conditions else None


def _of_papers(paper_ids: Sequence[str]) -> Any:
    return {"paper_id": {"$in": list(paper_ids)}}


def _batches(rows: list[dict[str, Any]], size: int) -> Iterator[list[dict[str, Any]]]:
    for start in range(0, len(rows), size):
        yield rows[start : start + size]


@contextmanager
def _translated(folder: Path) -> Iterator[None]:
    from chromadb.errors import ChromaError

    try:
        yield
    except (ChromaError, OSError) as error:
        raise DamagedError(
            f"the dense index in {folder} cannot be used ({error}): run "
            f"`askpapers library reindex --library {folder.parent}`"
        ) from error

"""The dense indexes: the vectors of passages in Chroma, compared by cosine."""

import threading
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from rag.embedding.base import Encoder, Vectors
from rag.library.catalog import Change
from rag.library.chroma_server import ChromaServer
from rag.library.collection import Handle, Place
from rag.library.embedded import embedded_text, fingerprint
from rag.library.progress import Track, untracked
from rag.types import Filters, Part

_MARK = "#"  # between a paper's id and the number of its passage
_PAGE = 500  # passages that are read at a time with their vectors
_TOLERANCE = 0.01  # of a vector's length
_DIGESTS = 2**128


class DenseIndex:
    """The passages of one part of the papers with their vectors.

    The checkpoint is in the collection's metadata. The texts stay in the catalog: Chroma would build a
    trigram index that we do not use, which takes twice as long as the vectors do. The library lets one
    process write at a time; readers notice and follow. Safe to use from several threads.
    """

    batch = 64  # papers that are applied at a time

    def __init__(
        self,
        folder: Path,
        encoder: Encoder,
        server: ChromaServer | None = None,
        part: Part = "abstract",
    ) -> None:
        """The index in a folder, or on a server in a collection that belongs to the folder.

        Nothing is opened before the first use.
        """
        self.name = folder.name
        self.part = part
        self._folder = folder
        self._encoder = encoder
        self._server = server
        self._opening = threading.Lock()
        self._opened: Place | None = None

    @property
    def _place(self) -> Place:
        with self._opening:
            self._opened = self._opened or _open(self._folder, self._encoder, self._server)
            return self._opened

    def checkpoint(self) -> int:
        """The last change that this index has applied.

        Raises WrongEncoderError, DamagedError, IndexServerError.
        """
        return self._place.read(lambda handle: handle.stored_checkpoint(), 0)

    def count(self) -> int:
        """Number of passages."""
        return self._place.read(lambda handle: handle.collection.count(), 0)

    def apply(self, changes: Sequence[Change], checkpoint: int) -> None:
        """Update the passages of changed papers, then move the checkpoint.

        A passage with the same text keeps its vector. Applying a change twice does no harm.
        """
        with self._place.writing() as handle:
            self._replace(handle, changes)
            handle.move_checkpoint(checkpoint)

    def search(self, vector: Vectors, most: int, filters: Filters) -> list[tuple[str, int, float]]:
        """The `most` nearest passages, best first: paper id, number, cosine to a vector (dimension,).

        This index knows only years and ids of the filters. It reads no metadata, which would take four
        times as long as the search.
        """
        nothing: Any = {"ids": [[]], "distances": [[]]}
        if filters.papers == ():
            return []

        def query(handle: Handle) -> Any:
            self._place.follow(handle)
            if not handle.applied:  # a client that has queried an empty collection fails ever after
                return nothing
            return handle.collection.query(
                query_embeddings=vector[None, :],
                n_results=most,
                where=_where(filters),
                include=["distances"],
            )

        result = self._place.read(query, nothing)
        return [
            (*_parts(id_), 1.0 - distance)
            for id_, distance in zip(result["ids"][0], result["distances"][0], strict=True)
        ]

    def held(self, track: Track = untracked) -> dict[str, str]:
        """See `Index`; passages whose vectors do not have unit length do not count.

        Raises DamagedError if vectors cannot be read: queries would go on without them.
        """

        def hold(handle: Handle) -> dict[str, str]:
            sums: dict[str, int] = {}
            size, total = min(_PAGE, handle.most), handle.collection.count()
            pages = (
                handle.collection.get(limit=size, offset=start, include=["metadatas", "embeddings"])
                for start in range(0, total, size)
            )
            batches = (list(_intact(page)) for page in pages)
            for passages in track(batches, "reading the dense index", total):
                for paper_id, number, metadata in passages:
                    sums[paper_id] = sums.get(paper_id, 0) + _digest(number, metadata)
            return {paper_id: _in_hex(total) for paper_id, total in sums.items()}

        return self._place.read(hold, {})

    def wanted(self, change: Change) -> str | None:
        digests = [_digest(number, row["metadata"]) for number, row in enumerate(self._rows(change))]
        return _in_hex(sum(digests)) if digests else None

    def catch_up(self) -> None:
        """Wait until searches see what other processes have written."""
        if self._opened:
            self._opened.catch_up()

    def reset(self) -> None:
        """Delete the index; the next changes rebuild it."""
        self._place.delete()

    def close(self) -> None:
        with self._opening:
            place, self._opened = self._opened, None
        if place:
            place.close()

    def _replace(self, handle: Handle, changes: Sequence[Change]) -> None:
        stored = handle.collection.get(
            where=_of_papers([change.paper_id for change in changes]),
            include=["metadatas"],
        )
        known: dict[str, Any] = dict(zip(stored["ids"], stored["metadatas"] or [], strict=True))
        rows_by_id = {row["id"]: row for change in changes for row in self._rows(change)}
        if removed := [id_ for id_ in known if id_ not in rows_by_id]:
            handle.collection.delete(ids=removed)
        new, moved = [], []
        for id_, row in rows_by_id.items():
            old, metadata = known.get(id_, {}), row["metadata"]
            if old.get("fingerprint") != metadata["fingerprint"]:
                new.append(row)
            elif any(old.get(name) != value for name, value in metadata.items()):
                moved.append(row)
        for rows in _batches(new, handle.most):
            handle.collection.upsert(
                ids=[row["id"] for row in rows],
                embeddings=self._encoder.encode([row["embedded"] for row in rows]),
                metadatas=[row["metadata"] for row in rows],
            )
        for rows in _batches(moved, handle.most):
            handle.collection.update(
                ids=[row["id"] for row in rows], metadatas=[row["metadata"] for row in rows]
            )

    def _rows(self, change: Change) -> Iterator[dict[str, Any]]:
        if not change.paper:
            return
        for number, passage in enumerate(change.of(self.part)):
            embedded = embedded_text(change.paper, passage)
            yield {
                "id": f"{change.paper_id}{_MARK}{number}",
                "embedded": embedded,
                # An update in Chroma deletes a field that is None.
                "metadata": {
                    "paper_id": change.paper_id,
                    "fingerprint": fingerprint([embedded]),
                    "year": change.paper.year,
                },
            }


def _open(folder: Path, encoder: Encoder, server: ChromaServer | None) -> Place:
    """Loads Chroma, which takes a second."""
    if server:
        from rag.library.server_collection import ServerCollection

        return ServerCollection(server, folder, encoder)
    from rag.library.chroma import ChromaFolder

    return ChromaFolder(folder, encoder)


def _intact(page: Any) -> Iterator[tuple[str, int, Mapping[str, Any]]]:
    """Paper id, number and metadata of a page's passages whose vectors have unit length."""
    if not page["ids"]:  # papers were removed while the pages were read
        return
    lengths = np.linalg.norm(np.asarray(page["embeddings"], dtype=np.float32), axis=1)
    for id_, length, metadata in zip(page["ids"], lengths, page["metadatas"], strict=True):
        if abs(length - 1) < _TOLERANCE:
            yield *_parts(id_), metadata


def _digest(number: int, metadata: Mapping[str, Any]) -> int:
    """Identifies a passage and its number. Digests are added up, as Chroma keeps no order."""
    values = (number, *(metadata.get(name) for name in ("paper_id", "fingerprint", "year")))
    return int(fingerprint([repr(values)]), 16)


def _in_hex(digests: int) -> str:
    return f"{digests % _DIGESTS:032x}"


def _parts(id_: str) -> tuple[str, int]:
    """The paper's id and the passage's number."""
    paper_id, number = id_.rsplit(_MARK, 1)
    return paper_id, int(number)


def _where(filters: Filters) -> Any:
    """The filters as Chroma's condition; None if there are none."""
    ends = [("$gte", filters.from_year), ("$lte", filters.to_year)]
    conditions: list[Any] = [{"year": {operator: year}} for operator, year in ends if year is not None]
    if filters.papers is not None:
        conditions.append(_of_papers(filters.papers))
    if len(conditions) > 1:
        return {"$and": conditions}
    return conditions[0] if conditions else None


def _of_papers(paper_ids: Sequence[str]) -> Any:
    return {"paper_id": {"$in": list(paper_ids)}}


def _batches(rows: list[dict[str, Any]], size: int) -> Iterator[list[dict[str, Any]]]:
    for start in range(0, len(rows), size):
        yield rows[start : start + size]

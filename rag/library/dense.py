"""The dense index: the vectors of all passages in Chroma, compared by cosine."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from rag.embedding.base import Encoder, Vectors
from rag.library.catalog import Change
from rag.library.chroma import ChromaFolder
from rag.library.chroma_server import ChromaServer, ServerCollection
from rag.library.collection import Handle, Place
from rag.library.embedded import embedded_text, fingerprint
from rag.library.progress import Track, untracked
from rag.types import Filters, Paper

_MARK = "#"  # between a paper's id and the number of its passage
_PAGE = 500  # passages that are read at a time with their vectors
_UNIT = 0.01  # how far from 1 the length of a vector may be
_TRACES = 2**128


class DenseIndex:
    """Passages with their vectors; the checkpoint is in the collection's metadata.

    Their texts are the catalog's: Chroma would index every three letters of them, for a search that
    is not ours, in twice the time that the vectors take.

    One process writes at a time (the library sees to that); readers notice and follow. Safe to
    use from several threads.
    """

    name = "dense"
    batch = 64  # papers that are applied at a time

    def __init__(self, folder: Path, encoder: Encoder, server: ChromaServer | None = None) -> None:
        """The index in a folder; or on a server, where the folder's place says which collection it is."""
        self._place: Place = (
            ServerCollection(server, folder, encoder) if server else ChromaFolder(folder, encoder)
        )
        self._encoder = encoder

    def checkpoint(self) -> int:
        """The last change that this index has applied. Raises WrongEncoderError, DamagedError,
        IndexServerError."""
        return self._place.read(lambda handle: handle.stored_checkpoint(), 0)

    def count(self) -> int:
        """Number of passages."""
        return self._place.read(lambda handle: handle.collection.count(), 0)

    def apply(self, changes: Sequence[Change], checkpoint: int) -> None:
        """Bring the passages of changed papers up to date, then move the checkpoint.

        A passage whose text is the same keeps its vector. Applying a change twice does no harm.
        """
        with self._place.writing() as handle:
            self._replace(handle, changes)
            handle.move_checkpoint(checkpoint)

    def search(self, vector: Vectors, most: int, filters: Filters) -> list[tuple[str, int, float]]:
        """The `most` nearest passages, best first: paper id, number, cosine to a vector (dimension,).

        Of the filters, years and ids are known here. Metadata is not asked for: reading it takes
        four times as long as the search.
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

        found = self._place.read(query, nothing)
        return [
            (*_parts(id_), 1.0 - distance)
            for id_, distance in zip(found["ids"][0], found["distances"][0], strict=True)
        ]

    def held(self, track: Track = untracked) -> dict[str, str]:
        """By paper, the digest of its passages as they are here, each with a vector of unit length.

        `wanted` gives what it ought to be; a paper without any passage is absent. Raises DamagedError
        where vectors cannot be read: queries go on without them.
        """

        def hold(handle: Handle) -> dict[str, str]:
            sums: dict[str, int] = {}
            pages = _pages(handle, min(_PAGE, handle.most), ["metadatas", "embeddings"])
            whole = (list(_whole(page)) for page in pages)
            for passages in track(whole, "reading the dense index", handle.collection.count()):
                for paper_id, number, metadata in passages:
                    sums[paper_id] = (sums.get(paper_id, 0) + _trace(number, metadata)) % _TRACES
            return {paper_id: _spelled(total) for paper_id, total in sums.items()}

        return self._place.read(hold, {})

    def wanted(self, change: Change) -> str | None:
        """What `held` says of a paper whose last change has been applied; None without passages."""
        rows = list(_rows(change))
        traces = [_trace(number, row["metadata"]) for number, row in enumerate(rows)]
        return _spelled(sum(traces) % _TRACES) if rows else None

    def catch_up(self) -> None:
        """See what other processes have written, now rather than soon."""
        self._place.catch_up()

    def reset(self) -> None:
        """Delete the index; the next changes build it anew."""
        self._place.delete()

    def close(self) -> None:
        self._place.close()

    def _replace(self, handle: Handle, changes: Sequence[Change]) -> None:
        held = handle.collection.get(
            where=_of_papers([change.paper_id for change in changes]),
            include=["metadatas"],
        )
        known = dict(zip(held["ids"], held["metadatas"] or [], strict=True))
        wanted = {row["id"]: row for change in changes for row in _rows(change)}
        if gone := [id_ for id_ in known if id_ not in wanted]:
            handle.collection.delete(ids=gone)
        new = [
            row
            for id_, row in wanted.items()
            if id_ not in known or known[id_]["fingerprint"] != row["metadata"]["fingerprint"]
        ]
        fresh = {row["id"] for row in new}
        moved = [
            row for id_, row in wanted.items() if id_ not in fresh and _differs(known[id_], row["metadata"])
        ]
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


def _rows(change: Change) -> Iterator[dict[str, Any]]:
    if not change.paper:
        return
    for number, passage in enumerate(change.passages):
        embedded = embedded_text(change.paper, passage)
        yield {
            "id": f"{change.paper_id}{_MARK}{number}",
            "embedded": embedded,
            "metadata": _metadata(change.paper, embedded),
        }


def _metadata(paper: Paper, embedded: str) -> dict[str, str | int | None]:
    """What Chroma keeps of a passage; it drops a field that is None, and keeps one that is absent."""
    return {"paper_id": paper.paper_id, "fingerprint": fingerprint([embedded]), "year": paper.year}


def _differs(held: Any, wanted: Mapping[str, str | int | None]) -> bool:
    return any(held.get(name) != value for name, value in wanted.items())


def _pages(handle: Handle, size: int, include: Any) -> Iterator[Any]:
    """All passages, so many at a time."""
    for start in range(0, handle.collection.count(), size):
        yield handle.collection.get(limit=size, offset=start, include=include)


def _whole(page: Any) -> Iterator[tuple[str, int, Mapping[str, Any]]]:
    """Of passages as Chroma gives them, those with a vector: paper id, number, metadata."""
    if not page["ids"]:  # papers went while the pages were read
        return
    lengths = np.linalg.norm(np.asarray(page["embeddings"], dtype=np.float32), axis=1)
    for id_, length, metadata in zip(page["ids"], lengths, page["metadatas"], strict=True):
        if abs(length - 1) < _UNIT:
            yield *_parts(id_), metadata


def _trace(number: int, metadata: Mapping[str, Any]) -> int:
    """Tells a passage in its place from others. Traces are added: Chroma gives passages in any order."""
    told = (number, *(metadata.get(name) for name in ("paper_id", "fingerprint", "year")))
    return int(fingerprint([repr(told)]), 16)


def _spelled(traces: int) -> str:
    return f"{traces:032x}"


def _parts(id_: str) -> tuple[str, int]:
    """The paper's id and the passage's number."""
    paper_id, number = id_.rsplit(_MARK, 1)
    return paper_id, int(number)


def _where(filters: Filters) -> Any:
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

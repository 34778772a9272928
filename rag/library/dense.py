"""The dense index: the vectors of all passages in Chroma, compared by cosine."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from rag.embedding.base import Encoder, Vectors
from rag.library.catalog import Change
from rag.library.chroma import ChromaFolder, Handle
from rag.library.embedded import embedded_text, fingerprint
from rag.types import Filters, Paper

_MARK = "#"  # between a paper's id and the number of its passage


class DenseIndex:
    """Passages with their vectors; the checkpoint is in the collection's metadata.

    Their texts are the catalog's: Chroma would index every three letters of them, for a search that
    is not ours, in twice the time that the vectors take.

    One process writes at a time (the library sees to that); readers notice and follow. Safe to
    use from several threads.
    """

    name = "dense"
    batch = 64  # papers that are applied at a time

    def __init__(self, folder: Path, encoder: Encoder) -> None:
        self._chroma = ChromaFolder(folder, encoder)
        self._encoder = encoder

    def checkpoint(self) -> int:
        """The last change that this index has applied. Raises WrongEncoderError, DamagedError."""
        if not self._chroma.exists:
            return 0
        return self._chroma.read(Handle.applied_on_disk)

    def count(self) -> int:
        """Number of passages."""
        if not self._chroma.exists:
            return 0
        with self._chroma.lease() as handle:
            return handle.collection.count()

    def apply(self, changes: Sequence[Change], checkpoint: int) -> None:
        """Bring the passages of changed papers up to date, then move the checkpoint.

        A passage whose text is the same keeps its vector. Applying a change twice does no harm.
        """
        self._chroma.catch_up()
        with self._chroma.lease() as handle:
            self._replace(handle, changes)
            handle.move_checkpoint(checkpoint)

    def search(self, vector: Vectors, most: int, filters: Filters) -> list[tuple[str, int, float]]:
        """The `most` nearest passages, best first: paper id, number, cosine to a vector (dimension,).

        Of the filters, years and ids are known here. Metadata is not asked for: reading it takes
        four times as long as the search.
        """
        if filters.papers == () or not self._chroma.exists:
            return []

        def query(handle: Handle) -> Any:
            self._chroma.refresh(handle)
            if not handle.applied:  # a client that has queried an empty collection fails ever after
                return {"ids": [[]], "distances": [[]]}
            return handle.collection.query(
                query_embeddings=vector[None, :],
                n_results=most,
                where=_where(filters),
                include=["distances"],
            )

        found = self._chroma.read(query)
        return [
            (*_parts(id_), 1.0 - distance)
            for id_, distance in zip(found["ids"][0], found["distances"][0], strict=True)
        ]

    def counts(self) -> dict[str, int]:
        """Number of passages of every paper that has any."""
        counts: dict[str, int] = {}
        if not self._chroma.exists:
            return counts
        with self._chroma.lease() as handle:
            page = handle.client.get_max_batch_size()
            for start in range(0, handle.collection.count(), page):
                rows = handle.collection.get(limit=page, offset=start, include=["metadatas"])
                for metadata in rows["metadatas"] or []:
                    paper_id = str(metadata["paper_id"])
                    counts[paper_id] = counts.get(paper_id, 0) + 1
        return counts

    def reset(self) -> None:
        """Delete the index; the next changes build it anew."""
        self._chroma.delete()

    def close(self) -> None:
        self._chroma.close()

    def _replace(self, handle: Handle, changes: Sequence[Change]) -> None:
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
            row for id_, row in wanted.items() if id_ not in fresh and _differs(known[id_], row["metadata"])
        ]
        for rows in _batches(new, handle.client.get_max_batch_size()):
            handle.collection.upsert(
                ids=[row["id"] for row in rows],
                embeddings=self._encoder.encode([row["embedded"] for row in rows]),
                metadatas=[row["metadata"] for row in rows],
            )
        for rows in _batches(moved, handle.client.get_max_batch_size()):
            handle.collection.update(
                ids=[row["id"] for row in rows], metadatas=[row["metadata"] for row in rows]
            )

    def _rows(self, change: Change) -> Iterator[dict[str, Any]]:
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

"""The state of a library, read without writing, upgrading or creating anything."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

import sqlalchemy as sa

from rag.library import probing
from rag.library.catalog_tables import FORMAT, changes, files, kind, papers
from rag.library.faults import MEND_CATALOG, newer, store_errors, unusable, wrong_encoder
from rag.library.sql import execute

_COUNTS = sa.select(sa.func.count(), sa.func.coalesce(sa.func.sum(papers.c.passage_count), 0))
_SEQUENCES = sa.select(changes.c.sequence).order_by(changes.c.sequence)
_HOLDS_BODIES = sa.select(sa.literal(1)).select_from(files).limit(1)
_FIRST_WITH_FILES = 4  # the format of the catalog
_VECTOR_FILES = ("header.bin", "data_level0.bin", "length.bin", "link_lists.bin")
_LABELS = "index_metadata.pickle"  # comes with the first thousand, which are in a queue until then


@dataclass(frozen=True)
class Glance:
    """The state of a catalog; `format` is below the current one if an older program wrote it."""

    format: int
    papers: int
    passages: int
    holds_digests: bool
    sequences: tuple[int, ...]  # of the last changes of papers, growing
    holds_bodies: bool = False

    @property
    def is_older(self) -> bool:
        return self.format < FORMAT

    def behind(self, checkpoint: int) -> int:
        """The number of changes that an index with this checkpoint has still to apply."""
        last = self.sequences[-1] if self.sequences else 0
        known = checkpoint if checkpoint <= last else 0
        return sum(sequence > known for sequence in self.sequences)


def glance(catalog: Path) -> Glance:
    """Read a catalog's file. Raises DamagedError if it cannot be read or is from a newer program."""
    try:
        with _opened(catalog) as connection:
            (version,) = connection.execute("PRAGMA user_version").fetchone()
            if version > FORMAT:
                raise newer(catalog, version, FORMAT)
            return _read(connection, version)
    except (sqlite3.Error, OSError) as error:
        raise unusable(f"the catalog {catalog}", catalog.parent, error, MEND_CATALOG) from error


def glance_at_dense(folder: Path, encoder: str) -> int:
    """The checkpoint of a dense index in a folder, 0 if there is none; `encoder` is the one in use.

    Chroma writes to its file whenever it opens it, so the file is read without Chroma; if a process was
    killed with the folder open, another process tries it first. Raises WrongEncoderError, DamagedError.
    """
    if not folder.exists():
        return 0
    probing.check(folder)
    with (
        store_errors("dense", folder, sqlite3.Error, OSError),
        _opened(folder / "chroma.sqlite3") as connection,
    ):
        _check_files(folder, connection)
        rows = connection.execute("SELECT key, coalesce(str_value, int_value) FROM collection_metadata")
        metadata = dict(rows.fetchall())
    if metadata.get("encoder") != encoder:
        raise wrong_encoder(folder, metadata.get("encoder"), encoder)
    return int(metadata.get("applied", 0))


def _check_files(folder: Path, connection: sqlite3.Connection) -> None:
    """Raises FileNotFoundError for a vector file that should be there."""
    counts = "SELECT (SELECT count(*) FROM embeddings) > (SELECT count(*) FROM embeddings_queue)"
    ((is_past_the_queue,),) = connection.execute(counts)
    for segment in filter(Path.is_dir, folder.iterdir()):
        present = {file.name for file in segment.iterdir()}
        for name in (*_VECTOR_FILES, *([_LABELS] if is_past_the_queue else [])):
            if present and name not in present:
                raise FileNotFoundError(f"{name} is missing")


def _read(connection: sqlite3.Connection, version: int) -> Glance:
    if not version:  # created, and not filled yet
        return Glance(FORMAT, 0, 0, False, ())
    count, passages = execute(connection, _COUNTS).fetchone()
    kinds = execute(connection, sa.select(kind.c.is_digest)).fetchall()
    sequences = tuple(row[0] for row in execute(connection, _SEQUENCES))
    bodies = execute(connection, _HOLDS_BODIES).fetchall() if version >= _FIRST_WITH_FILES else []
    holds_digests = any(is_digest for (is_digest,) in kinds)
    return Glance(version, count, passages, holds_digests, sequences, bool(bodies))


@contextmanager
def _opened(path: Path) -> Iterator[sqlite3.Connection]:
    """A connection that changes nothing. A file without a log beside it is complete by itself; to read one
    with a log, SQLite needs the other files."""
    is_alone = not any(path.with_name(path.name + log).exists() for log in ("-wal", "-journal"))
    address = f"{path.absolute().as_uri()}?{'immutable=1' if is_alone else 'mode=ro'}"
    with closing(sqlite3.connect(address, uri=True, timeout=1)) as connection:
        yield connection

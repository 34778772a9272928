"""A library as it stands, read without writing, upgrading or making anything."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

import sqlalchemy as sa

from rag.library import probing
from rag.library.catalog_tables import FORMAT, changes, kind, papers
from rag.library.faults import MEND_CATALOG, newer, store_errors, unusable, wrong_encoder
from rag.library.sql import execute

_COUNTS = sa.select(sa.func.count(), sa.func.coalesce(sa.func.sum(papers.c.passage_count), 0))
_SEQUENCES = sa.select(changes.c.sequence).order_by(changes.c.sequence)
_VECTOR_FILES = ("header.bin", "data_level0.bin", "length.bin", "link_lists.bin")
_LABELS = "index_metadata.pickle"  # comes with the first thousand, which are in a queue until then


@dataclass(frozen=True)
class Glance:
    """What was seen of a catalog; `format` is below the current one where an older program wrote it."""

    format: int
    papers: int
    passages: int
    holds_digests: bool
    sequences: tuple[int, ...]  # of the last changes of papers, growing

    @property
    def is_older(self) -> bool:
        return self.format < FORMAT

    def behind(self, checkpoint: int) -> int:
        """Changes that an index with this checkpoint has still to apply."""
        last = self.sequences[-1] if self.sequences else 0
        known = checkpoint if checkpoint <= last else 0
        return sum(sequence > known for sequence in self.sequences)


def glance(catalog: Path) -> Glance:
    """Read the file of a catalog. Raises DamagedError: it cannot be read, or is from a newer program."""
    try:
        with _opened(catalog) as connection:
            (version,) = connection.execute("PRAGMA user_version").fetchone()
            if version > FORMAT:
                raise newer(catalog, version, FORMAT)
            return _seen(connection, version)
    except (sqlite3.Error, OSError) as error:
        raise unusable(f"the catalog {catalog}", catalog.parent, error, MEND_CATALOG) from error


def glance_at_dense(folder: Path, encoder: str) -> int:
    """The checkpoint of a dense index in a folder, 0 where there is none; `encoder` is the one in use.

    Chroma writes to its file whenever it opens it, so the file is read past it; where a process has ended
    in the folder, another one tries it. Raises WrongEncoderError, DamagedError.
    """
    file = folder / "chroma.sqlite3"
    if not folder.exists():
        return 0
    probing.check(folder)
    with store_errors("dense", folder, sqlite3.Error, OSError), _opened(file) as connection:
        _check_files(folder, connection)
        rows = connection.execute("SELECT key, coalesce(str_value, int_value) FROM collection_metadata")
        told = dict(rows.fetchall())
    if told.get("encoder") != encoder:
        raise wrong_encoder(folder, told.get("encoder"), encoder)
    return int(told.get("applied", 0))


def _check_files(folder: Path, connection: sqlite3.Connection) -> None:
    """Raises FileNotFoundError, which names a file of vectors that should be there."""
    counts = "SELECT (SELECT count(*) FROM embeddings) > (SELECT count(*) FROM embeddings_queue)"
    ((is_past_the_queue,),) = connection.execute(counts)
    for segment in (each for each in folder.iterdir() if each.is_dir()):
        held = {each.name for each in segment.iterdir()}
        for name in (*_VECTOR_FILES, *([_LABELS] if is_past_the_queue else [])):
            if held and name not in held:
                raise FileNotFoundError(f"{name} is missing")


def _seen(connection: sqlite3.Connection, version: int) -> Glance:
    if not version:  # made, and not filled yet
        return Glance(FORMAT, 0, 0, False, ())
    count, passages = execute(connection, _COUNTS).fetchone()
    kinds = execute(connection, sa.select(kind.c.is_digest)).fetchall()
    sequences = tuple(row[0] for row in execute(connection, _SEQUENCES))
    return Glance(version, count, passages, any(is_digest for (is_digest,) in kinds), sequences)


@contextmanager
def _opened(path: Path) -> Iterator[sqlite3.Connection]:
    """A connection that changes nothing. Without a log beside it the file is whole by itself; to read
    one with a log SQLite needs the files that are there."""
    is_alone = not any(path.with_name(path.name + log).exists() for log in ("-wal", "-journal"))
    address = f"{path.absolute().as_uri()}?{'immutable=1' if is_alone else 'mode=ro'}"
    with closing(sqlite3.connect(address, uri=True, timeout=1)) as connection:
        yield connection

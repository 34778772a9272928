"""Vectors that were paid for once: kept by encoder and by the hash of the text, in one SQLite file.

It is a cache, so no trouble with it breaks an answer: a file that is damaged is made anew, one that
cannot be read or written is done without. The worst case is that texts are encoded again.
"""

import hashlib
import sqlite3
from collections.abc import Callable, Iterable, Mapping
from contextlib import closing, suppress
from pathlib import Path
from typing import TypeVar

import numpy as np
from filelock import FileLock
from numpy.typing import NDArray

T = TypeVar("T")
Vector = NDArray[np.float32]

_SCHEMA = """
CREATE TABLE IF NOT EXISTS encoders (name TEXT PRIMARY KEY, dimension INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS vectors (
    encoder TEXT NOT NULL, text BLOB NOT NULL, vector BLOB NOT NULL, PRIMARY KEY (encoder, text)
);
"""
_PATIENCE = 30  # seconds, for another process that writes
_UNEVEN = 1e-3  # how far the length of a vector may be from 1
_STORED, _BYTES = "<f4", 4  # float32, the same on every machine


class VectorCache:
    """Vectors of unit length by encoder and text; the texts themselves are not kept.

    Safe to use from several threads and processes: each call opens the file (1 ms) and closes it.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    def dimension(self, encoder: str) -> int | None:
        """The length of this encoder's vectors, None where none is known."""
        return self._try(lambda connection: _dimension(connection, encoder), None)

    def get(self, encoder: str, texts: Iterable[str]) -> dict[str, Vector]:
        """The vectors that are known, by text; one that is no unit vector is left out."""

        def read(connection: sqlite3.Connection) -> dict[str, Vector]:
            size = _BYTES * (_dimension(connection, encoder) or 0)
            blobs = {text: _blob(connection, encoder, text) for text in texts}
            found = {text: _vector(blob) for text, blob in blobs.items() if blob and len(blob) == size}
            return {text: vector for text, vector in found.items() if _is_unit(vector)}

        return self._try(read, {})

    def put(self, encoder: str, vectors: Mapping[str, Vector]) -> None:
        """Keep the vectors of these texts, all of one length."""
        sizes = {(encoder, len(vector)) for vector in vectors.values()}
        rows = [
            (encoder, _hash(text), vector.astype(_STORED).tobytes()) for text, vector in vectors.items()
        ]

        def write(connection: sqlite3.Connection) -> None:
            with connection:
                connection.executemany("INSERT OR IGNORE INTO encoders VALUES (?, ?)", sizes)
                connection.executemany("INSERT OR REPLACE INTO vectors VALUES (?, ?, ?)", rows)

        self._try(write, None)

    def _try(self, work: Callable[[sqlite3.Connection], T], otherwise: T) -> T:
        """What the work gives, on a file made anew where it is damaged; `otherwise` where it fails."""
        with suppress(sqlite3.DatabaseError, OSError):  # busy, full, read-only, or no file at all
            try:
                return self._work(work)
            except sqlite3.OperationalError:
                raise
            except sqlite3.DatabaseError:
                self._rebuild()
                return self._work(work)
        return otherwise

    def _work(self, work: Callable[[sqlite3.Connection], T]) -> T:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with closing(sqlite3.connect(self.path, timeout=_PATIENCE)) as connection:
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = NORMAL")
            connection.executescript(_SCHEMA)
            return work(connection)

    def _rebuild(self) -> None:
        """Remove a damaged file, unless another process has just done so."""
        with FileLock(f"{self.path}.lock"):
            try:
                if self._work(_check) == "ok":
                    return
            except sqlite3.OperationalError:
                raise
            except sqlite3.DatabaseError:
                pass
            for suffix in ("-wal", "-shm", ""):
                self.path.with_name(self.path.name + suffix).unlink(missing_ok=True)


def _check(connection: sqlite3.Connection) -> str:
    return str(connection.execute("PRAGMA quick_check").fetchone()[0])


def _dimension(connection: sqlite3.Connection, encoder: str) -> int | None:
    row = connection.execute("SELECT dimension FROM encoders WHERE name = ?", (encoder,)).fetchone()
    return row[0] if row else None


def _blob(connection: sqlite3.Connection, encoder: str, text: str) -> bytes | None:
    row = connection.execute(
        "SELECT vector FROM vectors WHERE encoder = ? AND text = ?", (encoder, _hash(text))
    ).fetchone()
    return row[0] if row else None


def _vector(blob: bytes) -> Vector:
    return np.frombuffer(blob, _STORED).astype(np.float32)


def _hash(text: str) -> bytes:
    return hashlib.sha256(text.encode()).digest()


def _is_unit(vector: Vector) -> bool:
    return bool(abs(np.linalg.norm(vector.astype(np.float64)) - 1) < _UNEVEN)

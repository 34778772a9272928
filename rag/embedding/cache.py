"""Vectors that have been paid for, in one SQLite file, by encoder and hash of the text."""

import hashlib
import sqlite3
from collections.abc import Iterable, Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from rag.cache_file import CacheFile

Vector = NDArray[np.float32]

_SCHEMA = """
CREATE TABLE IF NOT EXISTS encoders (name TEXT PRIMARY KEY, dimension INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS vectors (
    encoder TEXT NOT NULL, text BLOB NOT NULL, vector BLOB NOT NULL, PRIMARY KEY (encoder, text)
);
"""
_GET = "SELECT vector FROM vectors WHERE encoder = ? AND text = ?"
_TOLERANCE = 1e-3  # of a vector's length
_STORED, _BYTES = "<f4", 4  # float32, the same on every machine


class VectorCache:
    """Vectors of unit length by encoder and text; the texts themselves are not kept.

    Safe to use from several threads and processes. It never raises an error: at worst, texts are
    encoded again.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file = CacheFile(path, _SCHEMA)

    def dimension(self, encoder: str) -> int | None:
        """The length of an encoder's vectors, None if unknown."""
        return self._file.attempt(lambda connection: _dimension(connection, encoder), None)

    def get(self, encoder: str, texts: Iterable[str]) -> dict[str, Vector]:
        """The known vectors, by text; those without unit length are left out."""

        def read(connection: sqlite3.Connection) -> dict[str, Vector]:
            size = _BYTES * (_dimension(connection, encoder) or 0)
            vectors = {}
            for text in texts:
                row = connection.execute(_GET, (encoder, _hash(text))).fetchone()
                vector = np.frombuffer(row[0] if row and len(row[0]) == size else b"", _STORED)
                if abs(np.linalg.norm(vector.astype(np.float64)) - 1) < _TOLERANCE:
                    vectors[text] = vector.astype(np.float32)
            return vectors

        return self._file.attempt(read, {})

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

        self._file.attempt(write, None)


def _dimension(connection: sqlite3.Connection, encoder: str) -> int | None:
    row = connection.execute("SELECT dimension FROM encoders WHERE name = ?", (encoder,)).fetchone()
    return row[0] if row else None


def _hash(text: str) -> bytes:
    return hashlib.sha256(text.encode()).digest()

"""The file of the catalog: its tables in SQLite, transactions, and SQLite's errors as ours."""

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from rag.errors import DamagedError, LibraryError
from rag.library.faults import MEND_CATALOG, unusable
from rag.library.selecting import folded, has_words
from rag.private import make_file

FORMAT = 2  # raise it with every change of the tables
_SCHEMA = """
CREATE TABLE records (
    paper_id TEXT, source TEXT, mention INTEGER, record TEXT NOT NULL,
    PRIMARY KEY (paper_id, source, mention)
) WITHOUT ROWID;
CREATE TABLE papers (
    paper_id TEXT PRIMARY KEY, paper TEXT NOT NULL, year INTEGER,
    passages TEXT NOT NULL, passage_count INTEGER NOT NULL
) WITHOUT ROWID;
CREATE TABLE keys (key TEXT, paper_id TEXT, PRIMARY KEY (key, paper_id)) WITHOUT ROWID;
CREATE INDEX keys_of ON keys (paper_id);
CREATE TABLE changes (paper_id TEXT PRIMARY KEY, sequence INTEGER NOT NULL UNIQUE) WITHOUT ROWID;
CREATE TABLE kind (is_digest INTEGER NOT NULL);
"""
_UPGRADES = {  # from each older format to the next
    1: """
ALTER TABLE keys RENAME TO older;
CREATE TABLE keys (key TEXT, paper_id TEXT, PRIMARY KEY (key, paper_id)) WITHOUT ROWID;
CREATE INDEX keys_of ON keys (paper_id);
INSERT INTO keys SELECT key, paper_id FROM older;
DROP TABLE older;
"""
}


class CatalogFile:
    """An open file. Safe to use from several threads; several processes may read."""

    def __init__(self, path: Path) -> None:
        """Open the file, or make it. Raises DamagedError."""
        self.path = path
        self._lock = threading.RLock()
        make_file(path)
        with self._translated():
            self._connection = sqlite3.connect(
                path, timeout=30, isolation_level=None, check_same_thread=False
            )
        try:
            self.run("PRAGMA journal_mode = WAL")
            self.run("PRAGMA synchronous = FULL")
            for function in (folded, has_words):
                self._connection.create_function(function.__name__, -1, function, deterministic=True)
            self._prepare()
        except LibraryError:
            self.close()
            raise

    def close(self) -> None:
        self._connection.close()

    def rows(self, statement: str, *values: object) -> list[tuple]:  # type: ignore[type-arg]
        """All rows of a statement. Raises DamagedError, as all that follow."""
        with self._lock, self._translated():
            return self._connection.execute(statement, values).fetchall()

    def stream(self, statement: str) -> Iterator[tuple[Any, ...]]:
        """The rows of a statement one by one; nothing else is read or written meanwhile."""
        with self._lock, self._translated():
            yield from self._connection.execute(statement)

    def run(self, statement: str, *values: object) -> None:
        self.rows(statement, *values)

    def number(self, statement: str, *values: object) -> int:
        """The one number that a statement gives."""
        return int(self.rows(statement, *values)[0][0])

    @contextmanager
    def snapshot(self) -> Iterator[None]:
        """All that is read inside is as it was at one moment."""
        with self._lock, self._translated():
            self.run("BEGIN")
            try:
                yield
            finally:
                self.run("ROLLBACK")

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All that is done inside is written, or nothing of it."""
        with self._lock, self._translated():
            self.run("BEGIN IMMEDIATE")
            try:
                yield
            except BaseException:
                if self._connection.in_transaction:  # a full disk has ended it already
                    self.run("ROLLBACK")
                raise
            self.run("COMMIT")

    def _prepare(self) -> None:
        version = self.number("PRAGMA user_version")
        if version > FORMAT:
            raise DamagedError(
                f"{self.path} was written by a newer askpapers (format {version}, this one knows "
                f"{FORMAT}): upgrade with `pip install --upgrade askpapers`"
            )
        if version < FORMAT:
            with self.transaction():
                version = self.number("PRAGMA user_version")  # another process may have been first
                steps = [_SCHEMA] if version == 0 else [_UPGRADES[each] for each in range(version, FORMAT)]
                for statement in ";".join(steps).split(";"):
                    self.run(statement)
                self.run(f"PRAGMA user_version = {FORMAT}")

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.DatabaseError as error:
            raise unusable(f"the catalog {self.path}", self.path.parent, error, MEND_CATALOG) from error

"""A cache in one SQLite file that never raises an error.

A damaged file is replaced, an unreadable one ignored. At worst, its values are computed or paid for again.
"""

import sqlite3
import time
from collections.abc import Callable
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from filelock import FileLock

from rag.private import FILE, make_file, make_folder

T = TypeVar("T")

_PATIENCE = 30  # seconds to wait for other processes that write
_PAUSE = 0.02  # seconds


@dataclass(frozen=True)
class CacheFile:
    """Safe to use from several threads and processes: each call opens the file (1 ms) and closes it."""

    path: Path
    schema: str  # creates the tables that are missing

    def attempt(self, work: Callable[[sqlite3.Connection], T], otherwise: T) -> T:
        """The result of `work`, on a new file if this one is damaged; `otherwise` if that fails too.

        `work` may be called more than once.
        """
        with suppress(sqlite3.DatabaseError, OSError):  # busy, full, read-only, or no file at all
            try:
                return self._wait_for(work)
            except sqlite3.OperationalError:
                raise
            except sqlite3.DatabaseError:
                self._rebuild()
                return self._wait_for(work)
        return otherwise

    def _wait_for(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """The result of `work` once the file is free.

        SQLite's own timeout does not cover switching a new file to WAL: that fails at once while another
        process writes to it.
        """
        deadline = time.monotonic() + _PATIENCE
        while True:
            try:
                return self._work(work)
            except sqlite3.OperationalError as error:
                is_busy = error.sqlite_errorcode & 0xFF == sqlite3.SQLITE_BUSY  # the rest is the reason
                if not is_busy or time.monotonic() > deadline:
                    raise
            time.sleep(_PAUSE)

    def _work(self, work: Callable[[sqlite3.Connection], T]) -> T:
        make_folder(self.path.parent)
        make_file(self.path)
        with closing(sqlite3.connect(self.path, timeout=_PATIENCE)) as connection:
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = NORMAL")
            connection.executescript(self.schema)
            return work(connection)

    def _rebuild(self) -> None:
        """Remove a damaged file, unless another process has just done so."""
        with FileLock(f"{self.path}.lock", mode=FILE):
            try:
                if self._wait_for(lambda db: db.execute("PRAGMA quick_check").fetchone()[0] == "ok"):
                    return
            except sqlite3.OperationalError:
                raise
            except sqlite3.DatabaseError:
                pass
            for suffix in ("-wal", "-shm", ""):
                self.path.with_name(self.path.name + suffix).unlink(missing_ok=True)

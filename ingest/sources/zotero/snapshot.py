"""A copy of a database as it is at one moment, also while Zotero holds a lock on it."""

import shutil
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from rag.errors import SourceError

_LOGS = ("-wal", "-journal")
"""What SQLite keeps beside a database: a copy without them lacks the last changes, or has half of one."""
_TRIES, _PAUSE = 20, 0.25  # Zotero writes for moments only; seconds


@contextmanager
def snapshot(database: Path) -> Iterator[sqlite3.Connection]:
    """A connection to a copy, which is deleted afterwards. The database itself is only read, as files: a
    connection to it would wait for Zotero's lock, and write beside it. Raises SourceError.
    """
    with TemporaryDirectory(prefix="askpapers-") as folder:
        copy = Path(folder) / database.name
        try:
            _copy(database, copy)
        except OSError as error:
            raise SourceError(
                f"{database} cannot be copied to {folder} ({error.strerror}): check its permissions and "
                "the room on that disk"
            ) from error
        # Not read-only: SQLite brings the copy in order with what stood beside it.
        with closing(sqlite3.connect(copy)) as connection:
            connection.text_factory = lambda content: content.decode("utf-8", "replace")
            yield connection


def state_of(database: Path) -> str:
    """What changes whenever the database does: the sizes and times of its files."""
    states = [(path.name, path.stat()) for path in _files(database)]
    return " ".join(f"{name}:{state.st_size}:{state.st_mtime_ns}" for name, state in states)


def _copy(database: Path, copy: Path) -> None:
    """Copy the files of a database, again if they change meanwhile."""
    for _ in range(_TRIES):
        try:
            before = state_of(database)
            for path in _files(database):
                shutil.copyfile(path, copy.with_name(path.name))
            if state_of(database) == before:
                return
        except FileNotFoundError:  # a log that has gone meanwhile
            if not database.exists():
                raise
        for path in _files(copy):
            path.unlink(missing_ok=True)
        time.sleep(_PAUSE)
    raise SourceError(f"{database} changes all the time: run it again when Zotero has come to rest")


def _files(database: Path) -> list[Path]:
    """The database and its logs, as far as they are there."""
    logs = (database.with_name(database.name + log) for log in _LOGS)
    return [database, *(log for log in logs if log.exists())]

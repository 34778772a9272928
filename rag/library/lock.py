"""One process writes to a library at a time, and the others can say which."""

import json
import os
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path

from filelock import FileLock, Timeout

from rag.errors import LibraryBusyError, NotWritableError
from rag.private import FILE, atomic_write

_LONGEST = 40  # characters of a program's name


@dataclass(frozen=True)
class Holder:
    """Who is writing: a process, the machine it runs on, the program, and since when, in local time."""

    pid: int
    host: str
    program: str
    since: str

    def __str__(self) -> str:
        place = "" if self.host == socket.gethostname() else f" on {self.host}"
        return f"process {self.pid}{place} ({self.program}, since {self.since})"


class WriteLock:
    """A lock of the operating system on a file in the folder, which falls with the process.

    Beside it a file names the holder. Only the lock decides: what a process that was killed has left
    in that file is never believed. The same thread may hold it several times over.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock = FileLock(folder / "lock", mode=FILE)
        self._told = folder / "lock.holder"

    @contextmanager
    def held(self, patience: float = 0.0) -> Iterator[None]:
        """Hold the lock, after waiting for it `patience` seconds at most.

        Raises LibraryBusyError, which names who holds it, and NotWritableError.
        """
        is_outermost = not self._lock.is_locked
        try:
            self._lock.acquire(timeout=patience)
        except Timeout as error:
            raise LibraryBusyError(
                f"{self.holder() or 'another process'} is writing to the library in {self._folder}: "
                "run this again when it is done"
            ) from error
        except OSError as error:
            raise NotWritableError(
                f"the library in {self._folder} cannot be written ({error.strerror}): give yourself the "
                "right to write there, or name another with --library"
            ) from error
        try:
            if is_outermost:
                self._tell()
            yield
        finally:
            if is_outermost:
                with suppress(OSError):
                    self._told.unlink()
            self._lock.release()

    def holder(self) -> Holder | None:
        """Who said last that it holds the lock; None where nobody does, or it cannot be read."""
        with suppress(OSError, ValueError, TypeError):
            return Holder(**json.loads(self._told.read_text(encoding="utf-8")))
        return None

    def _tell(self) -> None:
        """Trouble with it is no error: it is for others to read, and the lock holds without it."""
        since = datetime.now().astimezone().strftime("%Y-%m-%d %H:%M:%S")
        holder = Holder(os.getpid(), socket.gethostname(), _program(), since)
        with suppress(OSError), atomic_write(self._told) as file:
            file.write(json.dumps(asdict(holder)).encode())


def _program() -> str:
    """The name of the program and of its command, without what else was typed."""
    name, *rest = sys.argv or [""]
    words = [Path(name).stem or "Python"]
    words += [word for word in rest[:1] if word.isalpha()]
    return " ".join(words)[:_LONGEST]

"""One process writes to a library at a time; the others can name it."""

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
    """Who is writing: process, machine, program, and the local time when it began."""

    pid: int
    host: str
    program: str
    since: str

    def __str__(self) -> str:
        place = "" if self.host == socket.gethostname() else f" on {self.host}"
        return f"process {self.pid}{place} ({self.program}, since {self.since})"


class WriteLock:
    """An operating system's lock on a file in the folder; it ends with the process.

    A second file names the holder, for messages only: a killed process may have left it behind. One thread
    may hold the lock several times.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock = FileLock(folder / "lock", mode=FILE)
        self._holder_file = folder / "lock.holder"

    @contextmanager
    def held(self, patience: float = 0.0) -> Iterator[None]:
        """Hold the lock, after waiting at most `patience` seconds.

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
                self._write_holder()
            yield
        finally:
            if is_outermost:
                with suppress(OSError):
                    self._holder_file.unlink()
            self._lock.release()

    def holder(self) -> Holder | None:
        """Who last wrote that it holds the lock; None if nobody has, or if it cannot be read."""
        with suppress(OSError, ValueError, TypeError):
            return Holder(**json.loads(self._holder_file.read_text(encoding="utf-8")))
        return None

    def _write_holder(self) -> None:
        """Failing is no error: the lock holds without it."""
        since = datetime.now().astimezone().strftime("%Y-%m-%d %H:%M:%S")
        holder = Holder(os.getpid(), socket.gethostname(), _program(), since)
        with suppress(OSError), atomic_write(self._holder_file) as file:
            file.write(json.dumps(asdict(holder)).encode())


def _program() -> str:
    """The name of the program and of its command, without other arguments."""
    name, *arguments = sys.argv or [""]
    command = [word for word in arguments[:1] if word.isalpha()]
    return " ".join([Path(name).stem or "Python", *command])[:_LONGEST]

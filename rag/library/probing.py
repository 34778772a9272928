"""Whether a Chroma folder can be opened without killing the program.

Chroma does not check its vector files, and damage in them can kill the whole process. So each process with
an open folder holds a lock on a file beside it, and deletes the file when it closes the folder. A file
without a lock was left by a process that was killed, perhaps by damage; then the folder is first tried in a
separate process.
"""

import atexit
import os
import subprocess
import sys
import threading
import uuid
from contextlib import suppress
from pathlib import Path

from filelock import FileLock, Timeout

from rag.errors import DamagedError
from rag.library.faults import cure
from rag.private import FILE, FOLDER

_guard = threading.Lock()
_held: dict[Path, tuple[FileLock, int]] = {}
"""By folder, this process's lock and how many times it has the folder open."""


def enter(folder: Path) -> None:
    """Note that this process opens a folder, after `check`. Raises DamagedError."""
    with _guard:
        if folder in _held:
            lock, times = _held[folder]
            _held[folder] = lock, times + 1
            return
        for path in check(folder):
            path.unlink(missing_ok=True)
        with suppress(OSError):  # whoever writes to the folder reports that it cannot be written
            place = _place(folder)
            place.mkdir(FOLDER, exist_ok=True)
            lock = FileLock(place / uuid.uuid4().hex, mode=FILE)
            lock.acquire(timeout=0)
            _held[folder] = lock, 1


def check(folder: Path) -> list[Path]:
    """The files that killed processes have left beside a folder; if there are any, try the folder first.

    Raises DamagedError if trying it kills a process.
    """
    left = _left(folder)
    if left and not _survives(folder):
        raise DamagedError(
            f"the dense index in {folder} cannot be used (its files end any program that reads them): "
            f"run {cure(folder)}"
        )
    return left


def leave(folder: Path) -> None:
    """Note that this process has closed a folder that it had opened."""
    with _guard:
        if folder not in _held:
            return
        lock, times = _held[folder]
        if times > 1:
            _held[folder] = lock, times - 1
            return
        del _held[folder]
        _drop(lock)


def forget(folder: Path) -> None:
    """Remove the files of a deleted folder, except those of processes that have it open."""
    for path in _left(folder):
        path.unlink(missing_ok=True)


def _left(folder: Path) -> list[Path]:
    """The files of processes that have ended."""
    files = []
    with suppress(OSError):
        for path in _place(folder).iterdir():
            lock = FileLock(path)
            with suppress(Timeout):
                lock.acquire(timeout=0)
                lock.release()
                files.append(path)
    return files


def _survives(folder: Path) -> bool:
    """Whether a process that searches the folder is not killed; it may raise an error."""
    command = [sys.executable, "-m", "rag.library.probe", str(folder)]
    path = os.pathsep.join(sys.path)
    done = subprocess.run(command, env=os.environ | {"PYTHONPATH": path}, capture_output=True, check=False)
    return done.returncode >= 0


def _place(folder: Path) -> Path:
    return folder.with_name(f"{folder.name}.open")


def _drop(lock: FileLock) -> None:
    with suppress(OSError):
        lock.release()
        Path(lock.lock_file).unlink(missing_ok=True)
        Path(lock.lock_file).parent.rmdir()  # unless others have the folder open


@atexit.register
def _drop_all() -> None:
    """Leave no file when the program ends normally."""
    for lock, _ in _held.values():
        _drop(lock)
    _held.clear()

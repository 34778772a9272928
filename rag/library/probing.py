"""Whether a folder of Chroma's can be opened without the program's end.

Chroma reads its vector files as they are: damage in them can end the whole process, and nothing can be
caught. So each process that has a folder open holds a lock on a file beside it, which is deleted when the
folder is closed. Where such a file is left and nobody holds it, a process ended there that closed nothing
(killed, perhaps, or ended by damage); then the folder is first tried in a process of its own.
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

_QUERIES, _FOUND = 30, 100
_guard = threading.Lock()
_held: dict[Path, tuple[FileLock, int]] = {}
"""By folder the lock of this process, and how often it has the folder open."""


def enter(folder: Path) -> None:
    """Note that this process opens a folder, after trying it where another one has ended in it.

    Raises DamagedError where trying it ends a process.
    """
    with _guard:
        if folder in _held:
            lock, times = _held[folder]
            _held[folder] = lock, times + 1
            return
        for path in check(folder):
            path.unlink(missing_ok=True)
        with suppress(OSError):  # a folder that cannot be written is told of by who writes to it
            place = _place(folder)
            place.mkdir(FOLDER, exist_ok=True)
            lock = FileLock(place / uuid.uuid4().hex, mode=FILE)
            lock.acquire(timeout=0)
            _held[folder] = lock, 1


def check(folder: Path) -> list[Path]:
    """The files that ended processes have left beside a folder, which has been tried then.

    Raises DamagedError where trying it ends a process.
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
    """Take back what was noted of a folder that is deleted; who has it open still holds a lock."""
    for path in _left(folder):
        path.unlink(missing_ok=True)


def _left(folder: Path) -> list[Path]:
    """The files of processes that are no more."""
    found = []
    with suppress(OSError):
        for path in _place(folder).iterdir():
            lock = FileLock(path)
            with suppress(Timeout):
                lock.acquire(timeout=0)
                lock.release()
                found.append(path)
    return found


def _survives(folder: Path) -> bool:
    """Whether a process that searches the folder ends by itself, whatever it says of it."""
    command = [sys.executable, "-m", "rag.library.probing", str(folder)]
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
    """A program that ends by itself has closed what it had open."""
    for lock, _ in _held.values():
        _drop(lock)
    _held.clear()


def _probe(folder: str) -> None:
    """Search a folder here and there."""
    import numpy as np

    from rag.library.chroma import COLLECTION, connect

    client = connect(Path(folder))
    collection = client.get_collection(COLLECTION, embedding_function=None)
    dimension = int((collection.metadata or {})["dimension"])
    vectors = np.random.default_rng(0).standard_normal((_QUERIES, dimension)).astype(np.float32)
    collection.query(query_embeddings=vectors, n_results=_FOUND, include=["distances"])
    client.close()


if __name__ == "__main__":
    _probe(sys.argv[1])

"""Makes folders and files that only this user can read, modes 0700 and 0600, whatever the umask.

Existing files keep their modes, except the user data folder, which older versions left open to others. On
Windows, modes mean nothing, and a user's profile is private anyway.
"""

import os
import secrets
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext, suppress
from pathlib import Path
from typing import BinaryIO

from rag.settings import data_folder

FOLDER, FILE = 0o700, 0o600
_OTHERS = 0o077
_NEW_FILE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
_umasks: list[int] = []  # the user's umask while `private_umask` replaces it


def make_folder(folder: Path) -> None:
    """Make a folder and its missing parents. Raises OSError."""
    for path in (*reversed(folder.parents), folder):
        if not path.is_dir():
            path.mkdir(FOLDER, exist_ok=True)
    close_data_folder(folder)


def make_file(path: Path) -> None:
    """Make an empty file unless one exists. SQLite, which fills it, gives its log the same mode.

    Errors are left to the code that fills the file. It is made under another name and then linked, because
    a process that closes a file which it also has open in SQLite loses SQLite's locks.
    """
    if path.exists():
        return
    with suppress(OSError):
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        os.close(handle)
        try:
            os.link(name, path)
        finally:
            Path(name).unlink()


@contextmanager
def atomic_write(path: Path, mode: int | None = FILE) -> Iterator[BinaryIO]:
    """A new file that replaces `path` at the end. If anything fails, `path` stays as it was.

    `mode` None means the mode of the user's umask. Raises OSError.
    """
    part = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        with users_umask() if mode is None else nullcontext():
            handle = os.open(part, _NEW_FILE, 0o666 if mode is None else FILE)
        with open(handle, "wb") as file:  # noqa: PTH123
            if mode not in (None, FILE):
                with suppress(OSError):  # some file systems have no modes
                    part.chmod(mode)
            yield file
            file.flush()
            os.fsync(file.fileno())  # so that a power cut leaves the old file or the new one
        part.replace(path)
    except BaseException:
        with suppress(OSError):
            part.unlink()
        raise


def close_data_folder(place: Path) -> None:
    """Close the user data folder to others if `place` is inside and this user owns it."""
    folder = data_folder()
    if not hasattr(os, "geteuid") or not place.is_relative_to(folder):
        return
    with suppress(OSError):  # it does not exist yet, or its file system has no modes
        status = folder.stat()
        if status.st_uid == os.geteuid() and status.st_mode & _OTHERS:
            folder.chmod(stat.S_IMODE(status.st_mode) & ~_OTHERS)


@contextmanager
def private_umask() -> Iterator[None]:
    """Make everything created inside private. For programs only, as a process has one umask."""
    _umasks.append(os.umask(_OTHERS))
    try:
        yield
    finally:
        os.umask(_umasks.pop())


@contextmanager
def users_umask() -> Iterator[None]:
    """Restore the user's umask, also inside `private_umask`."""
    ours = os.umask(_umasks[-1]) if _umasks else None
    try:
        yield
    finally:
        if ours is not None:
            os.umask(ours)

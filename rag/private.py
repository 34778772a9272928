"""Folders and files that are this user's alone, 0700 and 0600, whatever the umask.

What is there already keeps the modes that its owner gave it, but for the user data folder: older versions
left it open to others. On Windows modes mean nothing; there what stands in a user's profile is the user's.
"""

import os
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from rag.settings import data_folder

FOLDER, FILE = 0o700, 0o600
_OTHERS = 0o077
_umasks: list[int] = []  # the user's own, while `private_umask` has put another in its place


def make_folder(folder: Path) -> None:
    """Make a folder, and those above it, where there are none. Raises OSError."""
    for each in (*reversed(folder.parents), folder):
        if not each.is_dir():
            each.mkdir(FOLDER, exist_ok=True)
    close_data_folder(folder)


def make_file(path: Path) -> None:
    """Make an empty file where there is none, for others to fill: SQLite gives its log the same mode.

    Where that fails, it is for who fills it to say so. The file is made under another name: a process
    that closes one which SQLite has open takes its locks away.
    """
    if path.exists():
        return
    with suppress(OSError):
        handle, made = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        os.close(handle)
        try:
            os.link(made, path)
        finally:
            Path(made).unlink()


def close_data_folder(place: Path) -> None:
    """Let nobody else into the user data folder, if the place is in it and this user owns it."""
    folder = data_folder()
    if not hasattr(os, "geteuid") or not place.is_relative_to(folder):
        return
    with suppress(OSError):  # not there yet, or of a disk that knows no modes
        found = folder.stat()
        if found.st_uid == os.geteuid() and found.st_mode & _OTHERS:
            folder.chmod(stat.S_IMODE(found.st_mode) & ~_OTHERS)


@contextmanager
def private_umask() -> Iterator[None]:
    """All that is made inside is this user's alone. For programs: a process has one umask."""
    _umasks.append(os.umask(_OTHERS))
    try:
        yield
    finally:
        os.umask(_umasks.pop())


@contextmanager
def users_umask() -> Iterator[None]:
    """What is made inside follows the user's umask again: it goes where the user wants to have it."""
    ours = os.umask(_umasks[-1]) if _umasks else None
    try:
        yield
    finally:
        if ours is not None:
            os.umask(ours)

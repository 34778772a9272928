"""Folders: one that is made, and those that change as a whole, so that no process meets half of one."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from rag import private
from rag.errors import LibraryError


def make_folder(folder: Path) -> None:
    """Make the folder of a library, where there is none, for its user alone. Raises LibraryError."""
    try:
        private.make_folder(folder)
    except OSError as error:
        raise LibraryError(
            f"the folder {folder} cannot be made ({error.strerror}): name another with --library"
        ) from error


@contextmanager
def made_whole(folder: Path) -> Iterator[Path]:
    """A new folder to fill; at the end it takes the place of `folder`, and of what was there."""
    new = folder.with_name(f"{folder.name}.new")
    shutil.rmtree(new, ignore_errors=True)
    private.make_folder(new)
    yield new
    move_away(folder)
    new.rename(folder)


def move_away(folder: Path) -> None:
    """Delete a folder, if there is one."""
    old = folder.with_name(f"{folder.name}.old")
    shutil.rmtree(old, ignore_errors=True)
    with suppress(FileNotFoundError):
        folder.rename(old)
    shutil.rmtree(old, ignore_errors=True)

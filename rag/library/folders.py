"""Creating, replacing and deleting folders, so that no process sees half of one."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from rag import private
from rag.errors import LibraryError


def make_folder(folder: Path) -> None:
    """Create a library's folder, private to its user, if there is none. Raises LibraryError."""
    try:
        private.make_folder(folder)
    except OSError as error:
        raise LibraryError(
            f"the folder {folder} cannot be made ({error.strerror}): name another with --library"
        ) from error


@contextmanager
def made_whole(folder: Path) -> Iterator[Path]:
    """A new folder to fill, which replaces `folder` at the end."""
    new = folder.with_name(f"{folder.name}.new")
    shutil.rmtree(new, ignore_errors=True)
    private.make_folder(new)
    yield new
    move_away(folder)
    new.rename(folder)


def move_away(folder: Path) -> None:
    """Delete a folder if it exists."""
    old = folder.with_name(f"{folder.name}.old")
    shutil.rmtree(old, ignore_errors=True)
    with suppress(FileNotFoundError):
        folder.rename(old)
    shutil.rmtree(old, ignore_errors=True)

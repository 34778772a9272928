"""Folders that change as a whole, so that another process never meets half of one."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path


@contextmanager
def made_whole(folder: Path) -> Iterator[Path]:
    """A new folder to fill; at the end it takes the place of `folder`, and of what was there."""
    new = folder.with_name(f"{folder.name}.new")
    shutil.rmtree(new, ignore_errors=True)
    new.mkdir(parents=True)
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

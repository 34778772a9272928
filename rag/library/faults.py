"""Errors of stores that cannot be used. An index can always be rebuilt."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from rag.errors import DamagedError, DiskFullError, LibraryError, NotWritableError, WrongEncoderError
from rag.plain import cut, in_a_line

_SHOWN = 120  # characters of a store's own message
_ROOM = 1_000_000  # bytes, with less of which a disk is full
_FULL = ("disk is full", "No space left", "os error 28")


@contextmanager
def store_errors(index: str, folder: Path, *errors: type[Exception]) -> Iterator[None]:
    """Raise these errors of an index's store as DamagedError, DiskFullError or NotWritableError."""
    try:
        with without_panic():
            yield
    except errors as error:
        raise unusable(f"the {index} index in {folder}", folder, error, f"run {cure(folder)}") from error


@contextmanager
def without_panic() -> Iterator[None]:
    """Raise a panic of Rust code, which is no Exception and would end the program, as ValueError."""
    try:
        yield
    except BaseException as error:
        if type(error).__name__ == "PanicException":  # pyo3 gives no name to import
            raise ValueError(f"it stopped at {error}") from error
        raise


MEND_CATALOG = (
    "move it away, then restore a backup with `askpapers library restore FILE`, or ingest the papers again"
)


def unusable(what: str, folder: Path, error: Exception, cure: str) -> LibraryError:
    """The error of a store in a folder. Before damage is assumed, a full disk and a missing permission are
    checked for, as stores report these in many ways, or not at all."""
    place = next((parent for parent in (folder, *folder.parents) if parent.is_dir()), folder)
    if _is_full(place, error):
        return DiskFullError(
            f"{what} cannot be used, as the disk is full: make room, then run the same command again, "
            "which carries on"
        )
    if not os.access(place, os.W_OK):
        return NotWritableError(
            f"{what} cannot be used, as {place} cannot be written, which reading needs too: give yourself "
            "the right to write there, or copy the library and name the copy with --library"
        )
    reason = cut(in_a_line(str(error)), _SHOWN)
    return DamagedError(f"{what} cannot be used ({reason}): {cure}")


def newer(path: Path, version: int, newest: int) -> DamagedError:
    """The error of a file whose format is newer than the newest one known here."""
    return DamagedError(
        f"{path} was written by a newer askpapers (format {version}, this one knows {newest}): upgrade "
        "with `pip install --upgrade askpapers`"
    )


def _is_full(folder: Path, error: Exception) -> bool:
    if any(words in str(error) for words in _FULL):
        return True
    with suppress(OSError):
        return shutil.disk_usage(folder).free < _ROOM
    return False


def wrong_encoder(folder: Path, built_with: object, in_use: str) -> WrongEncoderError:
    """The error of an index that was built with another encoder."""
    return WrongEncoderError(
        f"the library in {folder.parent} was built with the encoder {built_with}, and {in_use} is in "
        f"use: run {cure(folder)}"
    )


def cure(folder: Path) -> str:
    """The command that rebuilds an index in this folder."""
    return f"`askpapers library reindex --library {folder.parent}`"

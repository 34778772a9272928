"""What is said where an index cannot be used; the cure is always to build it anew."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rag.errors import DamagedError, WrongEncoderError


@contextmanager
def translated(index: str, folder: Path, *errors: type[Exception]) -> Iterator[None]:
    """These errors, of the store of an index in this folder, as DamagedError."""
    try:
        yield
    except errors as error:
        raise DamagedError(
            f"the {index} index in {folder} cannot be used ({error}): run {_cure(folder)}"
        ) from error


def wrong_encoder(folder: Path, built_with: object, in_use: str) -> WrongEncoderError:
    """The error of an index in this folder that another encoder has built."""
    return WrongEncoderError(
        f"the library in {folder.parent} was built with the encoder {built_with}, and {in_use} is in "
        f"use: run {_cure(folder)}"
    )


def _cure(folder: Path) -> str:
    return f"`askpapers library reindex --library {folder.parent}`"

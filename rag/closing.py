"""Closes what has just been opened if it cannot be used after all."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol


class _Closable(Protocol):
    def close(self) -> None: ...


@contextmanager
def closing_on_error(opened: _Closable) -> Iterator[None]:
    """Close it if the block fails."""
    try:
        yield
    except BaseException:
        opened.close()
        raise

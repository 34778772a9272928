"""Closes what has been opened: at once if it cannot be used after all, or when nobody uses it any more."""

import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
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


class SharedResources:
    """What an object has opened: closed with it, but not before its last user has ended.

    Safe to use from several threads.
    """

    def __init__(self) -> None:
        self._opened = ExitStack()
        self._is_closed = False
        self._users = 1  # the object itself, until it is closed
        self._counting = threading.RLock()  # the garbage collector may release one meanwhile

    def add(self, close: Callable[[], None]) -> None:
        """Call this when everything is closed."""
        self._opened.callback(close)

    def hold(self) -> None:
        """Put off closing until `release`."""
        with self._counting:
            self._users += 1

    def release(self) -> None:
        """End a `hold`; the last one closes everything."""
        with self._counting:
            self._users -= 1
            is_last = not self._users
        if is_last:
            self._opened.close()

    def close(self) -> None:
        """Close everything, or leave that to the last user."""
        if not self._is_closed:
            self._is_closed = True
            self.release()

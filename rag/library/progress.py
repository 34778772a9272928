"""Progress of long work: the code that does it wraps its batches, and a user interface shows them pass."""

from collections.abc import Iterable, Sequence
from typing import Any, Protocol, TypeVar

Work = TypeVar("Work", bound=Sequence[Any])


class Track(Protocol):
    """Wraps batches of work to show progress: the batches, a description, and the number of items, None if
    it is unknown."""

    def __call__(self, batches: Iterable[Work], what: str, total: int | None, /) -> Iterable[Work]: ...


def untracked(batches: Iterable[Work], what: str, total: int | None) -> Iterable[Work]:
    """Show no progress."""
    return batches

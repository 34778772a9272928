"""How long work shows how far it is: whoever does it wraps its batches, and a face shows what passes."""

from collections.abc import Iterable, Sequence
from typing import Any, Protocol, TypeVar

Work = TypeVar("Work", bound=Sequence[Any])


class Track(Protocol):
    """Wraps batches of work to show progress: the batches, what they are, how many items in all.

    The number is None where nobody knows it before the end.
    """

    def __call__(self, batches: Iterable[Work], what: str, total: int | None, /) -> Iterable[Work]: ...


def untracked(batches: Iterable[Work], what: str, total: int | None) -> Iterable[Work]:
    """Show no progress."""
    return batches

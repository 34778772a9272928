"""What every source gives: papers, and what it had to leave out and why."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

from rag.types import Paper


@dataclass(frozen=True)
class Rejection:
    """An entry that is not a usable paper. `line` counts from 1; None where lines mean nothing."""

    source: str
    line: int | None
    reason: str


Entry = Paper | Rejection


class Source(Protocol):
    """A place that papers can be read from, in the order in which they stand there."""

    @property
    def name(self) -> str:
        """How the catalog remembers where a record came from; the same at every run."""
        ...

    def read(self) -> Iterator[Entry]:
        """Yield each entry once. Raises SourceError where the place itself cannot be read."""
        ...

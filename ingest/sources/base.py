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


LONGEST_TITLE, LONGEST_ABSTRACT = 1_000, 20_000  # characters; a longer text is no abstract


def check_length(title: str, abstract: str) -> None:
    """Raises ValueError for a text that is too long to be a title or an abstract."""
    for name, text, most in (("title", title, LONGEST_TITLE), ("abstract", abstract, LONGEST_ABSTRACT)):
        if len(text) > most:
            raise ValueError(f"the {name} has {len(text):,} characters, and at most {most:,} are read")


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

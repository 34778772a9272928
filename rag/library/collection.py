"""What the dense index needs of the place where its Chroma collection lives: a folder or a server."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from rag.embedding.base import Encoder

if TYPE_CHECKING:
    from chromadb.api.models.Collection import Collection

T = TypeVar("T")

# Neighbours that a search keeps in view. Each process links what was added last in an order of its own:
# only a search that misses none, as this one among a few thousand, finds the same everywhere.
_LOOKED_AT = 1500


@dataclass
class Handle(ABC):
    """An open collection; `applied` is the checkpoint that it sees, `most` what one call takes."""

    collection: "Collection"
    applied: int
    most: int

    @abstractmethod
    def stored_checkpoint(self) -> int:
        """The checkpoint as any process wrote it last."""

    def move_checkpoint(self, applied: int) -> None:
        self.collection.modify(metadata={**(self.collection.metadata or {}), "applied": applied})
        self.applied = applied


class Place(Protocol):
    """Where a collection lives, and who else writes to it. Safe to use from several threads."""

    def read(self, reading: Callable[[Handle], T], otherwise: T) -> T:
        """What a reading of the collection gives, or `otherwise` where there is none.

        Raises WrongEncoderError, and the LibraryError of what keeps it from being read.
        """
        ...

    def writing(self) -> AbstractContextManager[Handle]:
        """The collection with all that any process wrote; it is made where there is none."""
        ...

    def follow(self, handle: Handle) -> None:
        """See to it that this, or a later reading, sees what other processes have written."""
        ...

    def catch_up(self) -> None:
        """Come back when that is seen."""
        ...

    def delete(self) -> None:
        """Remove the collection with all that it holds."""
        ...

    def close(self) -> None: ...


def new_collection(encoder: Encoder) -> dict[str, Any]:
    """How a collection for the vectors of an encoder is made."""
    return {
        "configuration": {"hnsw": {"space": "cosine", "ef_search": _LOOKED_AT}},
        "metadata": {"encoder": encoder.name, "dimension": encoder.dimension, "applied": 0},
    }

"""What the dense index needs of the place of its Chroma collection: a folder or a server."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from rag.embedding.base import Encoder
from rag.library.faults import wrong_encoder

if TYPE_CHECKING:
    from chromadb.api.models.Collection import Collection

T = TypeVar("T")

# How many candidates a search keeps. Each process links the newest vectors in an order of its own, so only
# a search that misses none (as this one does among a few thousand) gives the same result in all of them.
_EF_SEARCH = 1500


@dataclass
class Handle:
    """An open collection: `applied` is the checkpoint that it sees, `most` the largest number of passages
    in a call, and `look_up` fetches the collection again."""

    collection: "Collection"
    applied: int
    most: int
    look_up: Callable[[], "Collection"]

    def stored_checkpoint(self) -> int:
        """The last checkpoint of any process; takes 1 ms in a folder, a request on a server."""
        return checkpoint(self.look_up())

    def move_checkpoint(self, applied: int) -> None:
        self.collection.modify(metadata={**(self.collection.metadata or {}), "applied": applied})
        self.applied = applied


class Place(Protocol):
    """Where a collection lives, and who else writes to it. Safe to use from several threads."""

    def read(self, reading: Callable[[Handle], T], otherwise: T) -> T:
        """The result of reading the collection, or `otherwise` if there is none.

        Raises WrongEncoderError, and LibraryError where it cannot be read.
        """
        ...

    def writing(self) -> AbstractContextManager[Handle]:
        """The collection with everything that any process has written; created if there is none."""
        ...

    def follow(self, handle: Handle) -> None:
        """Make this reading, or a later one, see what other processes have written."""
        ...

    def catch_up(self) -> None:
        """Wait until readings see what other processes have written."""
        ...

    def delete(self) -> None:
        """Delete the collection."""
        ...

    def close(self) -> None: ...


def new_collection(encoder: Encoder) -> dict[str, Any]:
    """The settings of a new collection for the vectors of an encoder."""
    return {
        "configuration": {"hnsw": {"space": "cosine", "ef_search": _EF_SEARCH}},
        "metadata": {"encoder": encoder.name, "dimension": encoder.dimension, "applied": 0},
    }


def checkpoint(collection: "Collection") -> int:
    return int((collection.metadata or {}).get("applied", 0))


def check_encoder(collection: "Collection", encoder: Encoder, folder: Path) -> None:
    """Raises WrongEncoderError if another encoder made the vectors."""
    built_with = (collection.metadata or {}).get("encoder")
    if built_with != encoder.name:
        raise wrong_encoder(folder, built_with, encoder.name)

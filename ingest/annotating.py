"""A user's own tags and notes on papers of the library."""

from collections.abc import Sequence

from ingest.chunking import split_abstract
from rag.library import Library
from rag.library.own_words import Edit
from rag.library.progress import Track, untracked

_PATIENCE = 5.0  # seconds to wait for another writer to end


def annotate(library: Library, paper_ids: Sequence[str], edit: Edit, track: Track = untracked) -> None:
    """Change the user's own tags and notes on papers by their ids, and update the indexes.

    Raises LibraryBusyError, and the errors of `Library.sync`.
    """
    with library.writing(_PATIENCE):
        library.drop_indexes_ahead()
        library.catalog.recorder(split_abstract).edit_own(paper_ids, edit)
        library.sync(track)

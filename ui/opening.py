"""Which library an interface opens: the one that is named, the user's own, else the bundled one."""

from contextlib import suppress
from pathlib import Path

from ingest.bundled import BundledSource
from ingest.pipeline import ingest
from ingest.sources.base import Source
from rag.closing import closing_on_error
from rag.errors import LibraryBusyError
from rag.library import Library
from rag.library.library import holds_papers
from rag.library.progress import Track, untracked
from rag.settings import Settings, bundled_library, own_library


def open_library(named: Path | None, settings: Settings, track: Track = untracked) -> Library:
    """Open the library and bring it up to date; the bundled one is built where there is none.

    Raises LibraryError, EncoderMissingError, ModelError.
    """
    folder = named or settings.library
    if not folder and holds_papers(own_library()):
        folder = own_library()
    return Library.open(folder, settings, track) if folder else open_bundled(settings, track)


def open_bundled(settings: Settings, track: Track = untracked) -> Library:
    """Open the bundled library; build it or bring it up to date."""
    return open_filled(bundled_library(), BundledSource(), settings, track)


def open_filled(folder: Path, source: Source, settings: Settings, track: Track = untracked) -> Library:
    """Open the library of a source's papers; build it or bring it up to date."""
    library = Library.open(folder, settings, create=True, catch_up=False)
    with closing_on_error(library), suppress(LibraryBusyError):  # another process is building it
        ingest(library, [source], track)
    return library

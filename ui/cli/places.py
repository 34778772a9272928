"""Which library a command works on."""

import argparse
from pathlib import Path

from rag.library import Library
from rag.settings import Settings, bundled_library
from ui.opening import open_library
from ui.terminal import tell, track


def named_folder(arguments: argparse.Namespace, settings: Settings) -> Path | None:
    """The folder that the user named, on the command line or else in the environment."""
    named: Path | None = arguments.library
    return named or settings.library


def open_existing(arguments: argparse.Namespace, settings: Settings) -> Library:
    """The library that is meant, as it is. Raises NoLibraryError, ModelError."""
    return Library.open(arguments.library, settings, catch_up=False)


def open_for_reading(arguments: argparse.Namespace) -> Library:
    """The library that is meant, brought up to date; the bundled one where the user has none."""
    library = open_library(arguments.library, Settings.from_environment(), track)
    if library.folder == bundled_library() and not arguments.library:
        tell(
            f"You have no library yet: answering from the {library.catalog.count()} papers that come "
            "with askpapers. Make your own with `askpapers ingest FILE...`."
        )
    return library

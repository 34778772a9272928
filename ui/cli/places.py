"""Which library a command works on."""

import argparse
import shlex

from rag.library import Library
from rag.settings import Settings, bundled_library
from ui.opening import open_library
from ui.terminal import tell, track


def place_of(arguments: argparse.Namespace) -> str:
    """The --library that was given, for the commands that a message names; "" without one."""
    return f" --library {shlex.quote(str(arguments.library))}" if arguments.library else ""


def open_existing(arguments: argparse.Namespace) -> Library:
    """Open the library as it is. Raises NoLibraryError, ModelError."""
    return Library.open(arguments.library, catch_up=False)


def open_for_reading(arguments: argparse.Namespace) -> Library:
    """Open the library and bring it up to date; the bundled one where the user has none."""
    library = open_library(arguments.library, Settings.read(), track)
    if library.folder == bundled_library() and not arguments.library:
        tell(
            f"You have no library yet: answering from the {library.catalog.count()} papers that come "
            "with askpapers. Make your own with `askpapers ingest FILE...`."
        )
    return library

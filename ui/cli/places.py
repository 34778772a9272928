"""Which library a command works on."""

import argparse
import sys
from contextlib import suppress
from pathlib import Path

from rag.embedding import open_encoder
from rag.embedding.base import Encoder
from rag.errors import LibraryBusyError
from rag.library import Library
from rag.library.library import holds_papers
from rag.settings import Settings, bundled_library, own_library
from rag.shortcuts import find_library, open_library
from ui.terminal import track


def named_folder(arguments: argparse.Namespace, settings: Settings) -> Path | None:
    """The folder that the user named, on the command line or else in the environment."""
    named: Path | None = arguments.library
    return named or settings.library


def open_existing(arguments: argparse.Namespace, settings: Settings) -> Library:
    """The library that is meant, as it is. Raises NoLibraryError, ModelError."""
    return Library(named_folder(arguments, settings) or find_library(settings), open_encoder(settings))


def open_for_reading(arguments: argparse.Namespace) -> Library:
    """The library that is meant, brought up to date; the bundled one where the user has none."""
    settings = Settings.from_environment()
    encoder = open_encoder(settings)
    folder = named_folder(arguments, settings)
    if folder is None and holds_papers(own_library()):
        folder = own_library()
    if folder:
        return open_library(folder, encoder, track)
    library = open_bundled(encoder)
    print(
        f"You have no library yet: answering from the {library.catalog.count()} papers that come "
        "with askpapers. Make your own with `askpapers ingest FILE...`.",
        file=sys.stderr,
    )
    return library


def open_bundled(encoder: Encoder) -> Library:
    """The bundled library, built or brought up to date; unchanged papers cost nothing."""
    from ingest.bundled import BundledSource
    from ingest.pipeline import ingest

    library = Library.create(bundled_library(), encoder)
    with suppress(LibraryBusyError):  # another process is building it
        ingest(library, [BundledSource()], track)
    return library

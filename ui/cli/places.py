"""Which library a command works on."""

import argparse
import sys
from pathlib import Path

from rag.embedding import open_encoder
from rag.library import Library
from rag.library.chroma_server import ChromaServer
from rag.library.library import holds_papers
from rag.settings import Settings, own_library
from rag.shortcuts import find_library, open_library
from ui.desk import open_bundled
from ui.terminal import track


def named_folder(arguments: argparse.Namespace, settings: Settings) -> Path | None:
    """The folder that the user named, on the command line or else in the environment."""
    named: Path | None = arguments.library
    return named or settings.library


def open_existing(arguments: argparse.Namespace, settings: Settings) -> Library:
    """The library that is meant, as it is. Raises NoLibraryError, ModelError."""
    folder = named_folder(arguments, settings) or find_library(settings)
    return Library(folder, open_encoder(settings), ChromaServer.from_settings(settings))


def open_for_reading(arguments: argparse.Namespace) -> Library:
    """The library that is meant, brought up to date; the bundled one where the user has none."""
    settings = Settings.from_environment()
    encoder, server = open_encoder(settings), ChromaServer.from_settings(settings)
    folder = named_folder(arguments, settings)
    if folder is None and holds_papers(own_library()):
        folder = own_library()
    if folder:
        return open_library(folder, encoder, track, server)
    library = open_bundled(encoder, track, server)
    print(
        f"You have no library yet: answering from the {library.catalog.count()} papers that come "
        "with askpapers. Make your own with `askpapers ingest FILE...`.",
        file=sys.stderr,
    )
    return library

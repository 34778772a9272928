"""One-line questions: the library that is meant is found, opened once, and kept open."""

from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from typing import Unpack

from rag.answering import AnswerStream, read_answer
from rag.assistant import Assistant
from rag.embedding import open_encoder
from rag.embedding.base import Encoder
from rag.errors import LibraryBusyError, NoLibraryError
from rag.library import Library
from rag.library.chroma_server import ChromaServer
from rag.library.library import catalog_path, holds_papers, is_library
from rag.library.progress import Track, untracked
from rag.options import HistoryOptions, PlaceOptions, WriterName
from rag.settings import Settings, bundled_library, own_library
from rag.types import Answer

Place = Library | Path | str | None


def ask(question: str, **options: Unpack[PlaceOptions]) -> Answer:
    """The cited, checked answer to a question.

    Options: `library` is a Library or its folder; without it ASKPAPERS_LIBRARY, then the user's
    own, then the bundled one is used. `writer` is auto, llm or extractive. `filters` bound the
    papers, `from_year` and `to_year` go before their years. `history` is a list of OpenAI-style
    messages, `words` bounds the length, `k` the papers that the writer is shown. Years in the
    question's words ("since 2021") bound the papers, unless years are given or
    `years_from_question` is False. Works inside a running event loop.
    Raises AskpapersError, whose text ends in what to do next.
    """
    return read_answer(stream(question, **options))


async def aask(question: str, **options: Unpack[PlaceOptions]) -> Answer:
    """`ask` for a running event loop, with the same options."""
    import asyncio

    return await asyncio.to_thread(ask, question, **options)


def stream(
    question: str,
    *,
    library: Place = None,
    writer: WriterName = "auto",
    **options: Unpack[HistoryOptions],
) -> AnswerStream:
    """`ask`, as an iterable of text; at its end it holds the Answer in `.answer`."""
    return _assistant(library, writer).stream(question, **options)


def find_library(settings: Settings) -> Path:
    """The folder of the library that is meant where none is named. Raises NoLibraryError."""
    if settings.library:
        return settings.library
    found = next((place for place in (own_library(), bundled_library()) if holds_papers(place)), None)
    if found is None:
        raise NoLibraryError(
            "there is no library yet: make one with `askpapers ingest SOURCE...`, or build the "
            "bundled one with `askpapers ingest demo`"
        )
    return found


def open_library(
    folder: Path, encoder: Encoder, track: Track = untracked, server: ChromaServer | None = None
) -> Library:
    """Open a library and let its indexes catch up, unless another process is at it.

    Raises LibraryError, EncoderMissingError, ModelError.
    """
    library = Library(folder, encoder, server)
    if library.behind():
        with suppress(LibraryBusyError):  # the other process does it; the answer says what is missing
            library.sync(track)
    return library


def _assistant(place: Place, writer: WriterName) -> Assistant:
    settings = Settings.from_environment()
    if isinstance(place, Library):
        return Assistant(place, settings=settings, writer=writer)
    folder = (Path(place) if place is not None else find_library(settings)).expanduser().absolute()
    library = (
        _opened(folder, catalog_path(folder).stat().st_ino, settings)
        if is_library(folder)
        else Library(folder)
    )
    return Assistant(library, settings=settings, writer=writer)


@lru_cache(maxsize=4)
def _opened(folder: Path, inode: int, settings: Settings) -> Library:
    """`inode` tells a library from another that has taken its place, `settings` name encoder and server."""
    return open_library(folder, open_encoder(settings), server=ChromaServer.from_settings(settings))

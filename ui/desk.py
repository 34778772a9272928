"""What faces that stay open work at: the library that is meant at the moment, and its assistants.

Where no library was named and the user has none, that is the bundled one, until the user's own comes
into being: then all questions that follow go to it.
"""

import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Self

from ingest.pipeline import Report, ingest
from ingest.sources.base import Source
from rag.assistant import Assistant
from rag.embedding import embedded_encoder, open_encoder
from rag.embedding.base import Encoder
from rag.embedding.remember import Remembering
from rag.errors import LibraryBusyError, QuestionError
from rag.library import Library
from rag.library.chroma_server import ChromaServer
from rag.library.library import holds_papers
from rag.library.progress import Track, untracked
from rag.options import WriterName
from rag.retrieval import Retriever
from rag.settings import Settings, bundled_library, own_library
from rag.shortcuts import open_library
from ui.adding import ingest_apart

_REST = 0.05  # seconds
REMEMBERED = 4000  # sentences of papers, about 40 KB each: what 500 papers have


class Desk:
    """One library with its assistants, for many users at once. Safe to use from several threads."""

    def __init__(self, settings: Settings, named: Path | None = None, track: Track = untracked) -> None:
        """Open the library of the folder that was named, else the user's own, else the bundled one.

        Raises LibraryError, EncoderMissingError, ModelError.
        """
        self.settings = settings
        self._named = named or settings.library
        self._encoder = open_encoder(settings)
        self._server = ChromaServer.from_settings(settings)
        self._sentences = Remembering(embedded_encoder(), REMEMBERED)
        self._assistants: dict[tuple[Path, WriterName, str], Assistant] = {}
        self._choosing = threading.RLock()
        self._writing = threading.Lock()
        self._closed = threading.Event()
        self._asked = 0  # questions that are being answered
        self._reader: threading.Thread | None = None
        self._libraries = [self._open(track)]

    @property
    def library(self) -> Library:
        """The library that is meant now."""
        with self._choosing:
            if self.is_bundled and holds_papers(own_library()):
                self._libraries.append(open_library(own_library(), self._encoder, server=self._server))
            return self._libraries[-1]

    @property
    def is_bundled(self) -> bool:
        """Whether the bundled papers answer, for want of a library of the user's."""
        return self._named is None and self._libraries[-1].folder == bundled_library()

    def assistant(self, writer: WriterName = "auto", model: str | None = None) -> Assistant:
        """The assistant that writes so; `model` is the one of the settings unless it is named.

        Raises ModelError where a model is asked for and none is configured.
        """
        from dataclasses import replace

        library, model = self.library, model or self.settings.model
        key = (library.folder, writer, model)
        with self._choosing:
            if key not in self._assistants:
                settings = replace(self.settings, model=model)
                self._assistants[key] = Assistant(
                    library, settings=settings, writer=writer, sentences=self._sentences
                )
            return self._assistants[key]

    @contextmanager
    def answering(self) -> Iterator[None]:
        """Around answering a question, which reading ahead waits for."""
        with self._choosing:
            self._asked += 1
        try:
            yield
        finally:
            with self._choosing:
                self._asked -= 1

    def add(self, sources: Iterable[Source], track: Track = untracked) -> Report:
        """Bring papers into the library; into the user's own where the bundled one answered so far.

        One at a time, the others wait. Another process does it, so that questions do not wait too.
        Raises as `ingest_apart` does.
        """
        with self._writing:
            folder = own_library() if self.is_bundled else self.library.folder
            report = ingest_apart(folder, self.settings, sources, track, self._closed)
            self.library.catch_up()
            return report

    def remove(self, references: Sequence[str], track: Track = untracked) -> int:
        """Take papers out of the library, by id or title; how many there were.

        Raises QuestionError in the bundled one, LibraryBusyError.
        """
        with self._writing:
            if self.is_bundled:
                raise QuestionError(
                    "the papers that come with askpapers stay: add your own, which take their place"
                )
            return self.library.remove(references, track)

    def read_ahead(self) -> None:
        """Begin to read the papers in the background, as many as are remembered."""
        self._reader = threading.Thread(target=self._read_ahead, name="askpapers-reading", daemon=True)
        self._reader.start()

    def close(self) -> None:
        """Close all that is open; papers that are being added end where they are."""
        self._closed.set()
        if self._reader:
            self._reader.join()  # it has a paper's sentences left at most
        with self._writing:  # whoever writes has come to an end: a program that ends waits for no thread
            for library in self._libraries:
                library.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _read_ahead(self) -> None:
        assistant, left = self.assistant("extractive"), REMEMBERED
        Retriever(self.library).search("papers", 1)  # opens the indexes, which takes a second
        for change in self.library.catalog.changes_after(0, REMEMBERED):
            while self._asked and not self._closed.is_set():
                self._closed.wait(_REST)
            if self._closed.is_set() or left <= 0:
                return
            if change.paper:
                left -= assistant.read_ahead(change.paper)

    def _open(self, track: Track) -> Library:
        if self._named:
            return open_library(self._named, self._encoder, track, self._server)
        if holds_papers(own_library()):
            return open_library(own_library(), self._encoder, track, self._server)
        return open_bundled(self._encoder, track, self._server)


def open_bundled(encoder: Encoder, track: Track = untracked, server: ChromaServer | None = None) -> Library:
    """The bundled library, built or brought up to date; unchanged papers cost nothing."""
    from ingest.bundled import BundledSource

    library = Library.create(bundled_library(), encoder, server)
    with suppress(LibraryBusyError):  # another process is building it
        ingest(library, [BundledSource()], track)
    return library

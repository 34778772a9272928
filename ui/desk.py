"""What the page and the MCP server keep open: the current library, and its assistants.

Where no library was named and the user has none, it is the bundled one, until the user's own exists: all
later questions go to that.
"""

import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Self

from ingest.annotating import annotate
from ingest.pipeline import Report
from ingest.sources.base import Source
from rag.assistant import Assistant
from rag.embedding import embedded_encoder
from rag.embedding.remember import Remembering
from rag.errors import QuestionError
from rag.library import Library
from rag.library.library import holds_papers
from rag.library.own_words import Edit
from rag.library.progress import Track, untracked
from rag.open_assistants import OpenAssistants
from rag.retrieval import Retriever
from rag.settings import Settings, bundled_library, own_library
from rag.streams import AnswerStream
from rag.types import Request
from ui.adding import ingest_apart
from ui.opening import open_library
from ui.trials import Trials

_PAUSE = 0.05  # seconds
REMEMBERED = 4000  # sentences of papers, about 40 KB each: what 500 papers have


class Desk:
    """One library with its assistants, for many users at once. Safe to use from several threads."""

    def __init__(self, settings: Settings, named: Path | None = None, track: Track = untracked) -> None:
        """Open the library of the folder that was named, else the user's own, else the bundled one.

        Raises LibraryError, EncoderMissingError, ModelError.
        """
        self.settings = settings
        self._named = named or settings.library
        library = open_library(self._named, settings, track)
        self._libraries = [library]
        self._assistants = OpenAssistants(Remembering(embedded_encoder(), REMEMBERED))
        self.trials = Trials(self.assistant)
        self._choosing = threading.RLock()
        self._writing = threading.Lock()
        self._closed = threading.Event()
        self._answering = 0  # questions
        self._reader: threading.Thread | None = None

    @property
    def library(self) -> Library:
        """The library that answers now."""
        with self._choosing:
            if self.is_bundled and holds_papers(own_library()):
                self._libraries.append(Library.open(own_library(), self.settings))
            return self._libraries[-1]

    @property
    def is_bundled(self) -> bool:
        """Whether the bundled papers answer, as the user has no library."""
        return self._named is None and self._libraries[-1].folder == bundled_library()

    def assistant(self, model: str | None = None) -> AbstractContextManager[Assistant]:
        """The assistant of the current library, open while it is used; `model` instead of the settings'."""
        return self._assistants.using(self.library, self.settings_for(model))

    def settings_for(self, model: str | None) -> Settings:
        """The settings with this model, if one is given."""
        return self.settings.with_model(model) if model else self.settings

    def stream(self, request: Request, model: str | None = None) -> AnswerStream:
        """The answer to a request. Raises as `Assistant.stream`."""
        with self.assistant(model) as assistant:
            return assistant.stream(request)

    @contextmanager
    def answering(self) -> Iterator[None]:
        """Around answering a question: reading ahead waits meanwhile."""
        with self._choosing:
            self._answering += 1
        try:
            yield
        finally:
            with self._choosing:
                self._answering -= 1

    def add(self, sources: Iterable[Source], track: Track = untracked) -> Report:
        """Bring papers into the library; into the user's own where the bundled one answered so far.

        One call at a time. Another process does it, so that questions need not wait. Raises as
        `ingest_apart` does.
        """
        with self._writing:
            folder = own_library() if self.is_bundled else self.library.folder
            report = ingest_apart(folder, self.settings, sources, track, self._closed)
            self.library.catch_up()
            return report

    def remove(self, references: Sequence[str], track: Track = untracked) -> int:
        """Remove papers by id or title; returns how many. Raises QuestionError, LibraryBusyError."""
        with self._writing:
            self._check_own("the papers that come with askpapers stay")
            return self.library.remove(references, track)

    def annotate(self, paper_id: str, edit: Edit) -> int:
        """Change the user's own tags and note on a paper; returns 1 if that changes anything.

        Raises QuestionError, LibraryBusyError.
        """
        with self._writing:
            self._check_own("the papers that come with askpapers take no tags or notes")
            return annotate(self.library, [paper_id], edit)

    def _check_own(self, problem: str) -> None:
        """Raises QuestionError where the bundled papers answer, which are made anew."""
        if self.is_bundled:
            raise QuestionError(f"{problem}: add your own, which take their place")

    def read_ahead(self) -> None:
        """Start reading papers in the background, as many as are remembered."""
        self._reader = threading.Thread(target=self._read_ahead, name="askpapers-reading", daemon=True)
        self._reader.start()

    def close(self) -> None:
        """Close everything; papers that are being added, and a trial, stop where they are."""
        self._closed.set()
        self.trials.close()
        if self._reader:
            self._reader.join()  # after the sentences of one paper at most
        with self._writing:  # wait for the writer: a program that ends waits for no thread
            self._assistants.close()
            for library in self._libraries:
                library.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _read_ahead(self) -> None:
        Retriever(self.library).search("papers", 1)  # opens the indexes, which takes a second
        left = REMEMBERED
        with self.assistant() as assistant:
            for change in self.library.catalog.changes_after(0, REMEMBERED):
                while self._answering and not self._closed.is_set():
                    self._closed.wait(_PAUSE)
                if self._closed.is_set() or left <= 0:
                    return
                if change.paper:
                    left -= assistant.read_ahead(change.paper)

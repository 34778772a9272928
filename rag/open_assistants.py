"""Keeps assistants open from one question to the next, with what they have read."""

import threading
from collections import OrderedDict
from collections.abc import Hashable, Iterator
from contextlib import contextmanager
from pathlib import Path

from rag.assistant import Assistant
from rag.embedding.remember import Remembering
from rag.library import Library
from rag.library.library import Place, catalog_path, find_library
from rag.settings import Settings

_MOST = 4


class OpenAssistants:
    """One assistant for each library and settings. Safe to use from several threads.

    It keeps `most` of them; the least recently used one is closed once its last answer has been read.
    """

    def __init__(self, sentences: Remembering | None = None, most: int = _MOST) -> None:
        """`sentences` is a cache that the assistants share."""
        self._most = most
        self._sentences = sentences
        self._assistants: OrderedDict[Hashable, Assistant] = OrderedDict()
        self._choosing = threading.Lock()

    @contextmanager
    def using(self, place: Place, settings: Settings) -> Iterator[Assistant]:
        """The assistant of a library, open while in use. `place` and errors as in `Library.open`, and
        ModelError."""
        if not isinstance(place, Library):
            place = (Path(place) if place is not None else find_library(settings)).expanduser().absolute()
        key, oldest = (place, _identity(place), settings), None
        with self._choosing:
            if key not in self._assistants:
                self._assistants[key] = Assistant.open(place, settings, sentences=self._sentences)
            self._assistants.move_to_end(key)
            assistant = self._assistants[key]
            assistant.hold()
            if len(self._assistants) > self._most:
                _, oldest = self._assistants.popitem(last=False)
        try:
            if oldest:
                oldest.close()
            yield assistant
        finally:
            assistant.release()

    def close(self) -> None:
        """Close all of them; the next use opens new ones."""
        with self._choosing:
            assistants = list(self._assistants.values())
            self._assistants.clear()
        for assistant in assistants:
            assistant.close()


def _identity(place: Library | Path) -> int | None:
    """Distinguishes a library from another that has replaced it in the same folder."""
    try:
        return None if isinstance(place, Library) else catalog_path(place).stat().st_ino
    except OSError:  # opening it will report that there is none
        return None

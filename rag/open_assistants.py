"""Assistants that stay open from one question to the next, with what they have read."""

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

    Of more than `most` the one used longest ago is closed, when its last answer has been read.
    """

    def __init__(self, sentences: Remembering | None = None, most: int = _MOST) -> None:
        """`sentences` is what the assistants remember of what they read, where they share it."""
        self._most = most
        self._sentences = sentences
        self._assistants: OrderedDict[Hashable, Assistant] = OrderedDict()
        self._choosing = threading.Lock()

    @contextmanager
    def using(self, place: Place, settings: Settings) -> Iterator[Assistant]:
        """The assistant of a library, open as long as it is used; `place` is as in `Library.open`.

        Raises as that does, and ModelError.
        """
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
        """Close all of them; another use opens new ones."""
        with self._choosing:
            assistants = list(self._assistants.values())
            self._assistants.clear()
        for assistant in assistants:
            assistant.close()


def _identity(place: Library | Path) -> int | None:
    """Tells a library from another that has taken its place in the same folder."""
    try:
        return None if isinstance(place, Library) else catalog_path(place).stat().st_ino
    except OSError:  # there is none, which opening it will say
        return None

"""An LRU cache of results by text."""

import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable
from typing import Generic, TypeVar

T = TypeVar("T")


class Recent(Generic[T]):
    """Computes a result for each text, and keeps the most recently used ones.

    Safe to use from several threads; two that need a new text at once both compute it.
    """

    def __init__(self, make: Callable[[list[str]], Iterable[T]], most: int) -> None:
        """`make` returns one result for each of its distinct texts, in order; `most` are kept."""
        self._make = make
        self._most = most
        self._kept: OrderedDict[str, T] = OrderedDict()
        self._lock = threading.Lock()

    def of(self, texts: Iterable[str]) -> dict[str, T]:
        """The result of each text, by text. Raises what `make` raises."""
        distinct = list(dict.fromkeys(texts))
        with self._lock:
            results = {text: self._kept[text] for text in distinct if text in self._kept}
        if new := [text for text in distinct if text not in results]:
            results |= zip(new, self._make(new), strict=True)
        with self._lock:
            for text in distinct:
                self._kept[text] = results[text]
                self._kept.move_to_end(text)
            while len(self._kept) > self._most:
                self._kept.popitem(last=False)
        return results

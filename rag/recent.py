"""A cache of results for the texts that were used last."""

import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable
from typing import Generic, TypeVar

T = TypeVar("T")


class Recent(Generic[T]):
    """Computes a result for each text, and keeps those of the texts that were used last.

    Safe to use from several threads; two that ask for a new text at once both compute it.
    """

    def __init__(self, make: Callable[[list[str]], Iterable[T]], most: int) -> None:
        """`make` returns one result for each of its distinct texts, in order; `most` are kept."""
        self._make = make
        self._most = most
        self._kept: OrderedDict[str, T] = OrderedDict()
        self._lock = threading.Lock()

    def of(self, texts: Iterable[str]) -> dict[str, T]:
        """The result of each text, by text. Raises what `make` raises."""
        wanted = list(dict.fromkeys(texts))
        with self._lock:
            results = {text: self._kept[text] for text in wanted if text in self._kept}
        if new := [text for text in wanted if text not in results]:
            results |= zip(new, self._make(new), strict=True)
        with self._lock:
            for text in wanted:
                self._kept[text] = results[text]
                self._kept.move_to_end(text)
            while len(self._kept) > self._most:
                self._kept.popitem(last=False)
        return results

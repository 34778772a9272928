"""What was made of the texts that were seen last, so that it need not be made again."""

import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable
from typing import Generic, TypeVar

T = TypeVar("T")


class Recent(Generic[T]):
    """Makes something of each text, and keeps it as long as the text is among the last ones.

    Safe to use from several threads; two that ask for a new text at once both have it made.
    """

    def __init__(self, make: Callable[[list[str]], Iterable[T]], most: int) -> None:
        """`make` gives one thing for each of different texts, in order; `most` texts are kept."""
        self._make = make
        self._most = most
        self._kept: OrderedDict[str, T] = OrderedDict()
        self._lock = threading.Lock()

    def of(self, texts: Iterable[str]) -> dict[str, T]:
        """What is made of each text, by text. Raises as `make` does."""
        wanted = list(dict.fromkeys(texts))
        with self._lock:
            found = {text: self._kept[text] for text in wanted if text in self._kept}
        if new := [text for text in wanted if text not in found]:
            found |= zip(new, self._make(new), strict=True)
        with self._lock:
            for text in wanted:
                self._kept[text] = found[text]
                self._kept.move_to_end(text)
            while len(self._kept) > self._most:
                self._kept.popitem(last=False)
        return found

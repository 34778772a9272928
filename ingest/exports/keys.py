"""Citation keys that are unique within a file."""

import re
import unicodedata
from collections.abc import Container, Iterator
from itertools import count, product
from string import ascii_lowercase

from rag.types import Paper
from rag.words import is_function_word

_UNUSUAL = re.compile(r"[\s{}(),\"#%'=\\~@]+")  # what keys of made entries are without


class Keys:
    """Gives each entry of a file its key; `written` are the keys of entries that keep theirs."""

    def __init__(self, written: Container[str] = ()) -> None:
        self._written = written
        self._taken: set[str] = set()
        self._counts: dict[str, int] = {}  # of each title's word and year

    def keep(self, key: str) -> str:
        """The key of an entry as it was written; with a letter, if another entry has the same."""
        return self._take(key if key not in self._taken else self._lettered(key))

    def make(self, paper: Paper) -> str:
        """The key of an entry that is made: the paper's own key, else one of its title and year."""
        if key := _UNUSUAL.sub("", paper.key or ""):
            return self._take(key if self._is_free(key) else self._lettered(key))
        stem = _stem(paper)
        for number in count(self._counts.get(stem, 0) + 1):
            key = stem if number == 1 else f"{stem}-{number}"
            if self._is_free(key):
                self._counts[stem] = number
                return self._take(key)
        raise AssertionError("numbers do not end")

    def _lettered(self, key: str) -> str:
        return next(lettered for letters in _letters() if self._is_free(lettered := f"{key}{letters}"))

    def _is_free(self, key: str) -> bool:
        return key not in self._taken and key not in self._written

    def _take(self, key: str) -> str:
        self._taken.add(key)
        return key


def _letters() -> Iterator[str]:
    """a, b … z, aa, ab …"""
    for length in count(1):
        yield from map("".join, product(ascii_lowercase, repeat=length))


def _stem(paper: Paper) -> str:
    """The first content word of the title, with the year."""
    folded = unicodedata.normalize("NFKD", paper.title).lower()
    words = re.findall(r"[a-z0-9]+", "".join(c for c in folded if not unicodedata.combining(c)))
    word = next((word for word in words if not is_function_word(word)), "paper")
    return f"{word}{paper.year:04}" if paper.year else word

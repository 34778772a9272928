"""Sorted lists of keys, authors' names and sources, in which names near to a misspelt one are looked up."""

from typing import Any

import sqlalchemy as sa

from rag.library.catalog_tables import keys, labels, records
from rag.library.sql import Database

_AROUND = 50  # names before one, and after it
_SAME_START = 2000  # names that begin with the same letters

_most: sa.BindParameter[int] = sa.bindparam("most")
_name: sa.BindParameter[str] = sa.bindparam("name")
_keys = sa.select(keys.c.key, keys.c.paper_id).limit(_most)
_words = sa.select(labels.c.value).where(labels.c.kind == "author").distinct().limit(_most)
_IN_ORDER = {  # from a name on, and back from it
    "key": (
        _keys.where(keys.c.key >= _name).order_by(keys.c.key),
        _keys.where(keys.c.key < _name).order_by(keys.c.key.desc()),
    ),
    "author": (
        _words.where(labels.c.value >= _name).order_by(labels.c.value),
        _words.where(labels.c.value < _name).order_by(labels.c.value.desc()),
    ),
}
_SOURCES = sa.select(records.c.source).distinct().order_by(records.c.source)


class Names:
    """Reads the names of a catalog."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def keys_around(self, key: str, start: str) -> dict[str, str]:
        """The keys before and after one, and those from `start` on, each with its paper."""
        return dict(self._around("key", key, start))

    def author_words_around(self, word: str) -> list[str]:
        """The words of authors' names before and after one, and those that begin with its first letter."""
        return sorted({row[0] for row in self._around("author", word, word[:1])})

    def sources(self) -> list[str]:
        """The names of all sources, sorted; reads all records."""
        return [row[0] for row in self._database.rows(_SOURCES)]

    def _around(self, kind: str, name: str, start: str) -> list[Any]:
        after, before = _IN_ORDER[kind]
        rows = self._database.rows
        return [
            *rows(after, name=start, most=_SAME_START),
            *rows(before, name=name, most=_AROUND),
            *rows(after, name=name, most=_AROUND),
        ]

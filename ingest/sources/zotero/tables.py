"""The papers of a library in Zotero's tables, a batch at a time."""

import json
import re
import sqlite3
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from ingest.sources.loose import read_date, read_doi
from ingest.sources.retraction import RETRACTED
from ingest.sources.zotero.collections import Collection as ZoteroCollection
from ingest.sources.zotero.collections import Collections
from ingest.sources.zotero.csl import base_field
from ingest.sources.zotero.item import LONGEST_FIELD, NO_PAPERS, Creator, Item
from ingest.sources.zotero.notes import LONGEST_HTML, Annotation
from ingest.sources.zotero.queries import COLLECTIONS, PAPERS, PARTS, SINGLE_FILES

_BATCH = 500  # items in memory at a time
_HIDDEN = 1  # the flag of a retraction that the user has dismissed
_PARSED = re.compile(r"(\d{4}-\d\d-\d\d) (?!\d\d:\d\d)(.*)", re.DOTALL)


@dataclass(frozen=True)
class File:
    """A PDF: the key of its item, whether Zotero only links to it, and its path as Zotero writes it."""

    key: str
    is_linked: bool
    path: str


@dataclass(frozen=True)
class Tables:
    """A connection to a copy of Zotero's database, of which one library is read."""

    connection: sqlite3.Connection
    library: int

    def collections(self) -> Collections:
        """Those of the library, without the deleted ones."""
        rows = self._rows(COLLECTIONS)
        return Collections(
            ZoteroCollection(id_, _text(key), _text(name), up) for id_, key, name, up in rows
        )

    def papers(
        self, keys: Mapping[str, str], paths: Mapping[int | str, str], chosen: Collection[int | str] | None
    ) -> Iterator[tuple[Item, list[File]]]:
        """The papers with their PDFs, in the order in which they were added; those of some collections, if
        they are given. `keys` are Better BibTeX's citation keys by the items' own, `paths` those of
        collections by their ids.
        """
        others = json.dumps(sorted(NO_PAPERS))
        rows = self._rows(PAPERS, others=others, chosen=_listed(chosen))
        for start in range(0, len(rows), _BATCH):
            batch = rows[start : start + _BATCH]
            ids = json.dumps([id_ for id_, *_ in batch])
            parts = {name: self._by_item(query, ids) for name, query in PARTS.items()}
            for id_, key, kind in batch:
                own = {name: values[id_] for name, values in parts.items()}
                yield _item(_text(key), _text(kind), own, keys, paths), list(map(_file, own["files"]))

    def single_files(self, chosen: Collection[int | str] | None) -> list[File]:
        """The PDFs that belong to no paper."""
        return [_file(row) for row in self._rows(SINGLE_FILES, chosen=_listed(chosen))]

    def _by_item(self, query: str, items: str) -> dict[int, list[Sequence[Any]]]:
        grouped: dict[int, list[Sequence[Any]]] = defaultdict(list)
        for item, *row in self._rows(query, items=items):
            grouped[item].append(row)
        return grouped

    def _rows(self, query: str, **values: str | None) -> list[tuple[Any, ...]]:
        bound = {"library": self.library, "longest_field": LONGEST_FIELD, "longest_note": LONGEST_HTML}
        return self.connection.execute(query, bound | values).fetchall()


def _item(
    key: str,
    kind: str,
    rows: Mapping[str, Sequence[Sequence[Any]]],
    keys: Mapping[str, str],
    paths: Mapping[int | str, str],
) -> Item:
    fields = {_text(name): text for name, value in rows["fields"] if (text := _text(value))}
    date = ""
    for name, value in fields.items():
        if base_field(name) in ("date", "filingDate") and (parsed := _PARSED.fullmatch(value)):
            fields[name] = parsed[2] or parsed[1]
            date = parsed[1] if name != "filingDate" else date
    return Item(
        key,
        kind,
        fields,
        creators=[Creator(*map(_text, row)) for row in rows["creators"]],
        date=date,
        tags=[_text(name) for (name,) in rows["tags"]],
        collections=sorted(paths[id_] for (id_,) in rows["collections"] if id_ in paths),
        notes=[_text(note) for (note,) in rows["notes"]],
        annotations=[Annotation(*map(_text, row)) for row in rows["annotations"]],
        citation_key=keys.get(key, ""),
        retracted=next((_retraction(data) for data, flag in rows["retractions"] if flag != _HIDDEN), None),
    )


def _file(row: Sequence[Any]) -> File:
    key, mode, path = row
    return File(_text(key), mode == 2, _text(path))


def _retraction(data: Any) -> str:
    """The DOI of the notice, else the day, as far as Zotero knows them."""
    try:
        known = json.loads(_text(data))
    except (ValueError, RecursionError):
        known = None
    if not isinstance(known, dict):
        return RETRACTED
    day = known.get("date")
    if isinstance(day, int) and 0 < day < 1 << 32:  # seconds
        day = datetime.fromtimestamp(day, UTC).date()
    return read_doi(known.get("doi")) or read_date(day) or RETRACTED


def _listed(chosen: Collection[int | str] | None) -> str | None:
    return None if chosen is None else json.dumps(list(chosen))


def _text(value: Any) -> str:
    """A value as text; SQLite keeps numbers among texts as numbers."""
    return value if isinstance(value, str) else str(value) if isinstance(value, int | float) else ""

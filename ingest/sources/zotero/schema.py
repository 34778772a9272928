"""What is read of Zotero's database; what another version of it lacks reads as empty."""

import sqlite3
from collections.abc import Sequence
from difflib import get_close_matches

from ingest.sources.zotero.collections import shown_name
from rag.errors import SourceError

_NEEDED = {
    "libraries": "libraryID type",
    "items": "itemID itemTypeID libraryID key",
    "itemTypes": "itemTypeID typeName",
    "itemData": "itemID fieldID valueID",
    "itemDataValues": "valueID value",
    "fields": "fieldID fieldName",
}
_OPTIONAL = {
    "groups": "libraryID name",
    "deletedItems": "itemID",
    "creators": "creatorID firstName lastName",
    "itemCreators": "itemID creatorID creatorTypeID orderIndex",
    "creatorTypes": "creatorTypeID creatorType",
    "tags": "tagID name",
    "itemTags": "itemID tagID",
    "collections": "collectionID collectionName parentCollectionID libraryID key",
    "collectionItems": "collectionID itemID",
    "deletedCollections": "collectionID",
    "itemNotes": "itemID parentItemID note",
    "itemAttachments": "itemID parentItemID linkMode contentType path",
    "itemAnnotations": "itemID parentItemID text comment pageLabel sortIndex",
    "retractedItems": "itemID data flag",
}
_QUIETLY = {"deletedCollections"}  # of Zotero 7: before, a deleted collection was gone


def complete(connection: sqlite3.Connection) -> tuple[str, ...]:
    """Put views in the place of tables that lack something; return what they lack, by its names.

    Raises ValueError where it is no database of Zotero's, sqlite3.Error where it cannot be read.
    """
    connection.execute("PRAGMA trusted_schema = OFF")
    tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    if not tables >= _NEEDED.keys():
        raise ValueError("is no database of Zotero's")
    missing: list[str] = []
    for table, wanted in (_NEEDED | _OPTIONAL).items():
        known = (
            {row[1] for row in connection.execute(f"PRAGMA table_info({table})")} if table in tables else ()
        )
        lacking = [column for column in wanted.split() if column not in known]
        if lacking and table in _NEEDED:
            raise ValueError("is of a version of Zotero before 5: open it in Zotero once, which renews it")
        if lacking:
            columns = ", ".join(f"NULL AS {name}" if name in lacking else name for name in wanted.split())
            rest = f"FROM main.{table}" if known else "WHERE 0"
            connection.execute(f"CREATE TEMP VIEW {table} AS SELECT {columns} {rest}")
            missing += [f"{table}.{column}" for column in lacking] if known else [table]
    connection.execute("PRAGMA query_only = ON")
    return tuple(name for name in missing if name not in _QUIETLY)


def library_of(connection: sqlite3.Connection, group: str | None) -> int:
    """The id of the user's own library, or of a group's. Raises ValueError, SourceError."""
    if group is None:
        row = connection.execute("SELECT libraryID FROM libraries WHERE type = 'user'").fetchone()
        if row is None:
            raise ValueError("has no library of a user")
        return int(row[0])
    groups = {
        str(name): library for library, name in connection.execute("SELECT libraryID, name FROM groups")
    }
    matches = [library for name, library in groups.items() if name.casefold() == group.casefold()]
    if len(matches) != 1:
        raise SourceError(f"Zotero has no group {shown_name(group)} here: {_near(group, list(groups))}")
    return int(matches[0])


def _near(group: str, names: Sequence[str]) -> str:
    near = get_close_matches(group, names, 5, 0.5) or sorted(names)[:5]
    return f"say one of {'; '.join(map(shown_name, near))}" if near else "it has none"

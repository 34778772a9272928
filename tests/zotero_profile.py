"""A data folder as Zotero keeps it: the tables and columns that are read, and the PDFs.

    python tests/zotero_profile.py FOLDER ITEMS PDFS

makes one of made-up papers, and prints what each of them has, a line of JSON each.
"""

import json
import sqlite3
import string
import sys
from collections.abc import Iterable, Iterator
from contextlib import closing
from itertools import product
from pathlib import Path
from typing import Any

from small_pdfs import paper as pdf_of

USER, GROUP, FEED = 1, 2, 3  # ids of libraries
SCHEMA = """
    CREATE TABLE libraries (libraryID INTEGER PRIMARY KEY, type TEXT NOT NULL);
    CREATE TABLE groups (groupID INTEGER PRIMARY KEY, libraryID INT NOT NULL, name TEXT NOT NULL);
    CREATE TABLE itemTypes (itemTypeID INTEGER PRIMARY KEY, typeName TEXT UNIQUE);
    CREATE TABLE items (itemID INTEGER PRIMARY KEY, itemTypeID INT NOT NULL, libraryID INT NOT NULL,
        key TEXT NOT NULL, UNIQUE (libraryID, key));
    CREATE TABLE deletedItems (itemID INTEGER PRIMARY KEY);
    CREATE TABLE fields (fieldID INTEGER PRIMARY KEY, fieldName TEXT UNIQUE);
    CREATE TABLE itemDataValues (valueID INTEGER PRIMARY KEY, value UNIQUE);
    CREATE TABLE itemData (itemID INT, fieldID INT, valueID INT, PRIMARY KEY (itemID, fieldID));
    CREATE TABLE creatorTypes (creatorTypeID INTEGER PRIMARY KEY, creatorType TEXT UNIQUE);
    CREATE TABLE creators (creatorID INTEGER PRIMARY KEY, firstName TEXT, lastName TEXT,
        UNIQUE (lastName, firstName));
    CREATE TABLE itemCreators (itemID INT, creatorID INT, creatorTypeID INT, orderIndex INT,
        UNIQUE (itemID, orderIndex));
    CREATE TABLE tags (tagID INTEGER PRIMARY KEY, name TEXT UNIQUE);
    CREATE TABLE itemTags (itemID INT, tagID INT, PRIMARY KEY (itemID, tagID));
    CREATE TABLE collections (collectionID INTEGER PRIMARY KEY, collectionName TEXT NOT NULL,
        parentCollectionID INT, libraryID INT NOT NULL, key TEXT NOT NULL, UNIQUE (libraryID, key));
    CREATE TABLE deletedCollections (collectionID INTEGER PRIMARY KEY);
    CREATE TABLE collectionItems (collectionID INT, itemID INT, PRIMARY KEY (collectionID, itemID));
    CREATE TABLE itemNotes (itemID INTEGER PRIMARY KEY, parentItemID INT, note TEXT);
    CREATE TABLE itemAttachments (itemID INTEGER PRIMARY KEY, parentItemID INT, linkMode INT,
        contentType TEXT, path TEXT);
    CREATE TABLE itemAnnotations (itemID INTEGER PRIMARY KEY, parentItemID INT NOT NULL, type INT NOT NULL,
        text TEXT, comment TEXT, pageLabel TEXT, sortIndex TEXT NOT NULL);
    CREATE TABLE retractedItems (itemID INTEGER PRIMARY KEY, data TEXT, flag INT DEFAULT 0);
    INSERT INTO libraries VALUES (1, 'user'), (2, 'group'), (3, 'feed');
    INSERT INTO groups VALUES (77, 2, 'Owl Lab');
"""
_ALPHABET = "".join(sorted({*string.ascii_uppercase, *string.digits} - set("01LOY")))


class Profile:
    """What is added is written when the block ends. `journal` is that of SQLite: newer ones have `wal`."""

    def __init__(self, folder: Path, journal: str = "delete") -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder, self.database = folder, folder / "zotero.sqlite"
        is_new = not self.database.exists()
        self.connection = sqlite3.connect(self.database)
        self.connection.execute(f"PRAGMA journal_mode = {journal}")
        if is_new:
            self.connection.executescript(SCHEMA)
        (known,) = self._row("SELECT count(*) FROM items")
        self._keys = ("".join(letters) for letters in product(_ALPHABET, repeat=8))
        for _ in range(known):
            next(self._keys)

    def __enter__(self) -> "Profile":
        return self

    def __exit__(self, *_: object) -> None:
        with closing(self.connection):
            self.connection.commit()

    def item(
        self,
        kind: str = "journalArticle",
        creators: Iterable[tuple[str, str, str]] = (),
        tags: Iterable[str] = (),
        collections: Iterable[str] = (),
        library: int = USER,
        retracted: dict[str, Any] | None = None,
        **fields: str | int,
    ) -> str:
        """Add an item; its key. Creators are a type, a given and a family name."""
        key = self._item(kind, library)
        item = self._id(key)
        for name, value in fields.items():
            self._insert(
                "itemData", item, self._known("fields", name), self._known("itemDataValues", value)
            )
        for order, (role, given, family) in enumerate(creators):
            names = "INSERT OR IGNORE INTO creators (firstName, lastName) VALUES (?, ?)"
            self.connection.execute(names, [given, family])
            (creator,) = self._row(
                "SELECT creatorID FROM creators WHERE firstName = ? AND lastName = ?", given, family
            )
            self._insert("itemCreators", item, creator, self._known("creatorTypes", role), order)
        for tag in tags:
            self._insert("itemTags", item, self._known("tags", tag))
        for path in collections:
            self._insert("collectionItems", self.collection(path, library), item)
        if retracted is not None:
            self._insert("retractedItems", item, json.dumps(retracted), 0)
        return key

    def collection(self, path: str, library: int = USER) -> int:
        """The id of a collection, which is added with those around it if it is not there."""
        id_: int | None = None
        for name in path.split("/"):
            query = "SELECT collectionID FROM collections WHERE collectionName = ? AND libraryID = ? AND "
            row = self._row(query + "parentCollectionID IS ?", name, library, id_)
            if not row:
                (number,) = self._row("SELECT count(*) FROM collections")
                row = [number + 1]
                self._insert("collections", number + 1, name, id_, library, f"COLL{number:04}")
            id_ = row[0]
        assert id_
        return id_

    def note(self, parent: str | None, html: str) -> str:
        """Add a note to an item; its key."""
        key = self._item("note")
        self._insert("itemNotes", self._id(key), parent and self._id(parent), html)
        return key

    def pdf(
        self,
        parent: str | None,
        content: bytes | None = None,
        path: str = "storage:paper.pdf",
        mode: int = 0,
        collections: Iterable[str] = (),
    ) -> str:
        """Add a PDF to an item; its key. With content, the file is stored where Zotero would."""
        key = self._item("attachment")
        values = [self._id(key), parent and self._id(parent), mode, "application/pdf", path]
        self._insert("itemAttachments", *values)
        for each in collections:
            self._insert("collectionItems", self.collection(each), self._id(key))
        if content is not None:
            folder = self.folder / "storage" / key
            folder.mkdir(parents=True)
            (folder / path.removeprefix("storage:")).write_bytes(content)
        return key

    def annotation(self, pdf: str, text: str | None, comment: str | None, page: str, sort: str) -> str:
        """Add a highlight, or a note where it has no text, to a PDF; its key."""
        key = self._item("annotation")
        kind = 1 if text else 2
        self._insert("itemAnnotations", self._id(key), self._id(pdf), kind, text, comment, page, sort)
        return key

    def trash(self, *keys: str) -> None:
        """Move items to the trash."""
        for key in keys:
            self._insert("deletedItems", self._id(key))

    def change(self, key: str, **fields: str) -> None:
        """Give fields of an item other values."""
        for name, value in fields.items():
            where = "WHERE itemID = ? AND fieldID = ?"
            self.connection.execute(
                f"UPDATE itemData SET valueID = ? {where}",
                [self._known("itemDataValues", value), self._id(key), self._known("fields", name)],
            )

    def _item(self, kind: str, library: int = USER) -> str:
        key = next(self._keys)
        query = "INSERT INTO items (itemTypeID, libraryID, key) VALUES (?, ?, ?)"
        self.connection.execute(query, [self._known("itemTypes", kind), library, key])
        return key

    def _id(self, key: str) -> int:
        return int(self._row("SELECT itemID FROM items WHERE key = ?", key)[0])

    def _known(self, table: str, value: str | int) -> int:
        """The id of a name or value in its own table."""
        id_, column = [row[1] for row in self.connection.execute(f"PRAGMA table_info({table})")]
        self.connection.execute(f"INSERT OR IGNORE INTO {table} ({column}) VALUES (?)", [value])
        return int(self._row(f"SELECT {id_} FROM {table} WHERE {column} = ?", value)[0])

    def _insert(self, table: str, *values: Any) -> None:
        marks = ", ".join("?" * len(values))
        self.connection.execute(f"INSERT INTO {table} VALUES ({marks})", values)

    def _row(self, query: str, *values: Any) -> Any:
        return self.connection.execute(query, values).fetchone()


def better_bibtex(folder: Path, keys: dict[str, str]) -> None:
    """Write Better BibTeX's database: the citation keys of the user's items by their keys."""
    with closing(sqlite3.connect(folder / "better-bibtex.sqlite")) as connection, connection:
        connection.execute(
            "CREATE TABLE citationkey (itemID INT, itemKey TEXT, libraryID INT, citationKey TEXT)"
        )
        rows = [(number, item, USER, key) for number, (item, key) in enumerate(keys.items())]
        connection.executemany("INSERT INTO citationkey VALUES (?, ?, ?, ?)", rows)


def make(folder: Path, items: int, pdfs: int) -> Iterator[dict[str, Any]]:
    """A profile of so many papers, the first of which have PDFs; what each of them has."""
    birds, places = ("owls", "wrens", "larks", "swifts", "terns"), ("Field", "City", "Coast")
    kinds = {
        "journalArticle": "publicationTitle",
        "conferencePaper": "proceedingsTitle",
        "bookSection": "bookTitle",
        "preprint": "repository",
    }
    keys = {}
    with Profile(folder) as profile:
        for number in range(items):
            kind = list(kinds)[number % len(kinds)]
            title = f"Ledger {number} of {birds[number % 5]} by night, counted {number % 7} times"
            where = f"{birds[number % 5]} in the {places[number % 3]}"
            abstract = f"We count {where}. Ledger {number} holds {number}31 entries."
            tags = [f"tag {number % 40}", birds[number % 5]]
            collections = [f"Thesis/Part {number % 9}/{places[number % 3]}"]
            comment, words = f"My comment {number}", f"{number}31 entries"
            key = profile.item(
                kind,
                [
                    ("author", "Ada", f"Owl{number % 200}"),
                    ("author", "Bo", "Night"),
                    ("editor", "Eva", "Editor"),
                ],
                tags,
                collections,
                title=title,
                abstractNote=abstract,
                date=f"{1990 + number % 35}-05-00 May {1990 + number % 35}",
                DOI=f"10.1000/ledger.{number}",
                volume=number % 50 + 1,
                **{kinds[kind]: f"Journal {number % 30}"},
            )
            profile.note(key, f"<p>My <b>note</b> {number}</p>")
            keys[key] = f"owl{number}ledger"
            notes = [f"My note {number}"]
            if number < pdfs:
                results = (
                    f"Section {number} says that there are {number}31 entries in the ledger of the night."
                )
                pdf = profile.pdf(key, pdf_of(title, abstract, results, version=str(number)))
                profile.annotation(pdf, words, comment, "1", f"{number:05}")
                notes.append(f"On p. 1, “{words}”: {comment}")
            yield {
                "doi": f"10.1000/ledger.{number}",
                "title": title,
                "abstract": abstract,
                "published": f"{1990 + number % 35}-05",
                "authors": [f"Ada Owl{number % 200}", "Bo Night"],
                "key": keys[key],
                "tags": sorted(tags),
                "collections": collections,
                "note": "\n\n".join(notes),
                "has_pdf": number < pdfs,
            }
    better_bibtex(folder, keys)


if __name__ == "__main__":
    for made in make(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])):
        print(json.dumps(made))

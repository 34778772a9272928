"""A Zotero library on this computer, or a collection of it."""

import re
import sqlite3
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from ingest.sources.base import Attachment, Entry, Rejection
from ingest.sources.zotero.files import Folders
from ingest.sources.zotero.finding import DATABASE, base_of_links
from ingest.sources.zotero.item import entry_of
from ingest.sources.zotero.schema import complete, library_of
from ingest.sources.zotero.snapshot import snapshot, state_of
from ingest.sources.zotero.tables import File, Tables
from rag.errors import SourceError
from rag.plain import in_a_line
from rag.types import Paper

BETTER_BIBTEX = "better-bibtex.sqlite"
_OTHERWISE = re.compile(
    r"\d|groups?/", re.ASCII
)  # names that stand for a group, or for a library elsewhere


@dataclass(frozen=True)
class ZoteroSource:
    """The papers of a library in Zotero's data folder: the user's own, or that of a group; all of them, or
    those of a collection and the collections in it. The first PDF of a paper is its text.
    """

    folder: Path
    collection: str = ""
    group: str | None = None
    keep: bool = False

    @property
    def name(self) -> str:
        if self.group:
            return "/".join(filter(None, ["zotero:group", self.group, self.collection]))
        before = "/" if _OTHERWISE.match(self.collection) else ""  # so that the name opens it again
        return f"zotero:{before}{self.collection}" if self.collection else "zotero"

    @property
    def stamp(self) -> str | None:
        """What stays the same as long as Zotero's databases do; None where they cannot be reached."""
        try:
            return "; ".join(state_of(path) for path in self._databases() if path.exists()) or None
        except OSError:
            return None

    def read(self) -> Iterator[Entry]:
        """Yield each paper, followed by its PDF, then the PDFs that belong to none. Raises SourceError."""
        database, keys = self._databases()
        try:
            with snapshot(database) as connection:
                tables, missing = self._tables(connection)
                if missing:
                    yield Rejection(self.name, None, _without(missing))
                yield from self._entries(tables, _citation_keys(keys, tables.library))
        except sqlite3.Error as error:
            reason = in_a_line(str(error))
            raise SourceError(
                f"{database} cannot be read ({reason}): check it, or restore a backup"
            ) from error

    def _tables(self, connection: sqlite3.Connection) -> tuple[Tables, tuple[str, ...]]:
        """The tables of the library, and what they lack. Raises SourceError, sqlite3.Error."""
        try:
            missing = complete(connection)
            return Tables(connection, library_of(connection, self.group)), missing
        except ValueError as error:
            raise SourceError(f"{self.folder / DATABASE} {error}") from error

    def _databases(self) -> list[Path]:
        return [(self.folder / name).resolve() for name in (DATABASE, BETTER_BIBTEX)]

    def _entries(self, tables: Tables, keys: dict[str, str]) -> Iterator[Entry]:
        collections = tables.collections()
        chosen = collections.chosen(self.collection) if self.collection else None
        folders = Folders(self.folder, base_of_links(self.folder))
        unreachable: list[File] = []
        for item, files in tables.papers(keys, collections.paths, chosen):
            entry = entry_of(item, self.name)
            yield entry
            unreachable += [file for file in files if not folders.path_of(file)]
            if isinstance(entry, Paper) and (path := folders.best(files)):
                yield Attachment(self.name, path, entry, self.keep)
        for file in tables.single_files(chosen):
            if path := folders.best([file]):
                yield Attachment(self.name, path, keeps=self.keep)
            else:
                unreachable.append(file)
        if unreachable:
            yield Rejection(self.name, None, _left_out(unreachable))


def _citation_keys(database: Path, library: int) -> dict[str, str]:
    """Better BibTeX's citation keys by the keys of their items, as far as it is there and has them."""
    with suppress(sqlite3.Error, SourceError):
        if database.is_file():
            with snapshot(database) as connection:
                query = "SELECT itemKey, citationKey FROM citationkey WHERE libraryID = ?"
                return {str(item): str(key) for item, key in connection.execute(query, [library]) if key}
    return {}


def _without(missing: tuple[str, ...]) -> str:
    return f"this version of Zotero's database has no {', '.join(missing)}: papers are read without them"


def _left_out(files: list[File]) -> str:
    first = in_a_line(files[0].path)[:100]
    others = f"and {len(files) - 1} more PDFs lie" if len(files) > 1 else "lies"
    return f"{first} {others} outside of Zotero's folders, or on no disk of this computer: left out"

"""The files of papers as the catalog keeps them: their whole texts, by the SHA-256 of their content."""

import hashlib
import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from rag.body import Body
from rag.library.catalog_rows import dump_passages, load, load_passages
from rag.library.catalog_tables import files, papers, records
from rag.library.sql import Database, one_of, texts
from rag.types import Passage, Span

_FILES = sa.select(files.c.file, files.c.path, files.c.is_kept, files.c.reader, files.c.front)
_FILE = _FILES.where(one_of(files.c.file))
_AT = _FILES.where(one_of(files.c.path, "paths"))
_RECORDS = sa.select(records.c.source, records.c.record).where(records.c.file == sa.bindparam("of"))
_BODIES = sa.select(files.c.file, files.c.body).where(one_of(files.c.file))
_PASSAGES = sa.select(papers.c.paper_id, files.c.passages).where(
    papers.c.file == files.c.file, one_of(papers.c.paper_id)
)
_COUNT_PASSAGES = sa.select(files.c.passage_count).where(files.c.file == sa.bindparam("of"))
_IS_KNOWN = sa.select(sa.literal(1)).where(files.c.file == sa.bindparam("of"))
_ADD = sa.insert(files)
_UPDATE = sa.update(files).where(files.c.file == sa.bindparam("of"))
_REPLACE = _UPDATE.values(
    {column.name: sa.bindparam(column.name) for column in files.c if column.name != "file"}
)
_MOVE = _UPDATE.values(path=sa.bindparam("path"), is_kept=sa.bindparam("is_kept"))
_IS_UNUSED = files.c.file.not_in(sa.select(records.c.file).where(records.c.file.is_not(None)))
_DELETE_UNUSED = sa.delete(files).where(_IS_UNUSED)
_RECENT = 48  # bodies, of some hundred KB
_HOLDS_BODIES = sa.select(sa.literal(1)).where(papers.c.file.is_not(None)).limit(1)
_IDS = sa.select(files.c.file).order_by(files.c.file)
_STORED = sa.select(files.c.passages, files.c.body).where(files.c.file == sa.bindparam("of"))
_KEPT = sa.select(files.c.file).where(files.c.is_kept)


def file_id(path: Path) -> str:
    """The id of a file: the SHA-256 of its content in hexadecimal digits. Raises OSError."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@dataclass(frozen=True)
class PaperFile:
    """A file that holds a paper's whole text.

    `file` is the SHA-256 of its content in hexadecimal digits, `path` where it stood when it was read; if
    `is_kept`, the library has a copy. `reader` is the version of the reader, `front` what it read on the
    first page.
    """

    file: str
    path: str
    is_kept: bool
    reader: int
    front: Mapping[str, Any]


class PaperFiles:
    """Reads and writes the files of a catalog."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._recent: dict[str, Body] = {}  # the last bodies that were read, which never change

    def known(self, file_ids: Collection[str]) -> dict[str, PaperFile]:
        """What is known of these files, by id; unknown ids are left out."""
        rows = map(_paper_file, self._database.rows(_FILE, ids=texts(file_ids)))
        return {row.file: row for row in rows}

    def at(self, paths: Collection[str]) -> dict[str, PaperFile]:
        """What is known of the files that stood at these paths, by path."""
        rows = map(_paper_file, self._database.rows(_AT, paths=texts(paths))) if paths else ()
        return {row.path: row for row in rows}

    def titles(self, file: str) -> dict[str, str]:
        """The titles that sources give to the paper of a file, by source."""
        return {source: load(record).title for source, record in self._database.rows(_RECORDS, of=file)}

    def bodies(self, file_ids: Collection[str]) -> dict[str, Body]:
        """The bodies of these files, by id; unknown ids are left out."""
        known = {file: body for file in file_ids if (body := self._recent.get(file))}
        if unknown := [file for file in file_ids if file not in known]:
            rows = self._database.rows(_BODIES, ids=texts(unknown))
            known |= {file: Body.from_bytes(packed) for file, packed in rows}
            self._recent = dict([*self._recent.items(), *known.items()][-_RECENT:])
        return known

    def passages(self, paper_ids: Collection[str]) -> dict[str, list[Passage]]:
        """The passages of the bodies of these papers in their order, by paper id."""
        rows = self._database.rows(_PASSAGES, ids=texts(paper_ids))
        return {paper_id: load_passages(paper_id, passages) for paper_id, passages in rows}

    def count_passages(self, file: str | None) -> int:
        """The number of passages in the body of a file."""
        rows = self._database.rows(_COUNT_PASSAGES, of=file) if file else []
        return int(rows[0][0]) if rows else 0

    def ids(self) -> list[str]:
        """The ids of all files, sorted."""
        return [row[0] for row in self._database.rows(_IDS)]

    def stored(self, file: str) -> tuple[PaperFile, list[Passage], bytes]:
        """All of a file: what is known of it, its passages, and its packed body. Raises KeyError."""
        ((passages, body),) = self._database.rows(_STORED, of=file)
        return self.known([file])[file], load_passages("", passages), body

    def holds_bodies(self) -> bool:
        """Whether any paper has a body."""
        return bool(self._database.rows(_HOLDS_BODIES))

    def put(self, file: PaperFile, body: Body, spans: Sequence[Span]) -> None:
        """Store a file, within a transaction; `spans` are those of its passages."""
        passages = dump_passages([Passage("", *span, part="body") for span in spans])
        row = {
            "path": file.path,
            "is_kept": file.is_kept,
            "reader": file.reader,
            "front": json.dumps(file.front, ensure_ascii=False),
            "passages": passages,
            "passage_count": len(spans),
            "body": body.to_bytes(),
        }
        self._recent = {}
        if self._database.rows(_IS_KNOWN, of=file.file):
            self._database.run(_REPLACE, of=file.file, **row)
        else:
            self._database.run(_ADD, file=file.file, **row)

    def move(self, file: str, path: str, *, is_kept: bool) -> None:
        """Say where a file stands now, within a transaction."""
        self._database.run(_MOVE, of=file, path=path, is_kept=is_kept)

    def delete_unused(self) -> None:
        """Delete the files that no record names, within a transaction."""
        self._database.run(_DELETE_UNUSED)

    def kept(self) -> set[str]:
        """The ids of the files of which the library has a copy."""
        return {row[0] for row in self._database.rows(_KEPT)}


def _paper_file(row: Any) -> PaperFile:
    return PaperFile(row[0], row[1], bool(row[2]), row[3], json.loads(row[4]))

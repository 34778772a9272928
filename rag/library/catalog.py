"""The catalog: papers and the log of their changes in SQLite. It is the truth; indexes follow it.

A source's record of a paper is kept as it came; the paper is what its records say together. Each
change of a paper takes the next sequence number, and the log keeps the last change of each paper,
so that an index that knows which number it has applied knows all that it lacks.
"""

import hashlib
import json
import sqlite3
import threading
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Literal

from rag.errors import DamagedError, MixedLibraryError
from rag.identity import reference_keys
from rag.library.merge import merge_records
from rag.library.sql import rows_in
from rag.types import Filters, Paper, Passage, Span

FORMAT = 1  # raise it with every change of the tables
_SCHEMA = """
CREATE TABLE records (
    paper_id TEXT, source TEXT, mention INTEGER, record TEXT NOT NULL,
    PRIMARY KEY (paper_id, source, mention)
) WITHOUT ROWID;
CREATE TABLE papers (
    paper_id TEXT PRIMARY KEY, paper TEXT NOT NULL, year INTEGER,
    passages TEXT NOT NULL, passage_count INTEGER NOT NULL
) WITHOUT ROWID;
CREATE TABLE keys (key TEXT PRIMARY KEY, paper_id TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE changes (paper_id TEXT PRIMARY KEY, sequence INTEGER NOT NULL UNIQUE) WITHOUT ROWID;
CREATE TABLE kind (is_digest INTEGER NOT NULL);
"""

Outcome = Literal["added", "updated", "unchanged"]
Splitter = Callable[[str], Sequence[Span]]


@dataclass(frozen=True)
class Change:
    """The latest state of a paper that changed; `paper` is None where it was removed."""

    sequence: int
    paper_id: str
    paper: Paper | None
    passages: tuple[Passage, ...]


class Catalog:
    """The catalog in one file. Safe to use from several threads; several processes may read."""

    def __init__(self, path: Path) -> None:
        """Open the file, or make it. Raises DamagedError."""
        self._path = path
        self._lock = threading.RLock()
        with self._translated():
            self._connection = sqlite3.connect(
                path, timeout=30, isolation_level=None, check_same_thread=False
            )
        try:
            self._run("PRAGMA journal_mode = WAL")
            self._run("PRAGMA synchronous = FULL")
            self._prepare()
        except DamagedError:
            self.close()
            raise

    def close(self) -> None:
        self._connection.close()

    def put(
        self, papers: Sequence[Paper], source: str, mentions: Counter[str], split: Splitter
    ) -> list[tuple[str, Outcome]]:
        """Write what a source says of papers in one transaction; id and outcome of each.

        `mentions` counts how often this source has named each paper so far, and goes on counting:
        the second mention of a paper is a record of its own. `split` cuts an abstract into
        passages. Raises MixedLibraryError, DamagedError.
        """
        with self._transaction():
            return [self._put(paper, source, mentions, split) for paper in papers]

    def drop_mentions(self, source: str, mentions: Counter[str], split: Splitter) -> None:
        """Forget what a source said of a paper oftener than it does now, and store the paper anew.

        For a source that has been read to its end. Papers that it no longer names stay.
        """
        rows = self._rows(
            "SELECT paper_id, max(mention) FROM records WHERE source = ? GROUP BY paper_id", source
        )
        fewer = [paper_id for paper_id, last in rows if 0 < mentions[paper_id] <= last]
        with self._transaction():
            for paper_id in fewer:
                self._run(
                    "DELETE FROM records WHERE paper_id = ? AND source = ? AND mention >= ?",
                    paper_id,
                    source,
                    mentions[paper_id],
                )
                self._store(self._merged(paper_id), split)

    def resolve(self, paper: Paper) -> str:
        """The id under which this paper is known, or else its own."""
        known = self._known(paper.keys)
        return next((known[key] for key in paper.keys if key in known), paper.paper_id)

    def find(self, references: Sequence[str]) -> dict[str, str]:
        """The ids of papers by what they are referred to with: an id, arXiv id, DOI or title.

        Titles are compared normalised. References to papers that are not here are left out.
        """
        keys = {reference: reference_keys(reference) for reference in references}
        known = self._known({key for several in keys.values() for key in several})
        found = {
            reference: next((known[key] for key in several if key in known), reference)
            for reference, several in keys.items()
        }
        held = self.papers(list(found.values()))
        return {reference: paper_id for reference, paper_id in found.items() if paper_id in held}

    def papers(self, paper_ids: Sequence[str]) -> dict[str, Paper]:
        """The papers of these ids, by id; unknown ids are left out."""
        rows = rows_in(self._rows, "SELECT paper_id, paper FROM papers WHERE paper_id IN", paper_ids)
        return {paper_id: _load(paper) for paper_id, paper in rows}

    def passages(self, paper_ids: Sequence[str]) -> dict[str, list[Passage]]:
        """The passages of these papers in their order, by id; unknown ids are left out."""
        rows = rows_in(self._rows, "SELECT paper_id, passages FROM papers WHERE paper_id IN", paper_ids)
        return {
            paper_id: [Passage(paper_id, start, end) for start, end in json.loads(spans)]
            for paper_id, spans in rows
        }

    def narrow(self, filters: Filters) -> Filters:
        """The same filters by years and ids alone, which is what the indexes know."""
        conditions, values = ["1"], []
        for condition, value in (
            ("json_extract(paper, '$.author_count') >= ?", filters.min_authors),
            ("json_extract(paper, '$.author_count') <= ?", filters.max_authors),
            ("lower(json_extract(paper, '$.organization')) = lower(?)", filters.organization),
        ):
            if value is not None:
                conditions.append(condition)
                values.append(value)
        if filters.source is not None:
            conditions.append(
                "paper_id IN (SELECT paper_id FROM records WHERE source = ? OR source LIKE ? ESCAPE '\\')"
            )
            values += [filters.source, f"%/{_literally(filters.source)}"]
        papers = None if filters.papers is None else tuple(self.find(filters.papers).values())
        if values:
            fulfilling = self._rows(
                f"SELECT paper_id FROM papers WHERE {' AND '.join(conditions)} ORDER BY paper_id", *values
            )
            wanted = papers if papers is None else set(papers)
            papers = tuple(row[0] for row in fulfilling if wanted is None or row[0] in wanted)
        return Filters(filters.from_year, filters.to_year, papers=papers)

    def changes_after(self, sequence: int, most: int) -> list[Change]:
        """The first `most` changes after a sequence number, in their order."""
        rows = self._rows(
            "SELECT sequence, paper_id, paper, passages FROM changes LEFT JOIN papers"
            " USING (paper_id) WHERE sequence > ? ORDER BY sequence LIMIT ?",
            sequence,
            most,
        )
        return [_change(*row) for row in rows]

    def count_changes_after(self, sequence: int) -> int:
        """How many papers changed after a sequence number."""
        return self._number("SELECT count(*) FROM changes WHERE sequence > ?", sequence)

    def last_sequence(self) -> int:
        """The sequence number of the last change, 0 where nothing was ever written."""
        return self._number("SELECT coalesce(max(sequence), 0) FROM changes")

    def count(self) -> int:
        return self._number("SELECT count(*) FROM papers")

    def count_passages(self) -> int:
        return self._number("SELECT coalesce(sum(passage_count), 0) FROM papers")

    def count_without_year(self) -> int:
        return self._number("SELECT count(*) FROM papers WHERE year IS NULL")

    def count_without_authors(self) -> int:
        return self._number(
            "SELECT count(*) FROM papers WHERE json_extract(paper, '$.author_count') IS NULL"
        )

    def passages_by_paper(self) -> Iterator[tuple[str, int]]:
        """Every paper id with its number of passages."""
        yield from self._rows("SELECT paper_id, passage_count FROM papers ORDER BY paper_id")

    def digest(self) -> str:
        """SHA-256 of all papers with their passages: the same whatever the order in which they came."""
        found = hashlib.sha256()
        with self._lock, self._translated():
            for row in self._connection.execute("SELECT paper, passages FROM papers ORDER BY paper_id"):
                found.update(json.dumps(row).encode())
        return found.hexdigest()

    @property
    def holds_digests(self) -> bool:
        """Whether the texts here are digests; False for an empty catalog."""
        return bool(self._number("SELECT coalesce(max(is_digest), 0) FROM kind"))

    def _put(
        self, record: Paper, source: str, mentions: Counter[str], split: Splitter
    ) -> tuple[str, Outcome]:
        self._check_kind(record.is_digest)
        paper_id = self.resolve(record)
        for key in record.keys:
            self._run("INSERT OR IGNORE INTO keys VALUES (?, ?)", key, paper_id)
        self._run(
            "INSERT OR REPLACE INTO records VALUES (?, ?, ?, ?)",
            paper_id,
            source,
            mentions[paper_id],
            _dump(replace(record, paper_id=paper_id)),
        )
        mentions[paper_id] += 1
        return paper_id, self._store(self._merged(paper_id), split)

    def _merged(self, paper_id: str) -> Paper:
        rows = self._rows(
            "SELECT record FROM records WHERE paper_id = ? ORDER BY source, mention", paper_id
        )
        return merge_records([_load(row[0]) for row in rows])

    def _store(self, paper: Paper, split: Splitter) -> Outcome:
        known = self._rows("SELECT paper FROM papers WHERE paper_id = ?", paper.paper_id)
        dumped = _dump(paper)
        if known and known[0][0] == dumped:
            return "unchanged"
        passages = list(split(paper.abstract))
        self._run(
            "INSERT OR REPLACE INTO papers VALUES (?, ?, ?, ?, ?)",
            paper.paper_id,
            dumped,
            paper.year,
            json.dumps(passages),
            len(passages),
        )
        self._run(
            "INSERT OR REPLACE INTO changes SELECT ?, coalesce(max(sequence), 0) + 1 FROM changes",
            paper.paper_id,
        )
        return "updated" if known else "added"

    def _check_kind(self, is_digest: bool) -> None:
        known = self._rows("SELECT is_digest FROM kind")
        if not known:
            self._run("INSERT INTO kind VALUES (?)", is_digest)
        elif bool(known[0][0]) != is_digest:
            held, given = ("digests", "abstracts") if known[0][0] else ("abstracts", "digests")
            raise MixedLibraryError(
                f"the library in {self._path.parent} holds {held} and would be mixed with {given}: "
                "name another folder with --library"
            )

    def _prepare(self) -> None:
        version = self._number("PRAGMA user_version")
        if version > FORMAT:
            raise DamagedError(
                f"{self._path} was written by a newer askpapers (format {version}, this one knows "
                f"{FORMAT}): upgrade with `pip install --upgrade askpapers`"
            )
        if version == 0:
            with self._transaction():
                if self._number("PRAGMA user_version") == 0:  # nobody else was first
                    for statement in _SCHEMA.split(";"):
                        self._run(statement)
                    self._run(f"PRAGMA user_version = {FORMAT}")

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        with self._lock, self._translated():
            self._run("BEGIN IMMEDIATE")
            try:
                yield
            except BaseException:
                if self._connection.in_transaction:  # a full disk has ended it already
                    self._run("ROLLBACK")
                raise
            self._run("COMMIT")

    def _rows(self, statement: str, *values: object) -> list[tuple]:  # type: ignore[type-arg]
        with self._lock, self._translated():
            return self._connection.execute(statement, values).fetchall()

    def _known(self, keys: Collection[str]) -> dict[str, str]:
        """The ids of the papers that are known under these keys, by key."""
        return dict(rows_in(self._rows, "SELECT key, paper_id FROM keys WHERE key IN", keys))

    def _run(self, statement: str, *values: object) -> None:
        self._rows(statement, *values)

    def _number(self, statement: str, *values: object) -> int:
        return int(self._rows(statement, *values)[0][0])

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.DatabaseError as error:
            raise DamagedError(
                f"the catalog {self._path} cannot be used ({error}): see that the disk has room and "
                "the folder can be written, or restore the file from a backup"
            ) from error


def _literally(text: str) -> str:
    """For LIKE, with a backslash as escape."""
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


def _dump(paper: Paper) -> str:
    return json.dumps(asdict(paper), ensure_ascii=False)


def _load(dumped: str) -> Paper:
    return Paper(**json.loads(dumped))


def _change(sequence: int, paper_id: str, paper: str | None, passages: str | None) -> Change:
    spans = json.loads(passages) if passages else []
    return Change(
        sequence,
        paper_id,
        _load(paper) if paper else None,
        tuple(Passage(paper_id, start, end) for start, end in spans),
    )

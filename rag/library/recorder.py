"""What sources say, written into the catalog: who is the same paper, and what its records say together."""

import json
from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import fields, replace
from itertools import chain, count
from typing import Literal

from rag.errors import MixedLibraryError
from rag.identity import title_key
from rag.library.catalog_file import CatalogFile
from rag.library.merge import merge_records
from rag.library.sameness import Candidate, same_papers
from rag.library.sql import rows_in
from rag.types import Paper, Span

Outcome = Literal["added", "updated", "unchanged", "duplicates"]
Splitter = Callable[[str], Sequence[Span]]

# Of records: not heard again in this run.
_IS_OLD = (
    "NOT EXISTS (SELECT 1 FROM met WHERE met.paper_id = records.paper_id"
    " AND met.source = records.source AND met.mention = records.mention)"
)
# Of those, the ones that a source said of papers that it has named in this run.
_GONE = (
    "SELECT records.paper_id, mention FROM (SELECT DISTINCT paper_id FROM met WHERE source = ?) AS named"
    f" JOIN records ON records.paper_id = named.paper_id AND records.source = ? AND {_IS_OLD}"
)
_FIELDS = tuple(each.name for each in fields(Paper))


class Recorder:
    """The pen of one run over sources; what the run has met is in a table that SQLite keeps on disk.

    A source that is read again replaces its own records of a paper: one that it repeats to the letter
    stays, any other takes the place of one that is not. For one writer; the library holds the lock.
    """

    def __init__(self, file: CatalogFile, split: Splitter) -> None:
        """`split` cuts an abstract into passages."""
        self._file = file
        self._split = split
        file.run("DROP TABLE IF EXISTS temp.met")
        file.run(
            "CREATE TEMP TABLE met (paper_id TEXT, source TEXT, mention INTEGER,"
            " PRIMARY KEY (source, paper_id, mention)) WITHOUT ROWID"
        )
        file.run("CREATE INDEX temp.met_papers ON met (paper_id)")

    def put(self, papers: Sequence[Paper], source: str) -> list[tuple[str, Outcome]]:
        """Write what a source says of papers in one transaction; id and outcome of each.

        A paper that this run has met before is a duplicate, whatever its earlier mention did.
        Raises MixedLibraryError, DamagedError.
        """
        with self._file.transaction():
            return [self._put(paper, source) for paper in papers]

    def finish(self, source: str) -> None:
        """Forget what a source said before, and not in this run, of papers that it has named.

        For a source that has been read to its end. Papers that it no longer names stay.
        """
        gone = self._file.rows(_GONE, source, source)
        with self._file.transaction():
            for paper_id, mention in gone:
                self._file.run(
                    "DELETE FROM records WHERE paper_id = ? AND source = ? AND mention = ?",
                    *(paper_id, source, mention),
                )
            for paper_id in dict.fromkeys(paper_id for paper_id, _ in gone):
                self._store(paper_id)

    def restore(self, records: Sequence[tuple[str, int, Paper]]) -> None:
        """Write records as they were kept: source, mention and record, whose id stays.

        All of a paper stand together. Raises MixedLibraryError, DamagedError.
        """
        with self._file.transaction():
            for source, mention, record in records:
                self._check_kind(record.is_digest)
                self._keep(record.paper_id, source, mention, record)
            for paper_id in dict.fromkeys(record.paper_id for *_, record in records):
                self._store(paper_id)

    def _put(self, record: Paper, source: str) -> tuple[str, Outcome]:
        self._check_kind(record.is_digest)
        same = same_papers(record, self._candidates(record, source))
        paper_id = same[0].paper_id if same else self._new_id(record)
        for other in same[1:]:
            self._join(other.paper_id, paper_id)
        is_met = bool(self._file.rows("SELECT 1 FROM met WHERE paper_id = ? LIMIT 1", paper_id))
        is_known = self._take_down(paper_id, source, record)
        outcome: Outcome = "unchanged" if is_known and len(same) == 1 else self._store(paper_id)
        return paper_id, "duplicates" if is_met else outcome

    def _take_down(self, paper_id: str, source: str, record: Paper) -> bool:
        """Keep a record in the place of one that this source said before; whether it is the same."""
        dumped = dump(replace(record, paper_id=paper_id))
        old = self._file.rows(
            f"SELECT mention, record = ? FROM records WHERE paper_id = ? AND source = ? AND {_IS_OLD}"
            " ORDER BY record <> ?, mention LIMIT 1",
            *(dumped, paper_id, source, dumped),
        )
        mention, is_same = old[0] if old else (self._next_mention(paper_id, source), False)
        self._file.run("INSERT INTO met VALUES (?, ?, ?)", paper_id, source, mention)
        if not is_same:
            self._keep(paper_id, source, mention, record)
        return bool(is_same)

    def _candidates(self, record: Paper, source: str) -> list[Candidate]:
        """The papers that share a key with a record."""
        shared: dict[str, set[str]] = defaultdict(set)
        for key, paper_id in rows_in(
            self._file.rows, "SELECT key, paper_id FROM keys WHERE key IN", record.keys
        ):
            shared[paper_id].add(key)
        found = []
        for paper_id, keys in shared.items():
            records = self._records(paper_id)
            met = self._met(paper_id, source)
            others = [each for where, mention, each in records if where != source or mention in met]
            own = [each for where, _, each in records if where == source]
            meant = replace(record, paper_id=paper_id)
            paper = merge_records([each for *_, each in records])
            said = merge_records(others) if others else None
            found.append(Candidate(paper, said, frozenset(keys), meant in own))
        return found

    def _new_id(self, record: Paper) -> str:
        """An id that no paper has: the first of the record's keys, else one of its title and more."""
        return next(
            each
            for each in self._ids(record)
            if not self._file.rows("SELECT 1 FROM papers WHERE paper_id = ?", each)
        )

    def _ids(self, record: Paper) -> Iterator[str]:
        yield record.keys[0]
        for further in chain([record.year, *record.keys], count(2)):
            yield title_key(f"{record.title} {further}")

    def _join(self, paper_id: str, into: str) -> None:
        """Make two papers one: its records and keys become those of the other."""
        for where, mention, record in self._records(paper_id):
            following = self._next_mention(into, where)
            self._keep(into, where, following, record)
            if mention in self._met(paper_id, where):
                self._file.run("INSERT INTO met VALUES (?, ?, ?)", into, where, following)
        self._file.run(
            "INSERT OR IGNORE INTO keys SELECT key, ? FROM keys WHERE paper_id = ?", into, paper_id
        )
        forget(self._file, [paper_id])
        self._file.run("DELETE FROM met WHERE paper_id = ?", paper_id)

    def _keep(self, paper_id: str, source: str, mention: int, record: Paper) -> None:
        """Write a record, and the keys under which it makes the paper known."""
        for key in {*record.keys, paper_id}:
            self._file.run("INSERT OR IGNORE INTO keys VALUES (?, ?)", key, paper_id)
        self._file.run(
            "INSERT OR REPLACE INTO records VALUES (?, ?, ?, ?)",
            *(paper_id, source, mention, dump(replace(record, paper_id=paper_id))),
        )

    def _next_mention(self, paper_id: str, source: str) -> int:
        return self._file.number(
            "SELECT coalesce(max(mention) + 1, 0) FROM records WHERE paper_id = ? AND source = ?",
            *(paper_id, source),
        )

    def _met(self, paper_id: str, source: str) -> set[int]:
        """The mentions of a paper that this run has heard from a source."""
        rows = self._file.rows(
            "SELECT mention FROM met WHERE paper_id = ? AND source = ?", paper_id, source
        )
        return {mention for (mention,) in rows}

    def _records(self, paper_id: str) -> list[tuple[str, int, Paper]]:
        """What is kept of a paper: source, mention, record."""
        rows = self._file.rows(
            "SELECT source, mention, record FROM records WHERE paper_id = ? ORDER BY source, mention",
            paper_id,
        )
        return [(source, mention, load(record)) for source, mention, record in rows]

    def _store(self, paper_id: str) -> Outcome:
        """Make the paper anew of its records."""
        paper = merge_records([record for *_, record in self._records(paper_id)])
        known = self._file.rows("SELECT paper FROM papers WHERE paper_id = ?", paper_id)
        dumped = dump(paper)
        if known and known[0][0] == dumped:
            return "unchanged"
        passages = list(self._split(paper.abstract))
        self._file.run(
            "INSERT OR REPLACE INTO papers VALUES (?, ?, ?, ?, ?)",
            *(paper_id, dumped, paper.year, json.dumps(passages), len(passages)),
        )
        log(self._file, paper_id)
        return "updated" if known else "added"

    def _check_kind(self, is_digest: bool) -> None:
        known = self._file.rows("SELECT is_digest FROM kind")
        if not known:
            self._file.run("INSERT INTO kind VALUES (?)", is_digest)
        elif bool(known[0][0]) != is_digest:
            held, given = ("digests", "abstracts") if known[0][0] else ("abstracts", "digests")
            raise MixedLibraryError(
                f"the library in {self._file.path.parent} holds {held} and would be mixed with {given}: "
                "name another folder with --library"
            )


def forget(file: CatalogFile, paper_ids: Collection[str]) -> None:
    """Delete papers with all that was said of them, within a transaction."""
    for table in ("records", "papers", "keys"):
        rows_in(file.rows, f"DELETE FROM {table} WHERE paper_id IN", paper_ids)
    for paper_id in paper_ids:
        log(file, paper_id)


def log(file: CatalogFile, paper_id: str) -> None:
    """Give a paper's change the next sequence number, which takes the place of its last one."""
    file.run(
        "INSERT OR REPLACE INTO changes SELECT ?, coalesce(max(sequence), 0) + 1 FROM changes", paper_id
    )


def dump(paper: Paper) -> str:
    """The paper as JSON, without a list of authors where none are known."""
    told = {name: getattr(paper, name) for name in _FIELDS}
    if not paper.authors:
        del told["authors"]
    return json.dumps(told, ensure_ascii=False)


def load(dumped: str) -> Paper:
    """What `dump` made."""
    return Paper(**json.loads(dumped))

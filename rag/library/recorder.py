"""What sources say, written into the catalog: who is the same paper, and what its records say together."""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import replace
from itertools import chain, count
from typing import Literal

from sqlalchemy import (
    Column,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
    and_,
    bindparam,
    delete,
    exists,
    func,
    insert,
    literal,
    select,
    update,
)
from sqlalchemy.schema import DropTable

from rag.errors import MixedLibraryError
from rag.identity import title_key
from rag.library.catalog_rows import dump, load, paper_row
from rag.library.catalog_tables import changes, keys, kind, papers, records
from rag.library.merge import merge_records
from rag.library.sameness import Candidate, same_papers
from rag.library.sql import Database, insert_missing, one_of, texts
from rag.types import Paper, Passage, Span

Outcome = Literal["added", "updated", "unchanged", "duplicates"]
Splitter = Callable[[str], Sequence[Span]]

# What a run has met, for its own connection alone.
_met = Table(
    "met",
    MetaData(),
    Column("source", Text, primary_key=True),
    Column("paper_id", Text, primary_key=True),
    Column("mention", Integer, primary_key=True, autoincrement=False),
    Index("met_papers", "paper_id"),
    prefixes=["TEMPORARY"],
    sqlite_with_rowid=False,
)
_of_paper = records.c.paper_id == bindparam("id")
_of_source = and_(_of_paper, records.c.source == bindparam("of"))
_is_old = ~(  # not met again in this run
    exists()
    .where(
        _met.c.paper_id == records.c.paper_id,
        _met.c.source == records.c.source,
        _met.c.mention == records.c.mention,
    )
    .correlate(records)
)
_DROP_MET = DropTable(_met, if_exists=True)
_MEET = insert(_met)
_IS_MET = select(literal(1)).where(_met.c.paper_id == bindparam("id")).limit(1)
_MENTIONS_MET = select(_met.c.mention).where(
    _met.c.paper_id == bindparam("id"), _met.c.source == bindparam("of")
)
_UNMEET = delete(_met).where(_met.c.paper_id == bindparam("id"))
_named = select(_met.c.paper_id).where(_met.c.source == bindparam("of")).distinct().subquery()
_GONE = (
    select(records.c.paper_id, records.c.mention)
    .join_from(_named, records, _named.c.paper_id == records.c.paper_id)
    .where(records.c.source == bindparam("of"), _is_old)
)
_RECORDS = (
    select(records.c.source, records.c.mention, records.c.record)
    .where(_of_paper)
    .order_by(records.c.source, records.c.mention)
)
_is_same = records.c.record == bindparam("record")
_REPLACEABLE = (
    select(records.c.mention, _is_same)
    .where(_of_source, _is_old)
    .order_by(_is_same.desc(), records.c.mention)
    .limit(1)
)
_NEXT_MENTION = select(func.coalesce(func.max(records.c.mention) + 1, 0)).where(_of_source)
_of_mention = and_(_of_source, records.c.mention == bindparam("number"))
_DELETE_RECORD = delete(records).where(_of_mention)
_UPDATE_RECORD = update(records).where(_of_mention).values(record=bindparam("record"))
_INSERT_RECORD = insert(records)
_KEYED = select(keys.c.key, keys.c.paper_id).where(one_of(keys.c.key, "keys"))
_ADD_KEY = insert_missing(keys)
_own_keys = select(keys.c.key).where(keys.c.paper_id == bindparam("into"))
_JOIN_KEYS = insert(keys).from_select(
    ["key", "paper_id"],
    select(keys.c.key, bindparam("into", type_=Text)).where(
        keys.c.paper_id == bindparam("id"), keys.c.key.not_in(_own_keys)
    ),
)
_PAPER = select(papers.c.paper).where(papers.c.paper_id == bindparam("id"))
_INSERT_PAPER = insert(papers)
_UPDATE_PAPER = update(papers).where(papers.c.paper_id == bindparam("id"))
_next_sequence = select(func.coalesce(func.max(changes.c.sequence), 0) + 1).scalar_subquery()
_MOVE_CHANGE = update(changes).where(changes.c.paper_id == bindparam("id")).values(sequence=_next_sequence)
_INSERT_CHANGE = insert(changes).values(paper_id=bindparam("id"), sequence=_next_sequence)
_KIND = select(kind.c.is_digest)
_SET_KIND = insert(kind)
_DELETE_PAPERS = [delete(table).where(one_of(table.c.paper_id, "ids")) for table in (records, papers, keys)]


class Recorder:
    """The pen of one run over sources; what the run has met is in a table that SQLite keeps on disk.

    A source that is read again replaces its own records of a paper: one that it repeats to the letter
    stays, any other takes the place of one that is not. For one writer; the library holds the lock.
    """

    def __init__(self, database: Database, split: Splitter) -> None:
        """`split` cuts an abstract into passages."""
        self._database = database
        self._split = split
        with database.transaction():
            database.run(_DROP_MET)
            database.create(_met)

    def put(self, papers: Sequence[Paper], source: str) -> list[tuple[str, Outcome]]:
        """Write what a source says of papers in one transaction; id and outcome of each.

        A paper that this run has met before is a duplicate, whatever its earlier mention did.
        Raises MixedLibraryError, DamagedError.
        """
        with self._database.transaction():
            return [self._put(paper, source) for paper in papers]

    def finish(self, source: str) -> None:
        """Forget what a source said before, and not in this run, of papers that it has named.

        For a source that has been read to its end. Papers that it no longer names stay.
        """
        with self._database.transaction():
            gone = self._database.rows(_GONE, of=source)
            for paper_id, mention in gone:
                self._database.run(_DELETE_RECORD, id=paper_id, of=source, number=mention)
            for paper_id in dict.fromkeys(paper_id for paper_id, _ in gone):
                self._store(paper_id)

    def restore(self, records: Sequence[tuple[str, int, Paper]]) -> None:
        """Write records as they were kept: source, mention and record, whose id stays.

        All of a paper stand together. Raises MixedLibraryError, DamagedError.
        """
        with self._database.transaction():
            for source, mention, record in records:
                self._check_kind(record.is_digest)
                self._make_known(record.paper_id, record)
                self._database.run(_DELETE_RECORD, id=record.paper_id, of=source, number=mention)
                self._add(source, mention, record.paper_id, dump(record))
            for paper_id in dict.fromkeys(record.paper_id for *_, record in records):
                self._store(paper_id)

    def _put(self, record: Paper, source: str) -> tuple[str, Outcome]:
        self._check_kind(record.is_digest)
        same = same_papers(record, self._candidates(record, source))
        paper_id = same[0].paper_id if same else self._new_id(record)
        for other in same[1:]:
            self._join(other.paper_id, paper_id)
        is_met = bool(self._database.rows(_IS_MET, id=paper_id))
        is_known = self._take_down(paper_id, source, record)
        outcome: Outcome = "unchanged" if is_known and len(same) == 1 else self._store(paper_id)
        return paper_id, "duplicates" if is_met else outcome

    def _take_down(self, paper_id: str, source: str, record: Paper) -> bool:
        """Keep a record in the place of one that this source said before; whether it is the same."""
        dumped = dump(replace(record, paper_id=paper_id))
        old = self._database.rows(_REPLACEABLE, id=paper_id, of=source, record=dumped)
        mention, is_same = old[0] if old else (self._next_mention(paper_id, source), False)
        self._meet(paper_id, source, mention)
        if not is_same:
            self._make_known(paper_id, record)
        if not old:
            self._add(source, mention, paper_id, dumped)
        elif not is_same:
            self._database.run(_UPDATE_RECORD, id=paper_id, of=source, number=mention, record=dumped)
        return bool(is_same)

    def _candidates(self, record: Paper, source: str) -> list[Candidate]:
        """The papers that share a key with a record."""
        shared: dict[str, set[str]] = defaultdict(set)
        for key, paper_id in self._database.rows(_KEYED, keys=texts(record.keys)):
            shared[paper_id].add(key)
        candidates = []
        for paper_id, common in shared.items():
            kept = self._records(paper_id)
            met = self._mentions_met(paper_id, source)
            others = [known for where, mention, known in kept if where != source or mention in met]
            own = [known for where, _, known in kept if where == source]
            paper = merge_records([known for *_, known in kept])
            without_own = merge_records(others) if others else None
            is_repeated = replace(record, paper_id=paper_id) in own
            candidates.append(Candidate(paper, without_own, frozenset(common), is_repeated))
        return candidates

    def _new_id(self, record: Paper) -> str:
        """An id that no paper has: the first of the record's keys, else one of its title and more."""
        return next(id_ for id_ in self._ids(record) if not self._database.rows(_PAPER, id=id_))

    def _ids(self, record: Paper) -> Iterator[str]:
        yield record.keys[0]
        for further in chain([record.year, *record.keys], count(2)):
            yield title_key(f"{record.title} {further}")

    def _join(self, paper_id: str, into: str) -> None:
        """Make two papers one: its records and keys become those of the other."""
        for source, mention, record in self._records(paper_id):
            following = self._next_mention(into, source)
            self._add(source, following, into, dump(replace(record, paper_id=into)))
            if mention in self._mentions_met(paper_id, source):
                self._meet(into, source, following)
        self._database.run(_JOIN_KEYS, id=paper_id, into=into)
        delete_papers(self._database, [paper_id])
        self._database.run(_UNMEET, id=paper_id)

    def _add(self, source: str, mention: int, paper_id: str, record: str) -> None:
        self._database.run(_INSERT_RECORD, paper_id=paper_id, source=source, mention=mention, record=record)

    def _make_known(self, paper_id: str, record: Paper) -> None:
        """Keep the keys under which a record makes a paper known."""
        known_as = {*record.keys, paper_id}
        self._database.run_all(_ADD_KEY, ({"key": key, "paper_id": paper_id} for key in known_as))

    def _next_mention(self, paper_id: str, source: str) -> int:
        return int(self._database.value(_NEXT_MENTION, id=paper_id, of=source))

    def _meet(self, paper_id: str, source: str, mention: int) -> None:
        self._database.run(_MEET, paper_id=paper_id, source=source, mention=mention)

    def _mentions_met(self, paper_id: str, source: str) -> set[int]:
        """The mentions of a paper that this run has heard from a source."""
        return {mention for (mention,) in self._database.rows(_MENTIONS_MET, id=paper_id, of=source)}

    def _records(self, paper_id: str) -> list[tuple[str, int, Paper]]:
        """What is kept of a paper: source, mention, record."""
        rows = self._database.rows(_RECORDS, id=paper_id)
        return [(source, mention, load(record)) for source, mention, record in rows]

    def _store(self, paper_id: str) -> Outcome:
        """Make the paper anew of its records."""
        paper = merge_records([record for *_, record in self._records(paper_id)])
        known = self._database.rows(_PAPER, id=paper_id)
        if known and known[0][0] == dump(paper):
            return "unchanged"
        row = paper_row(paper, [Passage(paper_id, *span) for span in self._split(paper.abstract)])
        if known:
            self._database.run(_UPDATE_PAPER, id=paper_id, **row)
        else:
            self._database.run(_INSERT_PAPER, **row)
        log(self._database, paper_id)
        return "updated" if known else "added"

    def _check_kind(self, is_digest: bool) -> None:
        known = self._database.rows(_KIND)
        if not known:
            self._database.run(_SET_KIND, is_digest=is_digest)
        elif bool(known[0][0]) != is_digest:
            held, given = ("digests", "abstracts") if known[0][0] else ("abstracts", "digests")
            raise MixedLibraryError(
                f"the library in {self._database.path.parent} holds {held} and would be mixed with "
                f"{given}: name another folder with --library"
            )


def delete_papers(database: Database, paper_ids: Collection[str]) -> None:
    """Delete papers with all that was said of them, within a transaction."""
    for statement in _DELETE_PAPERS:
        database.run(statement, ids=texts(paper_ids))
    for paper_id in paper_ids:
        log(database, paper_id)


def log(database: Database, paper_id: str) -> None:
    """Give a paper's change the next sequence number, which takes the place of its last one."""
    if not database.run(_MOVE_CHANGE, id=paper_id):
        database.run(_INSERT_CHANGE, id=paper_id)

"""Writes the records of sources into the catalog: finds which paper each describes, and merges them."""

from collections import defaultdict
from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from itertools import chain, count
from typing import Literal

from rag.body import Body
from rag.errors import MixedLibraryError
from rag.identity import citation_key, title_key
from rag.library import recorder_statements as statements
from rag.library.catalog_rows import dump, load, paper_row
from rag.library.catalog_tables import KIND, PAPER_IDS_BY_KEY, RECORDS_OF_PAPER
from rag.library.labels import delete_labels, store_labels
from rag.library.merge import COMPLETING, merged
from rag.library.own_words import OWN, Edit, own_record
from rag.library.paper_files import PaperFile, PaperFiles
from rag.library.sameness import Candidate, same_papers
from rag.library.sql import Database, texts
from rag.types import Paper, Passage, Span

Outcome = Literal["added", "updated", "unchanged", "duplicates"]
Splitter = Callable[[str], Sequence[Span]]


class Recorder:
    """Writes the records of one run over sources; a temporary table on disk lists those it has read.

    A source that is read again replaces its own records of a paper: a record that it repeats to the letter
    stays, and any other takes the place of one that it does not repeat. For one writer, which holds the
    library's lock.
    """

    def __init__(self, database: Database, split: Splitter) -> None:
        """`split` cuts an abstract, or a note, into passages."""
        self._database = database
        self._split = split
        self._files = PaperFiles(database)
        self._finished: set[str] = set()  # sources that have been read to their end
        with database.transaction():
            database.run(statements.DROP_MET)
            database.create(statements.MET)

    def put(self, papers: Sequence[Paper], source: str) -> list[tuple[str, Outcome]]:
        """Write a source's records in one transaction; return the id and outcome of each.

        A paper that occurred earlier in this run is a duplicate, whatever the outcome was then.
        Raises MixedLibraryError, DamagedError.
        """
        with self._database.transaction():
            return [self._put(paper, source) for paper in papers]

    def put_file(self, file: PaperFile, body: Body, spans: Sequence[Span]) -> None:
        """Write a file in one transaction, before the records that name it.

        `spans` are those of its passages. One that was read again changes its papers.
        """
        with self._database.transaction():
            self._files.put(file, body, spans)
            for (paper_id,) in self._database.rows(statements.PAPERS_OF_FILE, file=file.file):
                self._store(paper_id, is_changed=True)

    def move_file(self, file: str, path: str, *, is_kept: bool) -> None:
        """Say where a file stands now, and whether the library has a copy."""
        with self._database.transaction():
            self._files.move(file, path, is_kept=is_kept)

    def leave(self, source: str, file: str, paper_id: str) -> None:
        """Delete what a source said of a file under other papers, before it was read again."""
        with self._database.transaction():
            for (other,) in self._database.rows(statements.LEAVE, of=source, file=file, id=paper_id):
                if self._records(other):
                    self._store(other)
                else:
                    delete_papers(self._database, [other])

    def edit_own(self, paper_ids: Sequence[str], edit: Edit) -> None:
        """Change the user's own tags and notes on papers of the catalog, in one transaction."""
        with self._database.transaction():
            for paper_id in paper_ids:
                records = self._records(paper_id)
                own = next((record for source, _, record in records if source == OWN), None)
                edited = own_record(_merged(records), own, edit)
                self._database.run(statements.DELETE_RECORD, id=paper_id, of=OWN, number=0)
                if edited:
                    self._add(OWN, 0, paper_id, edited)
                if edited or any(source != OWN for source, *_ in records):
                    self._store(paper_id)
                else:
                    delete_papers(self._database, [paper_id])

    def complete(self, source: str, papers: Sequence[Paper]) -> list[Outcome]:
        """Write what a completing source says of papers of the catalog, by their ids, in one transaction.

        It replaces what the source said before. Returns what became of those that are still there.
        """
        outcomes = []
        with self._database.transaction():
            for record in papers:
                if self._database.rows(statements.PAPER, id=record.paper_id):
                    self._database.run(statements.DELETE_RECORD, id=record.paper_id, of=source, number=0)
                    self._add(source, 0, record.paper_id, record)
                    outcomes.append(self._store(record.paper_id))
        return outcomes

    def finish(self, source: str) -> None:
        """Delete a source's old records of papers that it has named in this run.

        For a source that has been read to its end. Papers that it no longer names stay.
        """
        self._finished.add(source)
        with self._database.transaction():
            for paper_id in sorted(
                {row[0] for row in self._database.rows(statements.DELETE_OLD, of=source)}
            ):
                self._store(paper_id)
            self._files.delete_unused()

    def unnamed(self, source: str) -> list[str]:
        """The sorted ids of the papers that a source has records of, but has not named in this run."""
        with self._database.transaction():  # through the connection that sees what was met
            return [row[0] for row in self._database.rows(statements.UNNAMED, of=source)]

    def withdraw(self, source: str, paper_ids: Collection[str]) -> list[str]:
        """Delete a source's records of these papers; papers that no other source names leave.

        One of these that has the user's own tags or notes keeps all that is known of it; returns their ids.
        """
        own: list[str] = []
        with self._database.transaction():
            for paper_id in paper_ids:
                others = {other for other, *_ in self._records(paper_id)} - {source}
                is_named = not others <= {OWN, *COMPLETING}
                if OWN in others and not is_named:
                    own.append(paper_id)
                elif is_named:
                    self._database.run(statements.DELETE_OF_SOURCE, id=paper_id, of=source)
                    self._store(paper_id)
                else:
                    delete_papers(self._database, [paper_id])
            self._files.delete_unused()
        return own

    def rename(self, source: str, name: str) -> None:
        """Give the records of a source to another one, which has none: its file has moved."""
        with self._database.transaction():
            self._database.run(statements.RENAME, of=source, name=name)

    def restore(self, records: Sequence[tuple[str, int, Paper]]) -> None:
        """Write records as they were exported: source, mention and record, whose id stays.

        The records of a paper must be adjacent. Raises MixedLibraryError, DamagedError.
        """
        with self._database.transaction():
            for source, mention, record in records:
                self._check_kind(record.is_digest)
                self._make_known(record.paper_id, record)
                self._database.run(statements.DELETE_RECORD, id=record.paper_id, of=source, number=mention)
                self._add(source, mention, record.paper_id, record)
            for paper_id in dict.fromkeys(record.paper_id for *_, record in records):
                self._store(paper_id)

    def _put(self, record: Paper, source: str) -> tuple[str, Outcome]:
        self._check_kind(record.is_digest)
        same = same_papers(record, self._candidates(record, source))
        paper_id = same[0].paper_id if same else self._new_id(record)
        for other in same[1:]:
            self._join(other.paper_id, paper_id)
        is_met = bool(self._database.rows(statements.IS_MET, id=paper_id))
        is_known = self._take_down(paper_id, source, record)
        outcome: Outcome = "unchanged" if is_known and len(same) == 1 else self._store(paper_id)
        return paper_id, "duplicates" if is_met else outcome

    def _take_down(self, paper_id: str, source: str, record: Paper) -> bool:
        """Store a record in the place of an older one of its source; whether the two are the same."""
        dumped = dump(replace(record, paper_id=paper_id))
        old = self._database.rows(
            statements.REPLACEABLE, id=paper_id, of=source, record=dumped, has_file=record.file is not None
        )
        mention, is_same = old[0] if old else (self._next_mention(paper_id, source), False)
        self._meet(paper_id, source, mention)
        if not is_same:
            self._make_known(paper_id, record)
        if not old:
            self._add(source, mention, paper_id, record)
        elif not is_same:
            self._database.run(
                statements.UPDATE_RECORD,
                id=paper_id,
                of=source,
                number=mention,
                record=dumped,
                file=record.file,
            )
        return bool(is_same)

    def _candidates(self, record: Paper, source: str) -> list[Candidate]:
        """The papers that share a key with a record."""
        shared: dict[str, set[str]] = defaultdict(set)
        for key, paper_id in self._database.rows(PAPER_IDS_BY_KEY, keys=texts(record.keys)):
            shared[paper_id].add(key)
        candidates = []
        for paper_id, common in shared.items():
            kept = [row for row in self._records(paper_id) if row[0] not in COMPLETING]
            met = self._mentions_met(paper_id, source)
            others = [row for row in kept if row[0] != source or row[1] in met]
            own = [other for origin, _, other in kept if origin == source]
            paper = _merged(kept)
            without_own = _merged(others) if others else None
            is_repeated = replace(record, paper_id=paper_id) in own
            candidates.append(Candidate(paper, without_own, frozenset(common), is_repeated))
        return candidates

    def _new_id(self, record: Paper) -> str:
        """An id that no paper has: the first of the record's keys, else its title with something added."""
        additions = chain([record.year, *record.keys], count(2))
        ids = chain(record.keys[:1], (title_key(f"{record.title} {addition}") for addition in additions))
        return next(id_ for id_ in ids if not self._database.rows(statements.PAPER, id=id_))

    def _join(self, paper_id: str, into: str) -> None:
        """Merge a paper into another, which gets its records and keys."""
        for source, mention, record in self._records(paper_id):
            following = self._next_mention(into, source)
            self._add(source, following, into, record)
            if mention in self._mentions_met(paper_id, source):
                self._meet(into, source, following)
        self._database.run(statements.JOIN_KEYS, id=paper_id, into=into)
        delete_papers(self._database, [paper_id])
        self._database.run(statements.UNMEET, id=paper_id)
        for source in self._finished:  # its old records of `into` are replaced by those that have come
            self._database.run(statements.DELETE_OLD_OF_PAPER, id=into, of=source)

    def _add(self, source: str, mention: int, paper_id: str, record: Paper) -> None:
        dumped = dump(replace(record, paper_id=paper_id))
        row = {"paper_id": paper_id, "source": source, "mention": mention}
        self._database.run(statements.INSERT_RECORD, **row, record=dumped, file=record.file)

    def _make_known(self, paper_id: str, record: Paper) -> None:
        """Store the keys by which a record can be found again."""
        known_as = {*record.keys, paper_id, *([citation_key(record.key)] if record.key else [])}
        self._database.run_all(statements.ADD_KEY, ({"key": key, "paper_id": paper_id} for key in known_as))

    def _next_mention(self, paper_id: str, source: str) -> int:
        return int(self._database.value(statements.NEXT_MENTION, id=paper_id, of=source))

    def _meet(self, paper_id: str, source: str, mention: int) -> None:
        self._database.run(statements.MEET, paper_id=paper_id, source=source, mention=mention)

    def _mentions_met(self, paper_id: str, source: str) -> set[int]:
        """The mentions of a paper that this run has read in a source."""
        return {
            mention for (mention,) in self._database.rows(statements.MENTIONS_MET, id=paper_id, of=source)
        }

    def _records(self, paper_id: str) -> list[tuple[str, int, Paper]]:
        """The records of a paper: source, mention, record."""
        rows = self._database.rows(RECORDS_OF_PAPER, id=paper_id)
        return [(source, mention, load(record)) for source, mention, record in rows]

    def _store(self, paper_id: str, *, is_changed: bool = False) -> Outcome:
        """Build the paper from its records, and store it if it has changed, or its file has."""
        paper = _merged(self._records(paper_id))
        known = self._database.rows(statements.PAPER, id=paper_id)
        if known and known[0][0] == dump(paper) and not is_changed:
            return "unchanged"
        spans = self._split(paper.abstract) or [(0, 0)]  # a paper is found by its title alone, too
        passages = [Passage(paper_id, *span) for span in spans]
        passages += [Passage(paper_id, *span, part="note") for span in self._split(paper.note)]
        row = paper_row(paper, passages, self._files.count_passages(paper.file))
        if known:
            self._database.run(statements.UPDATE_PAPER, id=paper_id, **row)
        else:
            self._database.run(statements.INSERT_PAPER, **row)
        store_labels(self._database, paper)
        log(self._database, paper_id)
        return "updated" if known else "added"

    def _check_kind(self, is_digest: bool) -> None:
        known = self._database.rows(KIND)
        if not known:
            self._database.run(statements.SET_KIND, is_digest=is_digest)
        elif bool(known[0][0]) != is_digest:
            held, given = ("digests", "abstracts") if known[0][0] else ("abstracts", "digests")
            raise MixedLibraryError(
                f"the library in {self._database.path.parent} holds {held} and would be mixed with "
                f"{given}: name another folder with --library"
            )


def _merged(records: Sequence[tuple[str, int, Paper]]) -> Paper:
    return merged((source, record) for source, _, record in records)


def delete_papers(database: Database, paper_ids: Collection[str]) -> None:
    """Delete papers with their records and keys, within a transaction."""
    for statement in statements.DELETE_PAPERS:
        database.run(statement, ids=texts(paper_ids))
    delete_labels(database, paper_ids)
    for paper_id in paper_ids:
        log(database, paper_id)


def log(database: Database, paper_id: str) -> None:
    """Log a change of a paper under the next sequence number, in the place of its last change."""
    if not database.run(statements.MOVE_CHANGE, id=paper_id):
        database.run(statements.INSERT_CHANGE, id=paper_id)

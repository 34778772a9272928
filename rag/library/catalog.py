"""The catalog: papers and the log of their changes in SQLite. It is the truth; indexes follow it.

Each source's record of a paper is kept as it came, and the paper is merged from its records. Every change
of a paper takes the next sequence number, and the log keeps the last change of each paper, so an index
that knows the last number that it has applied can find everything that it lacks.
"""

import hashlib
import json
import sys
from collections.abc import Collection, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path
from typing import Any, Protocol

import sqlalchemy as sa

from rag.identity import reference_keys
from rag.library.catalog_rows import load, load_passages
from rag.library.catalog_tables import (
    KIND,
    PAPER_IDS_BY_KEY,
    RECORDS_OF_PAPER,
    changes,
    files,
    kind,
    open_catalog,
    papers,
    records,
)
from rag.library.labels import LabelKind, author_words, count_labels
from rag.library.merge import origins
from rag.library.names import Names
from rag.library.orders import LISTED, Order
from rag.library.origins import Origins
from rag.library.paper_files import PaperFiles
from rag.library.progress import Track, untracked
from rag.library.recorder import Recorder, Splitter, delete_papers
from rag.library.selecting import criteria, fulfilling
from rag.library.sql import one_of, texts
from rag.plain import encodable
from rag.types import Filters, Paper, Part, Passage

_HELD = sa.select(papers.c.paper_id).where(one_of(papers.c.paper_id))
_PAPERS = sa.select(papers.c.paper_id, papers.c.paper).where(one_of(papers.c.paper_id))
_PASSAGES = sa.select(papers.c.paper_id, papers.c.passages).where(one_of(papers.c.paper_id))
_SEQUENCES = sa.select(changes.c.paper_id, changes.c.sequence).where(one_of(changes.c.paper_id))
_MATCHING = sa.select(papers.c.paper_id).limit(sa.bindparam("most"))
_RECORDS = sa.select(records.c.source, records.c.mention, records.c.record).order_by(
    records.c.paper_id, records.c.source, records.c.mention
)
_SAID_BY = sa.select(records.c.paper_id, records.c.record).where(
    records.c.source == sa.bindparam("of"), one_of(records.c.paper_id)
)
_OF_SOURCES = (
    sa.select(records.c.paper_id)
    .where(one_of(records.c.source, "names"))
    .distinct()
    .order_by(records.c.paper_id)
)
_SOURCES = (
    sa.select(records.c.paper_id, records.c.source)
    .where(one_of(records.c.paper_id))
    .distinct()
    .order_by(records.c.paper_id, records.c.source)
)
_YEARS = (
    sa.select(papers.c.year, sa.func.count()).group_by(papers.c.year).order_by(papers.c.year.nulls_last())
)
_CHANGES = (
    sa.select(changes.c.sequence, changes.c.paper_id, papers.c.paper, papers.c.passages, files.c.passages)
    .outerjoin_from(changes, papers, changes.c.paper_id == papers.c.paper_id)
    .outerjoin(files, papers.c.file == files.c.file)
    .where(changes.c.sequence > sa.bindparam("after"))
    .order_by(changes.c.sequence)
    .limit(sa.bindparam("most"))
)
_CHANGES_AFTER = (
    sa.select(sa.func.count()).select_from(changes).where(changes.c.sequence > sa.bindparam("after"))
)
_LAST = sa.select(sa.func.coalesce(sa.func.max(changes.c.sequence), 0))
_COUNT = sa.select(sa.func.count()).select_from(papers)
_COUNT_RECORDS = sa.select(sa.func.count()).select_from(records)
_COUNT_TITLES = _COUNT.where(papers.c.passages == "[[0, 0]]", papers.c.file.is_(None))
_COUNT_BODIES = _COUNT.where(papers.c.file.is_not(None))
_COUNT_PASSAGES = sa.select(sa.func.coalesce(sa.func.sum(papers.c.passage_count), 0))
_PASSAGE_COUNTS = sa.select(papers.c.paper_id, papers.c.passage_count).order_by(papers.c.paper_id)
_DIGESTED = sa.select(papers.c.paper, papers.c.passages).order_by(papers.c.paper_id)
_DAMAGE = sa.text("PRAGMA quick_check(5)")
_PROBLEMS = {
    f"{one.name} without a {other.name.removesuffix('s')}": sa.select(sa.func.count())
    .select_from(one)
    .where(one.c.paper_id.not_in(sa.select(other.c.paper_id)))
    for one, other in ((papers, records), (records, papers), (papers, changes))
}
_PROBLEMS["papers without the text of their file"] = (
    sa.select(sa.func.count())
    .select_from(papers)
    .where(papers.c.file.is_not(None), papers.c.file.not_in(sa.select(files.c.file)))
)


@dataclass(frozen=True)
class Change:
    """The latest state of a paper that changed; `paper` is None where it was removed.

    `passages` are those of its abstract and of the user's note, `in_body` those of its body.
    """

    sequence: int
    paper_id: str
    paper: Paper | None
    passages: tuple[Passage, ...]
    in_body: tuple[Passage, ...] = ()

    def of(self, part: Part) -> tuple[Passage, ...]:
        """The passages of a part."""
        return self.in_body if part == "body" else self.passages


class Index(Protocol):
    """An index of the catalog, which applies its changes in order."""

    @property
    def name(self) -> str: ...
    @property
    def batch(self) -> int:
        """How many changes to apply at a time."""
        ...

    def checkpoint(self) -> int:
        """The sequence number of the last change that this index has applied."""
        ...

    def apply(self, changes: Sequence[Change], checkpoint: int) -> None: ...
    def held(self, track: Track = untracked) -> dict[str, str]:
        """A fingerprint of what the index holds of each paper, by id."""
        ...

    def wanted(self, change: Change) -> str | None:
        """The fingerprint of what it should hold of a paper; None where that is nothing."""
        ...

    def reset(self) -> None: ...
    def close(self) -> None: ...


class Catalog:
    """The catalog in one file. Safe to use from several threads; several processes may read."""

    def __init__(self, path: Path) -> None:
        """Open the file, or create it. Raises DamagedError."""
        self._database = open_catalog(path)
        self.files = PaperFiles(self._database)
        self.names = Names(self._database)
        self.made_of = Origins(self._database)

    def close(self) -> None:
        self._database.close()

    def recorder(self, split: Splitter) -> Recorder:
        """Writes the records of a run over sources; `split` cuts an abstract into passages."""
        return Recorder(self._database, split)

    def remove(self, references: Sequence[str]) -> int:
        """Delete papers and their records in one transaction; return the number of papers.

        References are as for `find`. An emptied catalog accepts abstracts or digests again.
        """
        with self._database.transaction():
            paper_ids = sorted(set(self.find(references).values()))
            delete_papers(self._database, paper_ids)
            self.files.delete_unused()
            if not self.count():
                self._database.run(sa.delete(kind))
        return len(paper_ids)

    def find(self, references: Sequence[str]) -> dict[str, str]:
        """The ids of papers by their references: an id, arXiv id, DOI, citation key or title.

        Titles are compared normalised. References to papers that are not here are left out.
        """
        keys = {reference: reference_keys(encodable(reference)) for reference in references}
        rows = self._database.rows(PAPER_IDS_BY_KEY, keys=texts(set(chain.from_iterable(keys.values()))))
        # Of several papers of one title, the one whose id is the title goes first.
        by_key = dict(sorted(rows, key=lambda row: (row[0] == row[1], row[1])))
        paper_ids = {
            reference: next((by_key[key] for key in possible if key in by_key), encodable(reference))
            for reference, possible in keys.items()
        }
        held = {row[0] for row in self._database.rows(_HELD, ids=texts(paper_ids.values()))}
        return {reference: paper_id for reference, paper_id in paper_ids.items() if paper_id in held}

    def papers(self, paper_ids: Collection[str]) -> dict[str, Paper]:
        """The papers of these ids, by id; unknown ids are left out."""
        rows = self._database.rows(_PAPERS, ids=texts(paper_ids))
        return {paper_id: load(paper) for paper_id, paper in rows}

    def passages(self, paper_ids: Collection[str]) -> dict[str, list[Passage]]:
        """The passages of these papers in their order, by id; unknown ids are left out."""
        rows = self._database.rows(_PASSAGES, ids=texts(paper_ids))
        return {paper_id: load_passages(paper_id, passages) for paper_id, passages in rows}

    def whole_papers(self, paper_ids: Collection[str]) -> dict[str, Paper]:
        """The papers of these ids with their bodies, by id; unknown ids are left out."""
        return {paper.paper_id: paper for paper in self.with_bodies(self.papers(paper_ids).values())}

    def with_bodies(self, papers: Collection[Paper]) -> list[Paper]:
        """The papers in their order, each with its body if it has one."""
        bodies = self.files.bodies({paper.file for paper in papers if paper.file})
        return [replace(paper, body=bodies.get(paper.file)) if paper.file else paper for paper in papers]

    def browse(
        self,
        words: str = "",
        *,
        offset: int = 0,
        most: int = 50,
        filters: Filters = Filters(),
        order: Order = "published",
        is_descending: bool = True,
    ) -> list[Paper]:
        """At most `most` papers, after the first `offset`, that contain all words and fulfil the filters.

        A word may occur, in any case, in title, authors, organisation, arXiv id, DOI, citation key, tags,
        collections or year. The newest come first, or those of another order; papers without a date, or
        what else they are listed by, come last; then titles decide.
        """
        ids = self.listed(
            words, offset=offset, most=most, filters=filters, order=order, is_descending=is_descending
        )
        by_id = self.papers(ids)
        return [by_id[paper_id] for paper_id in ids if paper_id in by_id]

    def listed(
        self,
        words: str = "",
        *,
        offset: int = 0,
        most: int = sys.maxsize,
        filters: Filters = Filters(),
        order: Order = "published",
        is_descending: bool = True,
    ) -> list[str]:
        """The ids of the papers that `browse` returns, by default of all."""
        values = self._criteria(filters, words)
        statement = fulfilling(LISTED[order, is_descending], values)
        rows = self._database.rows(statement, most=most, offset=offset, **values)
        return [row[0] for row in rows]

    def count_matching(self, words: str = "", filters: Filters = Filters()) -> int:
        """How many papers contain all words and fulfil the filters, as for `browse`."""
        values = self._criteria(filters, words)
        return int(self._database.value(fulfilling(_COUNT, values), **values))

    def matching(self, filters: Filters, most: int, among: Collection[str] | None = None) -> list[str]:
        """The sorted ids of at most `most` papers that fulfil the filters.

        `among` takes the place of the papers that the filters name.
        """
        values = self._criteria(filters) if among is None else criteria(filters, paper_ids=among)
        rows = self._database.rows(fulfilling(_MATCHING, values), most=most, **values)
        return sorted(row[0] for row in rows)

    def sources_of(self, paper_ids: Collection[str]) -> dict[str, list[str]]:
        """The sorted names of the sources that have each of these papers, by id."""
        by_id: dict[str, list[str]] = {}
        for paper_id, source in self._database.rows(_SOURCES, ids=texts(paper_ids)):
            by_id.setdefault(paper_id, []).append(source)
        return by_id

    def sources(self, paper_id: str) -> list[str]:
        """The sorted names of the sources that have a paper."""
        return self.sources_of([paper_id]).get(paper_id, [])

    def of_sources(self, names: Collection[str]) -> list[str]:
        """The sorted ids of the papers that some of these sources have."""
        return [row[0] for row in self._database.rows(_OF_SOURCES, names=texts(names))]

    def said_by(self, source: str, paper_ids: Collection[str]) -> dict[str, Paper]:
        """A record of a source of each of these papers, by id; those that it does not have are left out."""
        rows = self._database.rows(_SAID_BY, of=source, ids=texts(paper_ids))
        return {paper_id: load(record) for paper_id, record in rows}

    def origins(self, paper_id: str) -> dict[str, list[str]]:
        """The sources of each field of a paper; empty for an unknown id."""
        records = self.records_of(paper_id)
        return origins(records) if records else {}

    def records_of(self, paper_id: str) -> list[tuple[str, Paper]]:
        """What each source says of a paper, in order, with its name; empty for an unknown id."""
        rows = self._database.rows(RECORDS_OF_PAPER, id=paper_id)
        return [(source, load(record)) for source, _, record in rows]

    def records(self) -> Iterator[tuple[str, int, Paper]]:
        """Source, mention and record of every record, those of one paper together."""
        for source, mention, record in self._database.stream(_RECORDS):
            yield source, mention, load(record)

    def labels(self, kind: LabelKind) -> dict[str, int]:
        """The tags or collections as a user wrote them, in order, each with its number of papers."""
        return count_labels(self._database, kind)

    def author_words(self, words: Collection[str]) -> dict[str, int]:
        """Those of these folded words that are in names of authors, each with its number of papers."""
        return author_words(self._database, words)

    def years(self) -> dict[int | None, int]:
        """Number of papers by year, in order; None, for papers without a year, comes last."""
        return dict(self._database.rows(_YEARS))

    def changes_after(self, sequence: int, most: int) -> list[Change]:
        """The first `most` changes after a sequence number, in order."""
        return [_change(*row) for row in self._database.rows(_CHANGES, after=sequence, most=most)]

    def with_text(self, changes: Sequence[Change]) -> list[Change]:
        """The changes in their order, whose papers have their bodies."""
        whole = {
            paper.paper_id: paper
            for paper in self.with_bodies([change.paper for change in changes if change.paper])
        }
        return [replace(change, paper=whole.get(change.paper_id)) for change in changes]

    def count_changes_after(self, sequence: int) -> int:
        """How many papers changed after a sequence number."""
        return int(self._database.value(_CHANGES_AFTER, after=sequence))

    def sequences(self, paper_ids: Collection[str]) -> dict[str, int]:
        """The sequence number of each paper's last change, by id; unknown ids are left out."""
        return dict(self._database.rows(_SEQUENCES, ids=texts(paper_ids)))

    def last_sequence(self) -> int:
        """The sequence number of the last change; 0 if nothing was ever written."""
        return int(self._database.value(_LAST))

    def count(self) -> int:
        return int(self._database.value(_COUNT))

    def count_records(self) -> int:
        return int(self._database.value(_COUNT_RECORDS))

    def unchanging(self) -> AbstractContextManager[None]:
        """Everything that this thread reads inside is from one moment, whatever others write."""
        return self._database.snapshot()

    def count_passages(self) -> int:
        return int(self._database.value(_COUNT_PASSAGES))

    def count_titles(self) -> int:
        """Number of papers that have neither an abstract nor a body."""
        return int(self._database.value(_COUNT_TITLES))

    def count_bodies(self) -> int:
        """Number of papers with a body."""
        return int(self._database.value(_COUNT_BODIES))

    def count_without_year(self) -> int:
        return int(self._database.value(_COUNT.where(papers.c.year.is_(None))))

    def count_without_authors(self) -> int:
        return int(self._database.value(_COUNT.where(papers.c.author_count.is_(None))))

    def passages_by_paper(self) -> Iterator[tuple[str, int]]:
        """Every paper id with its number of passages."""
        yield from self._database.rows(_PASSAGE_COUNTS)

    def problems(self) -> list[str]:
        """Problems within the catalog itself, in words; reads the whole file."""
        damage = [row[0] for row in self._database.rows(_DAMAGE) if row[0] != "ok"]
        counts = {what: self._database.value(statement) for what, statement in _PROBLEMS.items()}
        wrong = [f"catalog: {number} {what}" for what, number in counts.items() if number]
        return [f"catalog: {' '.join(line.split())}" for line in damage] + wrong

    def digest(self) -> str:
        """SHA-256 of all papers with their passages, in whatever order they were added."""
        digest = hashlib.sha256()
        for row in self._database.stream(_DIGESTED):
            digest.update(json.dumps(row).encode())
        return digest.hexdigest()

    @property
    def holds_digests(self) -> bool:
        """Whether the texts here are digests; False for an empty catalog."""
        return any(is_digest for (is_digest,) in self._database.rows(KIND))

    def _criteria(self, filters: Filters, words: str = "") -> dict[str, Any]:
        named = None if filters.papers is None else self.find(filters.papers).values()
        return criteria(filters, words, named)


def _change(
    sequence: int, paper_id: str, paper: str | None, passages: str | None, in_body: str | None
) -> Change:
    return Change(
        sequence,
        paper_id,
        load(paper) if paper else None,
        tuple(load_passages(paper_id, passages)) if passages else (),
        tuple(load_passages(paper_id, in_body)) if in_body else (),
    )

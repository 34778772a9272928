"""The catalog: papers and the log of their changes in SQLite. It is the truth; indexes follow it.

A source's record of a paper is kept as it came; the paper is what its records say together. Each
change of a paper takes the next sequence number, and the log keeps the last change of each paper,
so that an index that knows which number it has applied knows all that it lacks.
"""

import hashlib
import json
import sys
from collections.abc import Collection, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from sqlalchemy import Executable, bindparam, delete, func, select, text

from rag.identity import reference_keys
from rag.library.catalog_rows import load, load_passages
from rag.library.catalog_tables import changes, keys, kind, open_catalog, papers, records
from rag.library.merge import origins
from rag.library.recorder import Recorder, Splitter, delete_papers
from rag.library.selecting import Criteria, criteria, fulfil
from rag.library.sql import one_of, texts
from rag.plain import encodable
from rag.types import Filters, Paper, Passage

_HELD = select(papers.c.paper_id).where(one_of(papers.c.paper_id, "ids"))
_PAPERS = select(papers.c.paper_id, papers.c.paper).where(one_of(papers.c.paper_id, "ids"))
_PASSAGES = select(papers.c.paper_id, papers.c.passages).where(one_of(papers.c.paper_id, "ids"))
_SEQUENCES = select(changes.c.paper_id, changes.c.sequence).where(one_of(changes.c.paper_id, "ids"))
_KNOWN = select(keys.c.key, keys.c.paper_id).where(one_of(keys.c.key, "keys"))
_SOURCES = (
    select(records.c.source)
    .where(records.c.paper_id == bindparam("id"))
    .distinct()
    .order_by(records.c.source)
)
_RECORDS_OF = (
    select(records.c.source, records.c.record)
    .where(records.c.paper_id == bindparam("id"))
    .order_by(records.c.source, records.c.mention)
)
_RECORDS = select(records.c.source, records.c.mention, records.c.record).order_by(
    records.c.paper_id, records.c.source, records.c.mention
)
_YEARS = select(papers.c.year, func.count()).group_by(papers.c.year).order_by(papers.c.year.nulls_last())
_CHANGES = (
    select(changes.c.sequence, changes.c.paper_id, papers.c.paper, papers.c.passages)
    .outerjoin_from(changes, papers, changes.c.paper_id == papers.c.paper_id)
    .where(changes.c.sequence > bindparam("after"))
    .order_by(changes.c.sequence)
    .limit(bindparam("most"))
)
_CHANGES_AFTER = select(func.count()).select_from(changes).where(changes.c.sequence > bindparam("after"))
_LAST = select(func.coalesce(func.max(changes.c.sequence), 0))
_COUNT = select(func.count()).select_from(papers)
_COUNT_RECORDS = select(func.count()).select_from(records)
_COUNT_PASSAGES = select(func.coalesce(func.sum(papers.c.passage_count), 0))
_PASSAGE_COUNTS = select(papers.c.paper_id, papers.c.passage_count).order_by(papers.c.paper_id)
_DIGESTED = select(papers.c.paper, papers.c.passages).order_by(papers.c.paper_id)
_KIND = select(kind.c.is_digest)
_DAMAGE = text("PRAGMA quick_check(5)")
_PROBLEMS = {
    f"{one.name} without a {other.name.removesuffix('s')}": select(func.count())
    .select_from(one)
    .where(one.c.paper_id.not_in(select(other.c.paper_id)))
    for one, other in ((papers, records), (records, papers), (papers, changes))
}


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
        self._database = open_catalog(path)

    def close(self) -> None:
        self._database.close()

    def recorder(self, split: Splitter) -> Recorder:
        """The pen of a run over sources; `split` cuts an abstract into passages."""
        return Recorder(self._database, split)

    def remove(self, references: Sequence[str]) -> int:
        """Forget papers, and all that sources said of them, in one transaction; how many there were.

        References are taken as `find` takes them. A catalog without papers takes either kind again.
        """
        with self._database.transaction():
            paper_ids = sorted(set(self.find(references).values()))
            delete_papers(self._database, paper_ids)
            if not self.count():
                self._database.run(delete(kind))
        return len(paper_ids)

    def find(self, references: Sequence[str]) -> dict[str, str]:
        """The ids of papers by what they are referred to with: an id, arXiv id, DOI or title.

        Titles are compared normalised. References to papers that are not here are left out.
        """
        possible = {reference: reference_keys(encodable(reference)) for reference in references}
        known = self._known({key for several in possible.values() for key in several})
        named = {
            reference: next((known[key] for key in several if key in known), encodable(reference))
            for reference, several in possible.items()
        }
        held = {row[0] for row in self._database.rows(_HELD, ids=texts(named.values()))}
        return {reference: paper_id for reference, paper_id in named.items() if paper_id in held}

    def papers(self, paper_ids: Collection[str]) -> dict[str, Paper]:
        """The papers of these ids, by id; unknown ids are left out."""
        rows = self._database.rows(_PAPERS, ids=texts(paper_ids))
        return {paper_id: load(paper) for paper_id, paper in rows}

    def passages(self, paper_ids: Collection[str]) -> dict[str, list[Passage]]:
        """The passages of these papers in their order, by id; unknown ids are left out."""
        rows = self._database.rows(_PASSAGES, ids=texts(paper_ids))
        return {paper_id: load_passages(paper_id, passages) for paper_id, passages in rows}

    def browse(
        self, words: str = "", *, offset: int = 0, most: int = 50, filters: Filters = Filters()
    ) -> list[Paper]:
        """The papers that have each of these words and fulfil the filters, `most` of them behind the
        first `offset`.

        A word may stand in the title, the organisation, the arXiv id, the DOI or the year, in any
        case. The newest first, those without a date last; then by title.
        """
        ids = self.listed(words, offset=offset, most=most, filters=filters)
        held = self.papers(ids)
        return [held[paper_id] for paper_id in ids if paper_id in held]

    def listed(
        self, words: str = "", *, offset: int = 0, most: int = sys.maxsize, filters: Filters = Filters()
    ) -> list[str]:
        """The ids of what `browse` gives, all of them unless `most` is given."""
        wanted = self._criteria(filters, words)
        rows = self._database.rows(_listing(frozenset(wanted)), most=most, offset=offset, **wanted)
        return [row[0] for row in rows]

    def count_matching(self, words: str = "", filters: Filters = Filters()) -> int:
        """How many papers have each of these words and fulfil the filters, as `browse` takes them."""
        wanted = self._criteria(filters, words)
        return int(self._database.value(_counting(frozenset(wanted)), **wanted))

    def matching(self, filters: Filters, most: int, among: Collection[str] | None = None) -> list[str]:
        """The ids of `most` papers that fulfil the filters, sorted; among these, which stand for the papers
        that the filters name, or of all."""
        wanted = self._criteria(filters) if among is None else criteria(filters, paper_ids=among)
        rows = self._database.rows(_matching(frozenset(wanted)), most=most, **wanted)
        return sorted(row[0] for row in rows)

    def sources(self, paper_id: str) -> list[str]:
        """The names of the sources that speak of a paper, sorted."""
        return [row[0] for row in self._database.rows(_SOURCES, id=paper_id)]

    def origins(self, paper_id: str) -> dict[str, list[str]]:
        """The sources that say what the catalog holds of a paper, by field; empty for an unknown id."""
        rows = self._database.rows(_RECORDS_OF, id=paper_id)
        return origins([(source, load(record)) for source, record in rows]) if rows else {}

    def records(self) -> Iterator[tuple[str, int, Paper]]:
        """All that sources said: source, mention and record, the records of a paper one after the other."""
        for source, mention, record in self._database.stream(_RECORDS):
            yield source, mention, load(record)

    def years(self) -> dict[int | None, int]:
        """Number of papers of each year; the years in their order, those of no known year last."""
        return dict(self._database.rows(_YEARS))

    def changes_after(self, sequence: int, most: int) -> list[Change]:
        """The first `most` changes after a sequence number, in their order."""
        return [_change(*row) for row in self._database.rows(_CHANGES, after=sequence, most=most)]

    def count_changes_after(self, sequence: int) -> int:
        """How many papers changed after a sequence number."""
        return int(self._database.value(_CHANGES_AFTER, after=sequence))

    def sequences(self, paper_ids: Collection[str]) -> dict[str, int]:
        """The number of the last change of each of these papers, by id; unknown ids are left out."""
        return dict(self._database.rows(_SEQUENCES, ids=texts(paper_ids)))

    def last_sequence(self) -> int:
        """The sequence number of the last change, 0 where nothing was ever written."""
        return int(self._database.value(_LAST))

    def count(self) -> int:
        return int(self._database.value(_COUNT))

    def count_records(self) -> int:
        """How often sources speak of papers."""
        return int(self._database.value(_COUNT_RECORDS))

    def unchanging(self) -> AbstractContextManager[None]:
        """All that this thread reads inside is as it was at one moment, whatever others write."""
        return self._database.snapshot()

    def count_passages(self) -> int:
        return int(self._database.value(_COUNT_PASSAGES))

    def count_without_year(self) -> int:
        return int(self._database.value(_COUNT.where(papers.c.year.is_(None))))

    def count_without_authors(self) -> int:
        return int(self._database.value(_COUNT.where(papers.c.author_count.is_(None))))

    def passages_by_paper(self) -> Iterator[tuple[str, int]]:
        """Every paper id with its number of passages."""
        yield from self._database.rows(_PASSAGE_COUNTS)

    def problems(self) -> list[str]:
        """What is wrong within the catalog itself, in words; reads the whole file."""
        damage = [row[0] for row in self._database.rows(_DAMAGE) if row[0] != "ok"]
        counts = {what: self._database.value(statement) for what, statement in _PROBLEMS.items()}
        wrong = [f"catalog: {number} {what}" for what, number in counts.items() if number]
        return [f"catalog: {' '.join(line.split())}" for line in damage] + wrong

    def digest(self) -> str:
        """SHA-256 of all papers with their passages: the same whatever the order in which they came."""
        digest = hashlib.sha256()
        for row in self._database.stream(_DIGESTED):
            digest.update(json.dumps(row).encode())
        return digest.hexdigest()

    @property
    def holds_digests(self) -> bool:
        """Whether the texts here are digests; False for an empty catalog."""
        return any(is_digest for (is_digest,) in self._database.rows(_KIND))

    def _criteria(self, filters: Filters, words: str = "") -> Criteria:
        named = None if filters.papers is None else self.find(filters.papers).values()
        return criteria(filters, words, named)

    def _known(self, wanted: Collection[str]) -> dict[str, str]:
        """The ids of the papers that are known under these keys, by key.

        Of several papers of one title, the one that has it for its id goes first.
        """
        rows = self._database.rows(_KNOWN, keys=texts(wanted))
        return dict(sorted(rows, key=lambda row: (row[0] == row[1], row[1])))


@cache
def _matching(names: frozenset[str]) -> Executable:
    """The first papers, in no order, that fulfil what is named."""
    return select(papers.c.paper_id).where(fulfil(names)).limit(bindparam("most"))


@cache
def _listing(names: frozenset[str]) -> Executable:
    return (
        select(papers.c.paper_id)
        .where(fulfil(names))
        .order_by(papers.c.published.desc().nulls_last(), papers.c.words, papers.c.paper_id)
        .limit(bindparam("most"))
        .offset(bindparam("offset"))
    )


@cache
def _counting(names: frozenset[str]) -> Executable:
    return _COUNT.where(fulfil(names))


def _change(sequence: int, paper_id: str, paper: str | None, passages: str | None) -> Change:
    return Change(
        sequence,
        paper_id,
        load(paper) if paper else None,
        tuple(load_passages(paper_id, passages)) if passages else (),
    )

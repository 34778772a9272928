"""The catalog: papers and the log of their changes in SQLite. It is the truth; indexes follow it.

A source's record of a paper is kept as it came; the paper is what its records say together. Each
change of a paper takes the next sequence number, and the log keeps the last change of each paper,
so that an index that knows which number it has applied knows all that it lacks.
"""

import hashlib
import json
from collections.abc import Collection, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

from rag.identity import reference_keys
from rag.library.catalog_file import CatalogFile
from rag.library.merge import origins
from rag.library.recorder import Recorder, Splitter, forget, load
from rag.library.selecting import (
    Condition,
    among,
    fulfilling,
    matching,
    of_years,
    together,
)
from rag.library.sql import rows_in
from rag.plain import encodable
from rag.types import Filters, Paper, Passage


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
        self._file = CatalogFile(path)

    def close(self) -> None:
        self._file.close()

    def recorder(self, split: Splitter) -> Recorder:
        """The pen of a run over sources; `split` cuts an abstract into passages."""
        return Recorder(self._file, split)

    def remove(self, references: Sequence[str]) -> int:
        """Forget papers, and all that sources said of them, in one transaction; how many there were.

        References are taken as `find` takes them. A catalog without papers takes either kind again.
        """
        with self._file.transaction():
            paper_ids = sorted(set(self.find(references).values()))
            forget(self._file, paper_ids)
            if not self.count():
                self._file.run("DELETE FROM kind")
        return len(paper_ids)

    def find(self, references: Sequence[str]) -> dict[str, str]:
        """The ids of papers by what they are referred to with: an id, arXiv id, DOI or title.

        Titles are compared normalised. References to papers that are not here are left out.
        """
        keys = {reference: reference_keys(encodable(reference)) for reference in references}
        known = self._known({key for several in keys.values() for key in several})
        found = {
            reference: next((known[key] for key in several if key in known), encodable(reference))
            for reference, several in keys.items()
        }
        held = self.papers(list(found.values()))
        return {reference: paper_id for reference, paper_id in found.items() if paper_id in held}

    def papers(self, paper_ids: Sequence[str]) -> dict[str, Paper]:
        """The papers of these ids, by id; unknown ids are left out."""
        rows = rows_in(self._file.rows, "SELECT paper_id, paper FROM papers WHERE paper_id IN", paper_ids)
        return {paper_id: load(paper) for paper_id, paper in rows}

    def passages(self, paper_ids: Sequence[str]) -> dict[str, list[Passage]]:
        """The passages of these papers in their order, by id; unknown ids are left out."""
        rows = rows_in(
            self._file.rows, "SELECT paper_id, passages FROM papers WHERE paper_id IN", paper_ids
        )
        return {
            paper_id: [Passage(paper_id, start, end) for start, end in json.loads(spans)]
            for paper_id, spans in rows
        }

    def browse(
        self, words: str = "", *, offset: int = 0, most: int = 50, filters: Filters = Filters()
    ) -> list[Paper]:
        """The papers that have each of these words and fulfil the filters, `most` of them behind the
        first `offset`.

        A word may stand in the title, the organisation, the arXiv id, the DOI or the year, in any
        case. The newest first, those without a date last; then by title.
        """
        ids = self.listed(words, offset=offset, most=most, filters=filters)
        found = self.papers(ids)
        return [found[paper_id] for paper_id in ids if paper_id in found]

    def listed(
        self, words: str = "", *, offset: int = 0, most: int = -1, filters: Filters = Filters()
    ) -> list[str]:
        """The ids of what `browse` gives, all of them unless `most` is told."""
        condition, values = self._meant(words, filters)
        rows = self._file.rows(
            f"SELECT paper_id FROM papers WHERE {condition}"
            " ORDER BY json_extract(paper, '$.published') DESC, folded(json_extract(paper, '$.title')),"
            " paper_id LIMIT ? OFFSET ?",
            *values,
            most,
            offset,
        )
        return [row[0] for row in rows]

    def count_matching(self, words: str = "", filters: Filters = Filters()) -> int:
        """How many papers have each of these words and fulfil the filters, as `browse` takes them."""
        condition, values = self._meant(words, filters)
        return self._file.number(f"SELECT count(*) FROM papers WHERE {condition}", *values)

    def sources(self, paper_id: str) -> list[str]:
        """The names of the sources that speak of a paper, sorted."""
        rows = self._file.rows(
            "SELECT DISTINCT source FROM records WHERE paper_id = ? ORDER BY source", paper_id
        )
        return [row[0] for row in rows]

    def origins(self, paper_id: str) -> dict[str, list[str]]:
        """The sources that say what the catalog holds of a paper, by field; empty for an unknown id."""
        rows = self._file.rows(
            "SELECT source, record FROM records WHERE paper_id = ? ORDER BY source, mention", paper_id
        )
        return origins([(source, load(record)) for source, record in rows]) if rows else {}

    def records(self) -> Iterator[tuple[str, int, Paper]]:
        """All that sources said: source, mention and record, the records of a paper one after the other.

        Nothing else is read or written meanwhile.
        """
        statement = "SELECT source, mention, record FROM records ORDER BY paper_id, source, mention"
        for source, mention, record in self._file.stream(statement):
            yield source, mention, load(record)

    def years(self) -> dict[int | None, int]:
        """Number of papers of each year; the years in their order, those of no known year last."""
        return dict(
            self._file.rows("SELECT year, count(*) FROM papers GROUP BY year ORDER BY year IS NULL, year")
        )

    def narrow(self, filters: Filters) -> Filters:
        """The same filters by years and ids alone, which is what the indexes know."""
        condition, values = fulfilling(filters)
        papers = None if filters.papers is None else tuple(self.find(filters.papers).values())
        if values:
            found = self._file.rows(
                f"SELECT paper_id FROM papers WHERE {condition} ORDER BY paper_id", *values
            )
            wanted = papers if papers is None else set(papers)
            papers = tuple(row[0] for row in found if wanted is None or row[0] in wanted)
        return Filters(filters.from_year, filters.to_year, papers=papers)

    def changes_after(self, sequence: int, most: int) -> list[Change]:
        """The first `most` changes after a sequence number, in their order."""
        rows = self._file.rows(
            "SELECT sequence, paper_id, paper, passages FROM changes LEFT JOIN papers"
            " USING (paper_id) WHERE sequence > ? ORDER BY sequence LIMIT ?",
            sequence,
            most,
        )
        return [_change(*row) for row in rows]

    def count_changes_after(self, sequence: int) -> int:
        """How many papers changed after a sequence number."""
        return self._file.number("SELECT count(*) FROM changes WHERE sequence > ?", sequence)

    def titles(self, paper_ids: Sequence[str]) -> dict[str, str]:
        """The titles of these papers, by id; unknown ids are left out."""
        statement = "SELECT paper_id, json_extract(paper, '$.title') FROM papers WHERE paper_id IN"
        return dict(rows_in(self._file.rows, statement, paper_ids))

    def sequences(self, paper_ids: Sequence[str]) -> dict[str, int]:
        """The number of the last change of each of these papers, by id; unknown ids are left out."""
        return dict(
            rows_in(self._file.rows, "SELECT paper_id, sequence FROM changes WHERE paper_id IN", paper_ids)
        )

    def last_sequence(self) -> int:
        """The sequence number of the last change, 0 where nothing was ever written."""
        return self._file.number("SELECT coalesce(max(sequence), 0) FROM changes")

    def count(self) -> int:
        return self._file.number("SELECT count(*) FROM papers")

    def count_records(self) -> int:
        """How often sources speak of papers."""
        return self._file.number("SELECT count(*) FROM records")

    def unchanging(self) -> AbstractContextManager[None]:
        """All that is read inside is as it was at one moment, whatever another process writes."""
        return self._file.snapshot()

    def count_passages(self) -> int:
        return self._file.number("SELECT coalesce(sum(passage_count), 0) FROM papers")

    def count_without_year(self) -> int:
        return self._file.number("SELECT count(*) FROM papers WHERE year IS NULL")

    def count_without_authors(self) -> int:
        return self._file.number(
            "SELECT count(*) FROM papers WHERE json_extract(paper, '$.author_count') IS NULL"
        )

    def passages_by_paper(self) -> Iterator[tuple[str, int]]:
        """Every paper id with its number of passages."""
        yield from self._file.rows("SELECT paper_id, passage_count FROM papers ORDER BY paper_id")

    def problems(self) -> list[str]:
        """What is wrong within the catalog itself, in words; reads the whole file."""
        checks = {
            "papers without a record": "SELECT count(*) FROM papers WHERE paper_id NOT IN"
            " (SELECT paper_id FROM records)",
            "records without a paper": "SELECT count(*) FROM records WHERE paper_id NOT IN"
            " (SELECT paper_id FROM papers)",
            "papers without a change": "SELECT count(*) FROM papers WHERE paper_id NOT IN"
            " (SELECT paper_id FROM changes)",
        }
        damage = [row[0] for row in self._file.rows("PRAGMA quick_check(5)") if row[0] != "ok"]
        counts = {what: self._file.number(statement) for what, statement in checks.items()}
        wrong = [f"catalog: {number} {what}" for what, number in counts.items() if number]
        return [f"catalog: {' '.join(each.split())}" for each in damage] + wrong

    def digest(self) -> str:
        """SHA-256 of all papers with their passages: the same whatever the order in which they came."""
        found = hashlib.sha256()
        for row in self._file.stream("SELECT paper, passages FROM papers ORDER BY paper_id"):
            found.update(json.dumps(row).encode())
        return found.hexdigest()

    @property
    def holds_digests(self) -> bool:
        """Whether the texts here are digests; False for an empty catalog."""
        return bool(self._file.number("SELECT coalesce(max(is_digest), 0) FROM kind"))

    def _meant(self, words: str, filters: Filters) -> Condition:
        papers = None if filters.papers is None else self.find(filters.papers).values()
        return together(matching(words), fulfilling(filters), of_years(filters), among(papers))

    def _known(self, keys: Collection[str]) -> dict[str, str]:
        """The ids of the papers that are known under these keys, by key.

        Of several papers of one title, the one that has it for its id goes first.
        """
        rows = rows_in(self._file.rows, "SELECT key, paper_id FROM keys WHERE key IN", keys)
        return dict(sorted(rows, key=lambda row: (row[0] == row[1], row[1])))


def _change(sequence: int, paper_id: str, paper: str | None, passages: str | None) -> Change:
    spans = json.loads(passages) if passages else []
    return Change(
        sequence,
        paper_id,
        load(paper) if paper else None,
        tuple(Passage(paper_id, start, end) for start, end in spans),
    )

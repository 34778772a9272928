"""The catalog: papers and the log of their changes in SQLite. It is the truth; indexes follow it.

A source's record of a paper is kept as it came; the paper is what its records say together. Each
change of a paper takes the next sequence number, and the log keeps the last change of each paper,
so that an index that knows which number it has applied knows all that it lacks.
"""

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Literal

from rag.errors import MixedLibraryError
from rag.identity import reference_keys
from rag.library.catalog_file import CatalogFile
from rag.library.merge import merge_records
from rag.library.selecting import fulfilling, matching, storable
from rag.library.sql import rows_in
from rag.types import Filters, Paper, Passage, Span

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
        self._file = CatalogFile(path)

    def close(self) -> None:
        self._file.close()

    def put(
        self, papers: Sequence[Paper], source: str, mentions: Counter[str], split: Splitter
    ) -> list[tuple[str, Outcome]]:
        """Write what a source says of papers in one transaction; id and outcome of each.

        `mentions` counts how often this source has named each paper so far, and goes on counting:
        the second mention of a paper is a record of its own. `split` cuts an abstract into
        passages. Raises MixedLibraryError, DamagedError.
        """
        with self._file.transaction():
            return [self._put(paper, source, mentions, split) for paper in papers]

    def drop_mentions(self, source: str, mentions: Counter[str], split: Splitter) -> None:
        """Forget what a source said of a paper oftener than it does now, and store the paper anew.

        For a source that has been read to its end. Papers that it no longer names stay.
        """
        rows = self._file.rows(
            "SELECT paper_id, max(mention) FROM records WHERE source = ? GROUP BY paper_id", source
        )
        fewer = [paper_id for paper_id, last in rows if 0 < mentions[paper_id] <= last]
        with self._file.transaction():
            for paper_id in fewer:
                self._file.run(
                    "DELETE FROM records WHERE paper_id = ? AND source = ? AND mention >= ?",
                    paper_id,
                    source,
                    mentions[paper_id],
                )
                self._store(self._merged(paper_id), split)

    def remove(self, references: Sequence[str]) -> int:
        """Forget papers, and all that sources said of them, in one transaction; how many there were.

        References are taken as `find` takes them. A catalog without papers takes either kind again.
        """
        with self._file.transaction():
            paper_ids = sorted(set(self.find(references).values()))
            for table in ("records", "papers", "keys"):
                rows_in(self._file.rows, f"DELETE FROM {table} WHERE paper_id IN", paper_ids)
            for paper_id in paper_ids:
                self._log(paper_id)
            if not self.count():
                self._file.run("DELETE FROM kind")
        return len(paper_ids)

    def resolve(self, paper: Paper) -> str:
        """The id under which this paper is known, or else its own."""
        known = self._known(paper.keys)
        return next((known[key] for key in paper.keys if key in known), paper.paper_id)

    def find(self, references: Sequence[str]) -> dict[str, str]:
        """The ids of papers by what they are referred to with: an id, arXiv id, DOI or title.

        Titles are compared normalised. References to papers that are not here are left out.
        """
        keys = {reference: reference_keys(storable(reference)) for reference in references}
        known = self._known({key for several in keys.values() for key in several})
        found = {
            reference: next((known[key] for key in several if key in known), storable(reference))
            for reference, several in keys.items()
        }
        held = self.papers(list(found.values()))
        return {reference: paper_id for reference, paper_id in found.items() if paper_id in held}

    def papers(self, paper_ids: Sequence[str]) -> dict[str, Paper]:
        """The papers of these ids, by id; unknown ids are left out."""
        rows = rows_in(self._file.rows, "SELECT paper_id, paper FROM papers WHERE paper_id IN", paper_ids)
        return {paper_id: _load(paper) for paper_id, paper in rows}

    def passages(self, paper_ids: Sequence[str]) -> dict[str, list[Passage]]:
        """The passages of these papers in their order, by id; unknown ids are left out."""
        rows = rows_in(
            self._file.rows, "SELECT paper_id, passages FROM papers WHERE paper_id IN", paper_ids
        )
        return {
            paper_id: [Passage(paper_id, start, end) for start, end in json.loads(spans)]
            for paper_id, spans in rows
        }

    def browse(self, words: str = "", *, offset: int = 0, most: int = 50) -> list[Paper]:
        """The papers that have each of these words, `most` of them behind the first `offset`.

        A word may stand in the title, the organisation, the arXiv id, the DOI or the year, in any
        case. The newest first, those without a date last; then by title.
        """
        condition, values = matching(words)
        rows = self._file.rows(
            f"SELECT paper FROM papers WHERE {condition} ORDER BY json_extract(paper, '$.published') DESC,"
            " folded(json_extract(paper, '$.title')), paper_id LIMIT ? OFFSET ?",
            *values,
            most,
            offset,
        )
        return [_load(row[0]) for row in rows]

    def count_matching(self, words: str = "") -> int:
        """How many papers have each of these words, as `browse` takes them."""
        condition, values = matching(words)
        return self._file.number(f"SELECT count(*) FROM papers WHERE {condition}", *values)

    def sources(self, paper_id: str) -> list[str]:
        """The names of the sources that speak of a paper, sorted."""
        rows = self._file.rows(
            "SELECT DISTINCT source FROM records WHERE paper_id = ? ORDER BY source", paper_id
        )
        return [row[0] for row in rows]

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

    def last_sequence(self) -> int:
        """The sequence number of the last change, 0 where nothing was ever written."""
        return self._file.number("SELECT coalesce(max(sequence), 0) FROM changes")

    def count(self) -> int:
        return self._file.number("SELECT count(*) FROM papers")

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

    def _put(
        self, record: Paper, source: str, mentions: Counter[str], split: Splitter
    ) -> tuple[str, Outcome]:
        self._check_kind(record.is_digest)
        paper_id = self.resolve(record)
        for key in record.keys:
            self._file.run("INSERT OR IGNORE INTO keys VALUES (?, ?)", key, paper_id)
        self._file.run(
            "INSERT OR REPLACE INTO records VALUES (?, ?, ?, ?)",
            paper_id,
            source,
            mentions[paper_id],
            _dump(replace(record, paper_id=paper_id)),
        )
        mentions[paper_id] += 1
        return paper_id, self._store(self._merged(paper_id), split)

    def _merged(self, paper_id: str) -> Paper:
        rows = self._file.rows(
            "SELECT record FROM records WHERE paper_id = ? ORDER BY source, mention", paper_id
        )
        return merge_records([_load(row[0]) for row in rows])

    def _store(self, paper: Paper, split: Splitter) -> Outcome:
        known = self._file.rows("SELECT paper FROM papers WHERE paper_id = ?", paper.paper_id)
        dumped = _dump(paper)
        if known and known[0][0] == dumped:
            return "unchanged"
        passages = list(split(paper.abstract))
        self._file.run(
            "INSERT OR REPLACE INTO papers VALUES (?, ?, ?, ?, ?)",
            paper.paper_id,
            dumped,
            paper.year,
            json.dumps(passages),
            len(passages),
        )
        self._log(paper.paper_id)
        return "updated" if known else "added"

    def _log(self, paper_id: str) -> None:
        """Give a paper's change the next sequence number, which takes the place of its last one."""
        self._file.run(
            "INSERT OR REPLACE INTO changes SELECT ?, coalesce(max(sequence), 0) + 1 FROM changes", paper_id
        )

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

    def _known(self, keys: Collection[str]) -> dict[str, str]:
        """The ids of the papers that are known under these keys, by key."""
        return dict(rows_in(self._file.rows, "SELECT key, paper_id FROM keys WHERE key IN", keys))


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

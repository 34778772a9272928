"""The papers to export, each with the records of its sources."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from ingest.sources.json_values import object_of
from rag.library.catalog import Catalog
from rag.library.catalog_rows import folded_label
from rag.library.own_words import OWN
from rag.library.progress import Track, untracked
from rag.types import Paper

_PAGE = 500  # papers in memory at a time


@dataclass(frozen=True)
class Holding:
    """A paper, with the records of its sources, each with the source's name, and the user's own record."""

    paper: Paper
    records: Sequence[tuple[str, Paper]] = ()
    own: Paper | None = None

    @classmethod
    def of(cls, paper: Paper, records: Sequence[tuple[str, Paper]], source: str | None = None) -> "Holding":
        """The holding with the records of one source, or of all."""
        own = next((record for name, record in records if name == OWN), None)
        others = [(name, record) for name, record in records if name != OWN and _is_of(name, source)]
        return cls(paper, others, own)

    def custom(self, name: str) -> Iterator[tuple[str, Paper, Mapping[str, Any]]]:
        """Source, record, and what the record keeps in a format's own form, where it has that."""
        for source, record in self.records or [("", self.paper)]:
            kept = object_of(record.csl.get("custom")).get(name)
            if isinstance(kept, Mapping):
                yield source, record, kept

    def additions(self, record: Paper) -> Paper:
        """The user's own tags and note, and a retraction, as far as a source's record lacks them."""
        own, known = self.own or Paper("", ""), set(map(folded_label, record.tags))
        return Paper(
            record.title,
            "",
            tags=tuple(tag for tag in own.tags if folded_label(tag) not in known),
            note="" if own.note in record.note else own.note,
            retracted=None if record.retracted else self.paper.retracted,
        )


def _is_of(name: str, source: str | None) -> bool:
    """Whether a source has this name, or one that ends in it, as filters have it."""
    return source is None or name == source or name.endswith(f"/{source}")


class Holdings:
    """The papers of these ids, which may be read more than once, page by page."""

    def __init__(
        self, catalog: Catalog, ids: Sequence[str], source: str | None = None, track: Track = untracked
    ) -> None:
        self._catalog = catalog
        self._ids = ids
        self._source = source
        self._track = track
        self.written = 0
        """How many papers `tracked` has gone through: some may be removed meanwhile."""

    def __iter__(self) -> Iterator[Holding]:
        for page in self._pages():
            yield from page

    def tracked(self) -> Iterator[Holding]:
        """The papers once more, with progress told."""
        for page in self._track(self._pages(), "exporting papers", len(self._ids)):
            self.written += len(page)
            yield from page

    def _pages(self) -> Iterator[list[Holding]]:
        for start in range(0, len(self._ids), _PAGE):
            page = self._ids[start : start + _PAGE]
            papers = self._catalog.papers(page)
            yield [
                Holding.of(papers[paper_id], self._catalog.records_of(paper_id), self._source)
                for paper_id in page
                if paper_id in papers
            ]


def with_custom(holding: Holding) -> Paper:
    """The paper with what its records keep in the forms of their formats, of each form the first.

    Where several records have an entry of BibTeX, that with the paper's own key goes first.
    """
    custom: dict[str, Any] = {}
    for _, record in sorted(holding.records, key=lambda pair: pair[1].key != holding.paper.key):
        custom = {**object_of(record.csl.get("custom")), **custom}
    return replace(holding.paper, csl={**holding.paper.csl, "custom": custom}) if custom else holding.paper


def whole_papers(catalog: Catalog, paper_ids: Collection[str]) -> dict[str, Paper]:
    """The papers of these ids with their bodies and `with_custom`, by id; unknown ids are left out."""
    papers = catalog.whole_papers(paper_ids)
    return {
        paper_id: with_custom(Holding.of(paper, catalog.records_of(paper_id)))
        for paper_id, paper in papers.items()
    }

"""The table of papers: its columns, the part that is shown, and what selects it."""

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import PurePath
from typing import Self

from rag.library import Library
from rag.library.orders import ORDERS, Order
from rag.plain import in_a_line
from rag.types import Filters, Paper
from ui.authors import of_paper
from ui.particulars import journal

SHOWN = 50  # papers of a page
_LARGEST = 10**9  # page that anybody can name
_PLACE = re.compile(rf"({'|'.join(ORDERS)})([+-]) (\d{{1,9}})\b")


@dataclass(frozen=True)
class Column:
    """A column: its heading, and what papers are listed by when that is clicked."""

    heading: str
    order: Order | None = None
    is_descending: bool = False  # at the first click


TITLE = Column("Title", "title")
COLUMNS = {
    "authors": Column("Authors", "authors"),
    "published": Column("Published", "published", is_descending=True),
    "journal": Column("Journal", "journal"),
    "organization": Column("Organisation", "organization"),
    "tags": Column("Tags"),
    "collections": Column("Collections"),
    "key": Column("Key", "key"),
    "paper_id": Column("Id"),
    "source": Column("From", "changed", is_descending=True),
}
"""The columns beside the title that a visitor may choose."""
CHOICES = [(column.heading, name) for name, column in COLUMNS.items()]
USUAL = ("authors", "published", "organization", "tags")
_TEXTS: dict[str, Callable[[Paper], str | None]] = {  # of columns that are no field of a paper as it is
    "authors": of_paper,
    "journal": journal,
    "tags": lambda paper: ", ".join(paper.tags),
    "collections": lambda paper: ", ".join(paper.collections),
}


@dataclass(frozen=True)
class Place:
    """A page, from 1, of all papers in an order."""

    order: Order = "published"
    is_descending: bool = True
    page: int = 1

    @classmethod
    def of(cls, text: object) -> Self:
        """The place that a text names, such as "title+ 3"; the first page of the newest for any other."""
        match = _PLACE.match(text) if isinstance(text, str) else None
        if match is None:
            return cls()
        order = next(order for order in ORDERS if order == match[1])
        return cls(order, match[2] == "-", min(max(int(match[3]), 1), _LARGEST))

    def __str__(self) -> str:
        return f"{self.order}{'-' if self.is_descending else '+'} {self.page}"

    def at(self, page: int) -> Self:
        """Another page of the same order."""
        return replace(self, page=page)

    def by(self, column: Column) -> "Place":
        """The first page in the order of a column, or the other way round where it is in force."""
        if column.order is None:
            return self
        is_same = column.order == self.order
        return Place(column.order, not self.is_descending if is_same else column.is_descending)


@dataclass(frozen=True)
class Table:
    """A page of the papers that fulfil conditions, with the chosen columns."""

    papers: Sequence[Paper]
    matching: int
    place: Place
    columns: Mapping[str, Column]
    sources: Mapping[str, list[str]]
    is_narrowed: bool

    @classmethod
    def read(
        cls, library: Library, words: str, filters: Filters, place: Place, columns: Collection[str]
    ) -> Self:
        """The page of a library at this place, or its last one where there are fewer."""
        catalog, chosen = library.catalog, {name: COLUMNS[name] for name in COLUMNS if name in columns}
        matching = catalog.count_matching(words, filters)
        place = place.at(min(place.page, _pages(matching)))
        papers = catalog.browse(
            words,
            offset=(place.page - 1) * SHOWN,
            most=SHOWN,
            filters=filters,
            order=place.order,
            is_descending=place.is_descending,
        )
        ids = [paper.paper_id for paper in papers]
        sources = catalog.sources_of(ids) if "source" in chosen else {}
        return cls(papers, matching, place, chosen, sources, bool(words.strip()) or not filters.is_open)

    @property
    def pages(self) -> int:
        return _pages(self.matching)

    @property
    def headings(self) -> dict[str, Column]:
        return {"title": TITLE, **self.columns}

    @property
    def summary(self) -> str:
        """How many papers there are, in a line."""
        if not self.matching:
            return "No paper is like that." if self.is_narrowed else "No papers yet: add some."
        if self.matching == 1:
            return "1 paper. Select it to read it."
        return f"{self.matching:,} papers. Select one to read it."

    def cell(self, paper: Paper, name: str) -> str:
        """What a column says of a paper."""
        if name == "source":
            sources = self.sources.get(paper.paper_id, ())
            return in_a_line(", ".join(PurePath(source).name for source in sources))
        value = _TEXTS[name](paper) if name in _TEXTS else getattr(paper, name)
        return in_a_line(str(value or ""))


def _pages(matching: int) -> int:
    return max(1, -(-matching // SHOWN))

"""Searches of the indexes under filters, of which the indexes know only years and ids."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, TypeVar

from rag.library.catalog import Catalog
from rag.types import Filters

Query = TypeVar("Query")
Match = TypeVar("Match", bound=tuple[Any, ...])
"""What an index finds; the paper's id comes first."""

FEW = 1000  # papers whose ids an index is given
_WIDER = 1.2  # times as many matches as will do if the filters let through the same share of them


class Selection:
    """The papers that filters let through.

    If they are few, the index gets their ids. Otherwise it searches all papers, the catalog tells which
    matches fulfil the filters, and the search is widened until enough do: thousands of ids would take
    longer than the search.
    """

    def __init__(self, catalog: Catalog, filters: Filters, few: int = FEW) -> None:
        self._catalog = catalog
        self._others = replace(filters, from_year=None, to_year=None, papers=None)
        self._named = None if filters.papers is None else set(catalog.find(filters.papers).values())
        self._indexed = Filters(filters.from_year, filters.to_year)
        self._is_wide = False
        if self._named is None and self._others.is_open:
            return
        paper_ids = catalog.matching(self._others, few + 1, self._named)
        self._is_wide = len(paper_ids) > few
        if not self._is_wide:
            self._indexed = replace(self._indexed, papers=tuple(paper_ids))

    def best(
        self, search: Callable[[Query, int, Filters], Sequence[Match]], query: Query, most: int
    ) -> Sequence[Match]:
        """The `most` best matches of an index among these papers, best first."""
        size = most
        while True:
            matches = search(query, size, self._indexed)
            if not self._is_wide:
                return matches
            selected = self._selected(matches)
            if len(selected) >= most or len(matches) < size:
                return selected[:most]
            share = max(len(selected), 1) / len(matches)
            size = max(2 * size, int(_WIDER * most / share))

    def _selected(self, matches: Sequence[Match]) -> Sequence[Match]:
        paper_ids = {match[0] for match in matches}
        if self._named is not None:
            paper_ids &= self._named
        selected = set(self._catalog.matching(self._others, len(paper_ids), paper_ids))
        return [match for match in matches if match[0] in selected]

"""Filters that the indexes do not know: the same results as from a search among all papers."""

from itertools import product

import numpy as np
import pytest

from ingest.pipeline import ingest
from rag.library import Library
from rag.library.selection import Selection
from rag.types import Filters, Paper

ANIMALS = ("owls", "bees", "foxes", "eels", "newts")


class Listed:
    """A source of every third paper of these."""

    def __init__(self, papers, start):
        self.name, self.papers = f"/pages/{start}.txt", papers[start::3]

    def read(self):
        yield from self.papers


def papers():
    for number, (animal, place) in enumerate(product(ANIMALS, range(12))):
        yield Paper(
            title=f"A Study of {animal} {place}",
            abstract=f"We count {animal} in field {place}. They sleep {'at noon ' * (number % 7)}there.",
            published=str(2010 + number % 9) if number % 4 else None,
            author_count=number % 6 or None,
            organization=("Öwl Lab", "Hive", None)[number % 3],
        )


@pytest.fixture(scope="module")
def filled(tmp_path_factory, encoder):
    with Library.create(tmp_path_factory.mktemp("selection"), encoder) as library:
        made = list(papers())
        ingest(library, [Listed(made, start) for start in range(3)])
        yield library


def fulfils(library, paper, filters):
    authors, year = paper.author_count, paper.year
    return (
        (filters.from_year is None or (year is not None and year >= filters.from_year))
        and (filters.min_authors is None or (authors is not None and authors >= filters.min_authors))
        and (filters.max_authors is None or (authors is not None and authors <= filters.max_authors))
        and (
            filters.organization is None
            or (paper.organization or "").casefold() == filters.organization.casefold()
        )
        and (
            filters.source is None or f"/pages/{filters.source}" in library.catalog.sources(paper.paper_id)
        )
        and (filters.papers is None or paper.title in filters.papers)
    )


@pytest.mark.parametrize("few", [0, 5, 1000])
@pytest.mark.parametrize(
    "filters",
    [
        Filters(),
        Filters(min_authors=3),
        Filters(max_authors=2, from_year=2013),
        Filters(organization="öWL LAB"),
        Filters(organization="nobody"),
        Filters(source="1.txt", min_authors=2),
        Filters(papers=tuple(f"A Study of owls {place}" for place in range(12)), max_authors=3),
        Filters(papers=("unknown",)),
    ],
)
def test_the_best_papers_under_filters_are_those_of_the_whole_ranking(filled, filters, few):
    held = {paper.paper_id: paper for paper in filled.catalog.browse(most=100)}
    vector, _ = filled.encode_query("do bees sleep at noon")
    selection = Selection(filled.catalog, filters, few)
    for index, query in ((filled.lexical, "do bees sleep at noon"), (filled.dense, vector)):
        ranking = index.search(query, 100, Filters())
        wanted = [match for match in ranking if fulfils(filled, held[match[0]], filters)]
        for most in (1, 7, 60):
            found = selection.best(index.search, query, most)
            assert np.allclose([match[-1] for match in found], [match[-1] for match in wanted[:most]])
            assert {match[0] for match in found} <= {match[0] for match in wanted}
    assert filled.catalog.count_matching(filters=filters) == sum(
        fulfils(filled, paper, filters) for paper in held.values()
    )

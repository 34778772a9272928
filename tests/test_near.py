"""Titles that are nearly the same are reported, and their papers stay two."""

from itertools import combinations

import pytest
from conftest import Listed

from ingest import pipeline
from ingest.pipeline import ingest
from ingest.sources.base import Rejection
from rag.library.near import NearDuplicate, are_near
from rag.types import Paper


@pytest.mark.parametrize(
    ("one", "other", "near"),
    [
        ("How owls sleep at noon", "How Owls Sleep at Noon?", True),
        ("How owls sleep at noon", "How owl sleep at noon", True),
        ("How owls sleep at noon", "How owls sleep at noon: nine case studies", True),
        ("How owls sleep at noon", "How bees sleep at night", False),
        ("Owls: a survey", "Owls", False),  # too short to say anything without its subtitle
        ("Findings of the owl task 2019", "Findings of the owl task 2020", False),
        ("On owls, part 1", "On owls, part 1.", True),
        ("Öwls über alles", "öwls ÜBER alles", True),
    ],
)
def test_titles_are_near_whose_letters_are_nearly_the_same(one, other, near):
    assert are_near(one, other) is near
    assert are_near(other, one) is near


def test_an_ingest_names_each_near_pair_once_and_merges_none(library):
    first = Paper("How owls sleep at noon", "We watched.", published="2021")
    typo = Paper("How owls sleeep at noon", "We watched.", published="2021")
    later = Paper("How Owls Sleep at Noon", "We watched again.", published="2023")
    other = Paper("The dances of bees", "They dance.")
    assert ingest(library, [Listed((first, other))]).near_duplicates == []
    report = ingest(library, [Listed((typo, later), "b")])
    titles = first.title, typo.title, later.title
    pairs = {frozenset((pair.title, pair.other_title)) for pair in report.near_duplicates}
    assert pairs == {frozenset(pair) for pair in combinations(titles, 2)}
    assert len(report.near_duplicates) == 3
    assert library.catalog.count() == 4
    assert list(library.near_duplicates()) == report.near_duplicates
    assert ingest(library, [Listed((typo, later), "b")]).near_duplicates == []
    assert report.to_dict()["near_duplicates"][0].keys() == NearDuplicate("", "", "", "").__dict__.keys()


def test_a_report_names_rejections_up_to_a_number_and_counts_the_others(library, monkeypatch):
    monkeypatch.setattr(pipeline, "LISTED", 3)
    rejections = tuple(Rejection("a", line, "no title") for line in range(5))
    report = ingest(library, [Listed((*rejections, Paper("Owls", "Owls.")))])
    assert (len(report.rejected), report.unlisted) == (3, 2)
    counted = report.added + report.updated + report.unchanged + report.duplicates
    assert report.seen == counted + len(report.rejected) + report.unlisted == 6

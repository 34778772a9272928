"""What records keep beside title and abstract: labels, keys, notes, and what else their sources say."""

from dataclasses import replace

import pytest

from ingest.annotating import annotate
from ingest.backup import restore, write_backup
from ingest.chunking import split_abstract
from ingest.pipeline import ingest
from ingest.sources.base import paper_from
from rag.library.catalog import Catalog
from rag.library.library import catalog_path
from rag.library.own_words import OWN
from rag.types import Filters, Paper
from tests.conftest import Listed

OWLS = Paper(
    "Owls of the North",
    "We count owls.",
    published="2019",
    authors=("Krisztina Várady", "John Smith"),
    key="varady2019",
    tags=("Birds", "to read"),
    collections=("Thesis/Chapter 2",),
    csl={"type": "article-journal", "volume": "12", "custom": {"bibtex": {"type": "article"}}},
)
MICE = Paper(
    "Mice of the South", "We count mice.", published="2020", authors=("Ann Doe", "Krisztina Smith")
)


@pytest.fixture
def shelf(library):
    ingest(library, [Listed((OWLS, MICE), "shelf")])
    return library


@pytest.mark.parametrize(
    ("filters", "titles"),
    [
        (Filters(author="varady"), [OWLS.title]),
        (Filters(author="Várady"), [OWLS.title]),
        (Filters(author="smith"), [MICE.title, OWLS.title]),
        (Filters(author="Krisztina Smith"), [MICE.title]),  # one name has all the words
        (Filters(tag="BIRDS"), [OWLS.title]),
        (Filters(collection="thesis"), [OWLS.title]),
        (Filters(collection="Thesis/chapter 2"), [OWLS.title]),
        (Filters(collection="Chapter 2"), [OWLS.title]),
        (Filters(collection="Chapter"), []),
    ],
)
def test_papers_are_selected_by_authors_tags_and_collections(shelf, filters, titles):
    assert [paper.title for paper in shelf.catalog.browse(filters=filters)] == titles


def test_a_paper_is_found_by_its_citation_key_and_listed_by_its_authors(shelf):
    assert list(shelf.catalog.find(["varady2019", "@varady2019"]).values()) == [OWLS.paper_id] * 2
    assert [paper.title for paper in shelf.catalog.browse("várady birds")] == [OWLS.title]
    assert shelf.catalog.labels("collection") == {"Thesis": 1, "Thesis/Chapter 2": 1}


def test_records_merge_their_labels_and_the_fullest_csl(library):
    other = Paper(OWLS.title, "", tags=("birds", "north"), note="Read again.", csl={"type": "article"})
    ingest(library, [Listed((OWLS,), "one"), Listed((other,), "other")])
    (paper,) = library.catalog.browse()
    assert paper.tags == ("Birds", "to read", "north")
    assert paper.note == "Read again."
    assert paper.csl == {"type": "article-journal", "volume": "12"}
    kept = {source: record.csl for source, _, record in library.catalog.records()}
    assert kept == {"one": OWLS.csl, "other": other.csl}


def test_the_users_tags_and_notes_are_a_record_of_their_own(shelf):
    annotate(shelf, [MICE.paper_id], lambda own: replace(own, tags=("rodents",), note="Too few."))
    (paper,) = shelf.catalog.browse(filters=Filters(tag="rodents"))
    assert (paper.title, paper.note, paper.abstract) == (MICE.title, "Too few.", MICE.abstract)
    assert shelf.catalog.sources(MICE.paper_id) == ["shelf", OWN]
    ingest(shelf, [Listed((MICE,), "shelf")])
    assert shelf.catalog.papers([MICE.paper_id])[MICE.paper_id].tags == ("rodents",)
    annotate(shelf, [MICE.paper_id], lambda own: replace(own, tags=(), note=""))
    assert shelf.catalog.sources(MICE.paper_id) == ["shelf"]
    assert not shelf.catalog.labels("tag").get("rodents")


def test_an_edit_that_says_nothing_leaves_the_paper(shelf):
    shelf.catalog.recorder(split_abstract).edit_own([MICE.paper_id], lambda own: own)
    assert shelf.catalog.sources(MICE.paper_id) == ["shelf"]


def test_a_backup_keeps_all_of_it(shelf, tmp_path):
    annotate(shelf, [MICE.paper_id], lambda own: replace(own, note="Too few."))
    backup = tmp_path / "backup.jsonl"
    with backup.open("wb") as file:
        write_backup(shelf.catalog, file)
    restore(tmp_path / "new", backup)
    restored = Catalog(catalog_path(tmp_path / "new"))
    assert list(restored.records()) == list(shelf.catalog.records())
    assert restored.digest() == shelf.catalog.digest()
    restored.close()


@pytest.mark.parametrize(
    "csl", ["text", {"page": float("nan")}, {"editor": object()}, {"a": {"b": "x" * 300_000}}]
)
def test_csl_that_is_no_json_or_too_large_is_rejected(csl):
    with pytest.raises(ValueError, match="`csl`"):
        paper_from({"title": "Owls", "csl": csl})

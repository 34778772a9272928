"""The page's table of papers: its pages, orders and columns, and what visitors may write."""

import pytest
from conftest import library_of
from hypothesis import given
from hypothesis import strategies as st

from ingest.annotating import OwnWords, as_written
from rag.errors import QuestionError
from rag.library.orders import ORDERS
from rag.settings import Settings
from rag.types import Filters
from ui.desk import Desk
from ui.web.rendering import paper_html, table_html
from ui.web.table import COLUMNS, SHOWN, TITLE, USUAL, Place, Table

MARKUP = "<script>alert(1)</script>"
COUNT = 2 * SHOWN + 7


def record(number):
    return {
        "title": f"Study {number:03} of owls",
        "abstract": f"We count {number} owls.",
        "published": str(1990 + number % 30) if number % 10 else None,
        "authors": [f"Ada Name{number % 7}", "Bo Night"][: 1 + number % 2],
        "tags": ["birds"] if number % 3 == 0 else [],
        "key": f"owl{number}",
        "csl": {"container-title": f"Journal {number % 5}"},
    } | ({"retracted": "10.1000/n", "collections": [MARKUP]} if number == 0 else {})


@pytest.fixture(scope="module")
def library(tmp_path_factory, encoder):
    folder = tmp_path_factory.mktemp("table")
    with library_of([record(number) for number in range(COUNT)], folder, encoder) as library:
        yield library


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("is_descending", [False, True])
def test_the_pages_hold_each_paper_once_in_any_order(library, order, is_descending):
    ids = []
    for page in (1, 2, 3):
        table = Table.read(library, "", Filters(), Place(order, is_descending, page), USUAL)
        assert (table.matching, table.pages, table.place.page) == (COUNT, 3, page)
        ids += [paper.paper_id for paper in table.papers]
    assert len(ids) == len(set(ids)) == COUNT
    assert Table.read(library, "", Filters(), Place(order, is_descending, 99), USUAL).place.page == 3


def test_what_papers_are_listed_by_is_in_order_and_what_is_missing_comes_last(library):
    for is_descending in (False, True):
        papers = library.catalog.browse(most=COUNT, order="published", is_descending=is_descending)
        dates = [paper.published for paper in papers if paper.published]
        assert dates == sorted(dates, reverse=is_descending)
        assert all(paper.published is None for paper in papers[len(dates) :])
    papers = library.catalog.browse(most=COUNT, order="authors", is_descending=False)
    families = [paper.authors[0].split()[-1] for paper in papers]
    assert families == sorted(families)


def test_a_heading_turns_the_order_round(library):
    place = Place("title", False, 3)
    assert place.by(TITLE) == Place("title", True, 1)
    assert place.by(COLUMNS["published"]) == Place("published", True, 1)
    assert place.by(COLUMNS["tags"]) == place


@given(st.text(max_size=40) | st.none() | st.integers())
def test_whatever_a_browser_sends_is_a_place(text):
    place = Place.of(text)
    assert place.order in ORDERS and place.page >= 1
    assert Place.of(f"{place} 1700000000000") == place


def test_the_table_has_the_chosen_columns_and_marks_what_is_retracted(library):
    table = Table.read(library, "owls", Filters(to_year=1991), Place("title", False), list(COLUMNS))
    html = table_html(table)
    assert all(column.heading in html for column in COLUMNS.values())
    few = Table.read(library, "", Filters(tag="birds"), Place("title", False), ["key", "<b>"])
    html = table_html(few)
    assert ("Journal" in html, "owl0" in html, "owl1<" in html) == (False, True, False)
    assert (html.count(">retracted<"), few.matching) == (1, len(range(0, COUNT, 3)))
    assert MARKUP not in table_html(Table.read(library, "", Filters(), Place("title", False), COLUMNS))
    assert Table.read(library, "unicorns", Filters(), Place(), ()).summary == "No paper is like that."


def test_tags_and_a_note_are_saved_from_the_page_and_shown_as_the_users(library):
    with Desk(Settings(), library.folder) as desk:
        (paper,) = desk.library.catalog.browse("owl5", filters=Filters(author="Name5"), most=1)
        note = f"Mine. {MARKUP}"
        assert desk.annotate(paper.paper_id, as_written("to read, To Read; methods", note)) == 1
        assert desk.annotate(paper.paper_id, as_written("To Read, methods", note)) == 0
        own = OwnWords.of(desk.library, paper.paper_id)
        assert (own.tags, own.note) == (("To Read", "methods"), note)
        changed = desk.library.catalog.papers([paper.paper_id])[paper.paper_id]
        html = paper_html(changed, ["you"], own)
        assert "Your note" in html and "Mine." in html and MARKUP not in html
        with pytest.raises(QuestionError, match="1,000"):
            desk.annotate(paper.paper_id, as_written("x" * 2000, ""))
        assert desk.annotate(paper.paper_id, as_written("", "")) == 1
        assert desk.library.catalog.sources(paper.paper_id) != ["you"]

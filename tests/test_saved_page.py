"""Saved pages of Daily Papers: both layouts, missing parts, and text that is no page."""

from datetime import date

import pytest
from conftest import PAGES, needs_pages
from hypothesis import given
from hypothesis import strategies as st

from ingest.sources.base import Rejection
from ingest.sources.saved_page import read_saved_page
from rag.library.merge import merge_records
from rag.types import Paper

BUTTON = "Get trending papers in your email inbox!\n"
FURNITURE = f"new\n\n{BUTTON}\nSubscribe\n\nDaily Papers\n\nbyAK and the research community\n\nFeb 10\n\n"
SAVED = date(2024, 3, 5)


def read(text, saved=None):
    return list(read_saved_page(text, "page.txt", saved))


def abstract(topic):
    """Long enough to be an abstract beyond doubt."""
    return f"We count {topic} by hand, twice, and note each of them in a ledger. " * 5 + "The end."


def entry(title, text, *details):
    """One entry of the detailed layout."""
    return "\n".join([title, "", text, "", "", *details, "", ""])


def detailed(*entries):
    return FURNITURE + "".join(entries)


def bare(*papers):
    return BUTTON + "Subscribe" + "".join(f"{title}\n{text}\n" for title, text in papers)


OWLS, BEES = ("Owls at Noon", abstract("owls")), ("Bees in Rows", abstract("bees"))
AUTHORS, DATE, ORGANIZATION = "  • 3 authors", "Sep 27, 2021", "owl-lab Owl Laboratory"


@pytest.mark.parametrize("has_organization", [True, False])
@pytest.mark.parametrize("has_authors", [True, False])
@pytest.mark.parametrize("has_date", [True, False])
def test_any_detail_can_be_missing(has_organization, has_authors, has_date):
    has_organization &= has_authors or has_date  # it stands on top of other details, or not at all
    details = [ORGANIZATION] * has_organization + [AUTHORS] * has_authors + ["·", DATE] * has_date
    owls, bees = read(detailed(entry(*OWLS, *details), entry(*BEES)))
    assert (owls.title, owls.abstract) == OWLS
    assert owls.organization == ("Owl Laboratory" if has_organization else None)
    assert owls.author_count == (3 if has_authors else None)
    assert owls.published == ("2021-09-27" if has_date else None)
    assert bees == Paper(*BEES)


def test_an_organization_is_named_by_its_display_name_or_else_by_its_handle():
    named, unnamed = read(
        detailed(entry(*OWLS, "owl-lab Owl Lab of Ulm", AUTHORS), entry(*BEES, "bees", "·", DATE))
    )
    assert (named.organization, unnamed.organization) == ("Owl Lab of Ulm", "bees")


def test_one_author_is_counted_too():
    (owls,) = read(detailed(entry(*OWLS, "  • 1 author", "·", DATE)))
    assert owls.author_count == 1


@pytest.mark.parametrize(
    ("shown", "saved", "published"),
    [
        ("Jan 2, 2019", None, "2019-01-02"),
        ("Jan 2, 2019", SAVED, "2019-01-02"),
        ("Jan 2, 2019 17", None, "2019-01-02"),
        ("Jan 23", SAVED, "2024-01-23"),
        ("Jan 23 4", SAVED, "2024-01-23"),
        ("Jan 23", None, None),
        ("Jan 23 4", None, None),
        ("Feb 29", SAVED, "2024-02-29"),
        ("Feb 29", date(2023, 3, 5), None),
        ("Feb 30, 2020", None, None),
        ("Jun 0, 2020", None, None),
        ("Jan 1, 0000", None, None),
    ],
)
def test_dates(shown, saved, published):
    (owls,) = read(detailed(entry(*OWLS, AUTHORS, "·", shown)), saved)
    assert (owls.published, owls.author_count) == (published, 3)


def test_the_bare_layout_glues_the_first_title_to_the_button():
    assert read(bare(OWLS, BEES)) == [Paper(*OWLS), Paper(*BEES)]


def test_a_title_that_begins_with_the_word_on_the_button_keeps_it():
    subscribers = ("Subscribers of Honey", abstract("jars"))
    assert read(bare(subscribers, BEES)) == [Paper(*subscribers), Paper(*BEES)]
    assert read(bare(BEES, subscribers)) == [Paper(*BEES), Paper(*subscribers)]


def test_a_page_without_furniture_is_known_by_its_rhythm():
    assert read("\n".join([*OWLS, *BEES])) == [Paper(*OWLS), Paper(*BEES)]


def test_characters_are_kept():
    text = (
        r"We map \(x \mapsto \alpha_{\text{max}}\) and $\mathcal{O}(n^2)$, <b>100\%</b>; naïve — “Übung” "
        "\u2028 \x0b 🦉 a\u00a0b \x1b[31m and so on. " + abstract("owls")
    )
    assert [paper.abstract for paper in read(detailed(entry("Naïve Öwls: $k$-means", text, AUTHORS)))] == [
        text
    ]
    assert read(bare(("Naïve Öwls: $k$-means", text))) == [Paper("Naïve Öwls: $k$-means", text)]


@pytest.mark.parametrize(
    "page", [detailed(entry(*OWLS, AUTHORS, "·", DATE), entry(*BEES)), bare(OWLS, BEES)]
)
def test_line_ends_of_windows_change_nothing(page):
    assert read(page.replace("\n", "\r\n")) == read(page)


def line_of(page, text):
    """Number of the line that is this text, from 1."""
    return [line.strip() for line in page.split("\n")].index(text) + 1


@pytest.mark.parametrize("details", [[], [AUTHORS, "·", DATE]])
def test_a_title_without_an_abstract_is_rejected_alone(details):
    page = detailed(entry("Lost at Sea", "", *details), entry(*BEES))
    rejection, bees = read(page)
    assert rejection.line == line_of(page, "Lost at Sea")
    assert "no abstract: Lost at Sea" in rejection.reason
    assert bees == Paper(*BEES)


def test_a_title_at_the_end_of_a_page_is_rejected_alone():
    page = bare(OWLS) + "Lost at Sea\n"
    assert read(page) == [
        Paper(*OWLS),
        Rejection("page.txt", line_of(page, "Lost at Sea"), "no abstract: Lost at Sea"),
    ]


@pytest.mark.parametrize("layout", ["detailed", "bare"])
def test_an_abstract_without_a_title_is_rejected_alone(layout):
    lost = abstract("wrecks")
    page = (
        detailed(entry(*OWLS, AUTHORS), entry("", lost, "·", DATE), entry(*BEES))
        if layout == "detailed"
        else bare(OWLS, BEES).replace(BEES[0], f"{lost}\n{BEES[0]}")
    )
    owls, rejection, bees = read(page)
    assert rejection == Rejection("page.txt", line_of(page, lost), "an abstract without a title")
    assert (owls.title, bees) == (OWLS[0], Paper(*BEES))


def test_details_without_a_paper_are_rejected_alone():
    page = FURNITURE + "  • 77 authors\n·\nSep 1, 2020\n\n" + entry(*OWLS, AUTHORS)
    rejection, owls = read(page)
    assert rejection.line == line_of(page, "• 77 authors")
    assert (owls.title, owls.author_count, owls.published) == (OWLS[0], 3, None)


def test_a_title_without_a_letter_is_rejected_alone():
    page = detailed(entry("?!", abstract("marks")), entry(*BEES))
    rejection, bees = read(page)
    assert (rejection.line, bees) == (line_of(page, "?!"), Paper(*BEES))


@pytest.mark.parametrize("text", ["", "\n \n", "Dear Ann,\nsee you on Monday.\nBob", "a,b\n1,2\n3,4\n"])
def test_what_is_no_page_is_rejected_as_a_whole(text):
    assert read(text) == [Rejection("page.txt", None, "not a saved page of Hugging Face's Daily Papers")]


words = st.text(
    st.characters(codec="utf-8", exclude_characters="\n", exclude_categories=["Cs"]), max_size=40
)
titles = st.builds("{} T{}".format, words, st.integers(0, 10**6)).map(str.strip)
abstracts = st.builds("A {}{}".format, words, st.just(abstract("things"))).map(str.strip)
days = st.dates(date(1900, 1, 1), date(2099, 12, 31))
papers = st.builds(
    Paper,
    titles,
    abstracts,
    published=st.none() | days.map(date.isoformat),
    author_count=st.none() | st.integers(1, 999_999),
)


def shown(published, with_year):
    day = date.fromisoformat(published)
    return f"{day:%b} {day.day}" + (f", {day.year:04}" if with_year else "")


def page_of(papers, with_year):
    return detailed(
        *(
            entry(
                paper.title,
                paper.abstract,
                *([f"  • {paper.author_count} authors"] if paper.author_count else []),
                *(["·", shown(paper.published, with_year)] if paper.published else []),
            )
            for paper in papers
        )
    )


@given(st.lists(papers, min_size=1, max_size=6))
def test_a_detailed_page_reads_back(papers):
    assert read(page_of(papers, with_year=True)) == papers


@given(papers, st.integers(2000, 2030))
def test_a_date_without_a_year_is_of_the_year_in_which_the_page_was_saved(paper, year):
    (back,) = read(page_of([paper], with_year=False), date(year, 6, 1))
    (unknown,) = read(page_of([paper], with_year=False))
    assert unknown.published is None
    if paper.published is None or paper.published.endswith("02-29"):
        return
    assert back.published == f"{year}{paper.published[4:]}"


@given(st.lists(st.tuples(titles, abstracts), min_size=1, max_size=6))
def test_a_bare_page_reads_back(pairs):
    assert read(bare(*pairs)) == [Paper(*pair) for pair in pairs]


lines = (
    st.sampled_from(["·", "• 3 authors", "Jan 3", "Jan 3, 2020 1", "Subscribe", "new", "", *OWLS]) | words
)


@given(st.text() | st.lists(lines, max_size=20).map("\n".join), st.booleans())
def test_no_text_is_too_odd_to_read(text, is_page):
    for found in read(FURNITURE * is_page + text, SAVED):
        assert isinstance(found, Paper | Rejection)
        if isinstance(found, Paper):
            assert found.title in text
            assert found.abstract in text


def pages():
    return {path: path.read_text(encoding="utf-8") for path in sorted(PAGES.glob("*.txt"))}


@needs_pages
@pytest.mark.parametrize(("saved", "with_year"), [(None, 128), (date(2025, 12, 8), 142)])
def test_the_five_pages(saved, with_year):
    merged: dict[str, list[Paper]] = {}
    entries = 0
    for path, text in pages().items():
        for found in read_saved_page(text, path.name, saved):
            assert isinstance(found, Paper)
            assert found.abstract in text
            merged.setdefault(found.paper_id, []).append(found)
            entries += 1
    papers = [merge_records(records) for records in merged.values()]
    assert (entries, len(papers)) == (403, 333)
    assert sum(paper.year is not None for paper in papers) == with_year

"""What the first pages of papers say, in the styles of several fields."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import first_pages as made
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.pdf.authors import names_in
from ingest.pdf.document import Front
from ingest.pdf.front import read_front
from ingest.pdf.imprint import date_in, doi_of
from ingest.pdf.lines import Line, Word
from ingest.pdf.parsing import parse
from ingest.pdf.titles import title_of
from ingest.sources.base import LONGEST_TITLE, is_date
from rag.plain import in_a_line

THREE = ("Ana Prado", "Jón Þórsson", "Wei-Lun Chang")
TIDES = "Tides set the sediment budget of shallow estuaries"
PARTS = "".join(label + text + " " for label, text in made.PARTS).strip()
STYLES: list[tuple[Callable[[], bytes], dict[str, Any]]] = [
    (
        made.two_columns_engineering,
        {
            "title": "Sediment Budgets of Shallow Estuaries From Four Moorings",
            "authors": ("Ana L. Prado", "Jón Þórsson", "Wei-Lun Chang"),
            "published": "2019-03",
        },
    ),
    (
        made.two_columns_computing,
        {
            "title": "Sediment in Motion: Learning the Budgets of Estuaries",
            "doi": "10.1145/3411764.3445999",
            "published": "2021",
        },
    ),
    (
        made.banner_with_information_box,
        {
            "title": "Sediment budgets of shallow estuaries: What four moorings tell",
            "doi": "10.1016/j.marsed.2008.01.005",
            "published": "2008-01-21",
        },
    ),
    (
        made.bold_paragraph_of_a_weekly,
        {"title": TIDES, "doi": "10.1038/s41586-020-1234-5", "published": "2020-04-08"},
    ),
    (
        made.preprint_under_a_banner,
        {"title": TIDES, "doi": "10.1101/2021.10.12.464123", "published": "2021-10-14"},
    ),
    (
        made.working_paper_with_cover,
        {
            "title": "Who Pays for the Sand? Sediment and the Price of Harbours",
            "authors": THREE[:2],
            "published": "2020-06",
        },
    ),
    (
        made.thesis,
        {
            "title": "The Sediment Budget of Shallow Estuaries",
            "authors": ("Ana Lucía Prado",),
            "published": "2018-03",
        },
    ),
    (
        made.stamped_in_the_margin,
        {
            "title": "Sediment in Tidal Flows: Laws for CO2-Rich Estuaries",
            "authors": THREE[:2],
            "arxiv_id": "2110.07143",
            "published": "2021-10-14",
        },
    ),
    (
        made.structured_abstract_of_medicine,
        {
            "title": "Cough in divers of muddy harbours: a cohort study",
            "abstract": PARTS,
            "doi": "10.1186/s12345-019-0042-7",
            "published": "2019",
        },
    ),
    (
        made.summary_of_a_medical_weekly,
        {
            "title": "Cough in divers of muddy harbours: a prospective cohort study in nine countries",
            "authors": ("Ana L Prado", "Jón Þórsson", "Wei-Lun Chang"),
            "abstract": PARTS.replace(": ", " "),
            "doi": "10.1016/s0140-6736(19)30042-7",
            "published": "2019-06-12",
        },
    ),
    (
        made.journal_in_large_type,
        {"title": "sandr: Sediment Budgets in R", "authors": THREE[:2], "published": "2008-01"},
    ),
    (
        made.without_abstract,
        {"title": "On Sand", "authors": ("Ana Prado",), "abstract": None, "published": "2011-05-05"},
    ),
    (
        made.manuscript_in_one_size,
        {"title": "ON THE SEDIMENT OF SHALLOW ESTUARIES AND THE WIND", "published": None},
    ),
    (
        made.sheet_of_a_repository,
        {"title": TIDES, "doi": "10.1234/marlett.2020.0042", "published": "2020"},
    ),
    (
        made.society_of_physics,
        {
            "title": "Sediment budgets of shallow estuaries from four moorings",
            "doi": "10.1103/physnotesb.77.012345",
            "published": "2008-01-09",
        },
    ),
    (made.proceedings_in_one_column, {"title": "Learning the Sediment Budgets of Shallow Estuaries"}),
    (made.manuscript_with_line_numbers, {"title": TIDES}),
    (
        made.springtime,
        {
            "title": "Sediment budgets of shallow estuaries from four moorings",
            "doi": "10.1007/s00190-018-1175-8",
            "published": "2019-01-20",
        },
    ),
    (
        made.in_german,
        {
            "title": "Sedimenthaushalt flacher Mündungen",
            "authors": ("Ana Prado", "Jürgen von der Groß"),
            "published": "2014-03-12",
        },
    ),
    (made.blocks_of_authors_in_one_font, {"title": "Learning the Sediment Budgets of Shallow Estuaries"}),
]


@pytest.fixture
def front_of(tmp_path: Path) -> Callable[[bytes], Front]:
    def front(pdf: bytes) -> Front:
        path = tmp_path / "paper.pdf"
        path.write_bytes(pdf)
        return parse(path).front

    return front


@pytest.mark.parametrize(("make", "expected"), STYLES, ids=[make.__name__ for make, _ in STYLES])
def test_first_page(
    front_of: Callable[[bytes], Front], make: Callable[[], bytes], expected: dict[str, Any]
) -> None:
    front = front_of(make())
    whole = {
        "authors": THREE,
        "abstract": made.ABSTRACT,
        "doi": None,
        "arxiv_id": None,
        "published": None,
    } | expected
    assert {name: getattr(front, name) for name in whole} == whole
    assert front.origins == dict.fromkeys((name for name, value in whole.items() if value), "first page")


def test_the_file_serves_where_the_page_is_silent(front_of: Callable[[bytes], Front]) -> None:
    sheet = made.Sheet("Sediment in shallow estuaries", "Ana Prado; Jón Þórsson", "doi:10.1234/abc.5")
    made.body(sheet, 80, heading="")
    front = front_of(sheet.pdf())
    assert (front.title, front.authors, front.doi) == (
        "Sediment in shallow estuaries",
        ("Ana Prado", "Jón Þórsson"),
        "10.1234/abc.5",
    )
    assert front.origins == dict.fromkeys(("title", "authors", "doi"), "file's metadata")
    assert (front.abstract, front.published) == (None, None)


@pytest.mark.parametrize(
    "title",
    [
        "CMR10",
        "Microsoft Word - x.doc",
        "R Graphics Output",
        "untitled",
        "paper.dvi",
        "main",
        "",
        "A-12 101..109",
    ],
)
def test_no_title_of_the_file(title: str) -> None:
    assert title_of(title) is None


@pytest.mark.parametrize(
    ("text", "names"),
    [
        (
            "TORSTEN GRÄF, ANA DE LA CRUZ, AND ALAN VAN DYK",
            ("Torsten Gräf", "Ana de la Cruz", "Alan van Dyk"),
        ),
        ("Ana Prado, MD1*, Jón Þórsson, PhD2 and Wei-Lun Chang, MD, MPH1,2", THREE),
        ("Ana Prado a,*, Jón Þórsson b, Wei-Lun Chang a,b", THREE),
        ("By Prof. Ana Prado (Vigo) & Jón Þórsson <jon@example.org>", THREE[:2]),
        ("Prado, A., Þórsson, J.", ("A. Prado", "J. Þórsson")),
        ("Department of Geology, University of Vigo", ()),
        ("Rochester MN 55904", ()),
        ("Sediment moves the coast", ()),
    ],
)
def test_names(text: str, names: tuple[str, ...]) -> None:
    assert names_in(text) == names


@pytest.mark.parametrize(
    ("text", "date"),
    [
        ("14 Oct 2021", "2021-10-14"), ("October 21st, 2022", "2022-10-21"),
        ("August 2010, Volume 36", "2010-08"),
        ("2022-04-29", "2022-04-29"), ("12. März 2014", "2014-03-12"), ("31 February 2014", "2014-02"),
        ("5 de mayo de 2011", "2011-05-05"), ("3.12.1999", "1999-12-03"), ("pages 1200-1999", None),
        ("06/16/2014", "2014-06-16"), ("05/06/2014", None),
    ],
)  # fmt: skip
def test_dates(text: str, date: str | None) -> None:
    assert date_in(text) == date


@pytest.mark.parametrize(
    "text",
    ["10.1145/nnnnnnn.nnnnnnn", "10.18637/jss.v000.i00", "10.1145/1122445.1122456", "10.1000/XXXXXXX"],
)
def test_placeholders_are_no_doi(text: str) -> None:
    assert doi_of(text) is None


words = st.builds(
    Word,
    st.text(max_size=12),
    st.tuples(*[st.floats(0, 800)] * 4),
    st.floats(0.5, 40),
    is_bold=st.booleans(),
    baseline=st.floats(0, 800),
)
lines = st.lists(st.builds(Line, st.lists(words, max_size=6), st.integers(1, 2)), max_size=12)


metadata_of_files = st.dictionaries(st.sampled_from(["Title", "Author", "Subject"]), st.text())


@given(lines, metadata_of_files, st.lists(st.text()))
def test_any_lines_can_be_read(some: list[Line], metadata: dict[str, str], stamps: list[str]) -> None:
    front = read_front(some, metadata, stamps)
    assert front.published is None or is_date(front.published)
    assert len(front.title or "") <= LONGEST_TITLE
    for text in (front.title, front.abstract, *front.authors):
        assert text is None or text == in_a_line(text)
    assert all(value for value in (getattr(front, name) for name in front.origins))

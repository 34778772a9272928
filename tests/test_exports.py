"""What databases write in their own ways: short names, placeholders, powers, ids in odd places."""

import numpy as np
import pyarrow
import pyarrow.parquet
import pytest
from named_sources import names_to_sources

from ingest.pipeline import ingest
from ingest.sources.base import ReadOptions
from ingest.sources.bibtex import read_bibtex
from ingest.sources.files import FileSource
from ingest.sources.loose import loose_record, plain_text, read_names
from rag.latex import latex_to_text
from rag.types import Paper


def read(tmp_path, name, content):
    (tmp_path / name).write_text(content, encoding="utf-8")
    return list(FileSource(tmp_path / name, ReadOptions(), name).read())


@pytest.mark.parametrize("name", ["savedrecs.txt", "savedrecs.tsv"])
def test_the_tags_of_the_web_of_science_are_columns_and_no_page(tmp_path, name):
    said = "Beetles live in hedges. " * 12
    rows = [
        ("PT", "AU", "AF", "TI", "AB", "PY", "DI"),
        ("J", "Owl, A", "Owl, Ada; Bee, Ben", "Beetles in hedges", said, "2018", "10.1000/B.1"),
    ]
    (paper,) = read(tmp_path, name, "\n".join("\t".join(row) for row in rows) + "\n")
    assert (paper.title, paper.published, paper.doi) == ("Beetles in hedges", "2018", "10.1000/b.1")
    assert paper.authors == ("Ada Owl", "Ben Bee")


def test_scopus_numbers_its_authors_and_has_words_for_no_abstract(tmp_path):
    table = (
        "Authors,Author full names,Title,Year,Abstract\n"
        '"Owl A.; de la Bee B.-C.","Owl, Ada (7103); de la Bee, Ben-Cy (71)",Owls,2020,They sleep.\n'
        "Owl A.,,Bees,2021,[No abstract available]\n"
    )
    paper, bare = read(tmp_path, "scopus.csv", table)
    assert paper.authors == ("Ada Owl", "Ben-Cy de la Bee")
    assert (bare.title, bare.abstract) == ("Bees", "")


@pytest.mark.parametrize(
    ("told", "names"),
    [
        ("Smith J.A., O'Neil K.", ["J.A. Smith", "K. O'Neil"]),
        ("Owl A.; de la Bee B.-C.", ["A. Owl", "B.-C. de la Bee"]),
        ("Jane Doe, Max Roe", ["Jane Doe", "Max Roe"]),
        ("Doe, Jane", ["Jane Doe"]),
        ("de la Cruz, María José", ["María José de la Cruz"]),
        ("Doe, J.", ["J. Doe"]),
        ("Jane Doe", ["Jane Doe"]),
        ("Madonna", ["Madonna"]),
    ],
)
def test_names_in_one_text(told, names):
    assert read_names(told) == names


@pytest.mark.parametrize(
    ("told", "text"),
    [
        ("10<sup>5</sup> owls", "10^5 owls"),
        ("10<sup>-3</sup> owls", "10^-3 owls"),
        ("CO<sub>2</sub> and the 1<sup>st</sup> owl", "CO2 and the 1st owl"),
    ],
)
def test_a_power_stays_one(told, text):
    assert plain_text(told) == text


@pytest.mark.parametrize(
    ("told", "text"),
    [
        (r"H$_{\textrm{2}}$O", "H2O"),
        (r"10$^{\textrm{5}}$ owls", "10^5 owls"),
        (r"10\textsuperscript{5} owls", "10^5 owls"),
        (r"$x^2$ and $\alpha$", r"$x^2$ and $\alpha$"),
        (r"the 1\textsuperscript{st} owl", "the 1st owl"),
        (r"owls \href{http://owls.example}{here} in \textcolor{red}{barns}", "owls here in barns"),
        (r"\verb|x_1| owls", "x_1 owls"),
    ],
)
def test_powers_and_indices_of_latex(told, text):
    assert latex_to_text(told) == text


@pytest.mark.parametrize("told", ["[No abstract available]", "No abstract available.", "N/A", "none"])
def test_words_for_no_abstract_are_none(told):
    assert loose_record("Owls", told)["abstract"] == ""
    assert loose_record("Owls", f"{told} was what owls said.")["abstract"]


def test_preprints_of_dblp_and_names_of_biblatex(tmp_path):
    path = tmp_path / "a.bib"
    path.write_text(
        "@article{a, title={Owls}, abstract={They sleep.}, journal={CoRR}, volume={abs/2110.07143},\n"
        " author={given=Jan, family=Berg, prefix=van der and given-i=B., family=Bee and Ada Owl}}\n"
    )
    (paper,) = read_bibtex(path, "a.bib", ReadOptions())
    assert isinstance(paper, Paper)
    assert paper.arxiv_id == "2110.07143"
    assert paper.authors == ("Jan van der Berg", "B. Bee", "Ada Owl")


@pytest.mark.parametrize(
    ("told", "names", "count"),
    [
        ("Owl, Ada and Bee, Ben and others", ("Ada Owl", "Ben Bee"), None),
        ("Owl, Ada and Bee, Ben", ("Ada Owl", "Ben Bee"), 2),
        ("Ada Owl et al.", ("Ada Owl",), None),
    ],
)
def test_others_leave_the_number_of_authors_open_and_lose_no_name(tmp_path, told, names, count):
    (tmp_path / "a.bib").write_text(f"@misc{{a, title={{Owls}}, abstract={{Sleep.}}, author={{{told}}}}}")
    (paper,) = FileSource(tmp_path / "a.bib").read()
    assert (paper.authors, paper.author_count) == (names, count)


def test_what_is_named_in_several_ways_is_read_once(tmp_path):
    for name in ("a.bib", "b.bib"):
        (tmp_path / name).write_text("@misc{a, title={Owls}, abstract={They sleep.}}")
    names = [str(tmp_path), str(tmp_path / "*.bib"), str(tmp_path / "a.bib")]
    assert [source.name for source in names_to_sources(names)] == [
        str(tmp_path / "a.bib"),
        str(tmp_path / "b.bib"),
    ]


def test_a_source_in_which_nothing_is_found_is_told(library, tmp_path):
    (tmp_path / "empty.bib").write_text("just text")
    report = ingest(library, [FileSource(tmp_path / "empty.bib")])
    (rejected,) = report.rejected
    assert (report.seen, rejected.line) == (1, None)
    assert "nothing in it" in rejected.reason


def test_broken_texts_in_parquet_and_lists_of_them_are_read_with_marks(tmp_path):
    ends = pyarrow.py_buffer(np.array([0, 6, 10], np.int32).tobytes())
    texts = pyarrow.StringArray.from_buffers(2, ends, pyarrow.py_buffer(b"Owls\xff\xfeBees"))
    columns = {
        "title": texts,
        "abstract": ["We count owls.", "We count bees."],
        "authors": pyarrow.ListArray.from_arrays([0, 1, 2], texts),
        "organization": pyarrow.StructArray.from_arrays([texts], ["name"]),
    }
    pyarrow.parquet.write_table(pyarrow.table(columns), tmp_path / "broken.parquet")
    owls, bees = FileSource(tmp_path / "broken.parquet").read()
    assert (owls.title, bees.title) == ("Owls\ufffd\ufffd", "Bees")
    assert (owls.authors, bees.authors) == ((owls.title,), (bees.title,))
    assert owls.organization is None

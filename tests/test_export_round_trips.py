"""What goes in comes out: files of papers through a library and back, in each format."""

import json
import re
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ingest.annotating import annotate
from ingest.chunking import split_abstract
from ingest.exports.bibtex import to_bibtex
from ingest.exports.formats import BY_NAME, format_of
from ingest.exports.holdings import Holding, Holdings, whole_papers
from ingest.exports.ris import ris_texts
from ingest.pipeline import ingest
from ingest.sources.base import Rejection
from ingest.sources.bibtex_entries import written_entries
from ingest.sources.files import FileSource
from rag.errors import QuestionError
from rag.library.catalog import Catalog
from rag.types import Paper
from tests.conftest import Listed
from ui.particulars import particulars

BIBTEX = r"""@string{tois = "Transactions on {Owls}"}
@Article{lind:2021,
  Author = {Lind, {\AA}sa and van der Berg, Jan and {The Owl Society}},
  title = "{Barn} Owls
    Hunt by Ear",
  journal = tois # { (B)},
  year = 2021, month = mar, volume = {12}, number = 3, pages = {1--10},
  keywords = {owls, hearing}, groups = {Thesis, To read},
  annotation = {Read \emph{again}.

  Twice.}, annote = {Their note}, note = {In press}, note = {Twice},
  custom-field = {kept}, publisher = {Barn Press}, issn = {1234-5678}
}
@inproceedings{bee20, title = {Bees}, author = {Ben Bee}, crossref = {hive}, pages = {3}}
@inproceedings{bee20b, title = {Bees}, author = {Bee, Ben}, booktitle = {Hive 2020}, year = 2020}
@proceedings{hive, title = {Proceedings of Hive}, year = 2020, editor = {Ann Eel}, publisher = {Comb}}
@misc{lind:2021, title = {Another with the Same Key}}
@book(eels, title = {Eels (a {"}study{"})}, year = 1999)
"""


@pytest.fixture(scope="module")
def shelve(tmp_path_factory):
    """Papers of a file in a catalog, without indexes."""

    def shelved(content, name="a.bib"):
        folder = tmp_path_factory.mktemp("shelf")
        (folder / name).write_text(content, encoding="utf-8")
        catalog = Catalog(folder / "catalog.sqlite")
        entries = list(FileSource(folder / name).read())
        assert not [entry for entry in entries if isinstance(entry, Rejection)]
        papers = [entry for entry in entries if isinstance(entry, Paper)]
        recorder = catalog.recorder(split_abstract)
        recorder.put(papers, name)
        recorder.finish(name)
        return catalog

    return shelved


def exported(catalog, form="bibtex", source=None):
    return "".join(BY_NAME[form].write(Holdings(catalog, catalog.listed(), source)))


def entries_of(tmp_path, text):
    (tmp_path / "parsed.bib").write_text(text, encoding="utf-8")
    entries = [entry for _, entry in written_entries(tmp_path / "parsed.bib")]
    return sorted((entry.kind, entry.key, list(entry.fields.items())) for entry in entries)


def test_the_entries_of_a_bibtex_file_go_out_as_they_came_in(shelve, tmp_path):
    catalog = shelve(BIBTEX)
    text = exported(catalog)
    before, after = entries_of(tmp_path, BIBTEX), entries_of(tmp_path, text)
    other = next(entry for entry in before if entry[1] == "lind:2021" and entry[0] == "misc")
    changed = [entry for entry in after if entry not in before]
    assert len(before) == len(after) == 6
    assert changed == [("misc", "lind:2021a", other[2])]  # a letter tells the two apart
    assert text.rindex("@proceedings{hive") > text.rindex("@inproceedings")
    assert exported(shelve(text)) == text


def test_braces_without_a_partner_go_and_the_entry_stays(shelve):
    catalog = shelve('@misc{owls, title = "Owls} {hunt} by {ear", note = "{a"}')
    text = exported(catalog)
    assert text == "@misc{owls,\n  title = {Owls {hunt} by ear},\n  note = {a}\n}\n"
    assert exported(shelve(text)) == text


@pytest.mark.parametrize(
    ("field", "name", "value"),
    [
        (r"year = {{\noopsort{1999}}1999}", "published", "1999"),
        (r"year = {\noopsort{1998}{1999}}, month = mar", "published", "1999-03"),
        (r"year = {\textbf{1999}}", "published", "1999"),
        (r'title = "{{\BibTeX ing}} with {\LARGE owls} and \TeX{} \myCommand{twice}"', "title", None),
    ],
)
def test_years_and_names_are_what_latex_prints(shelve, field, name, value):
    title = "" if name == "title" else "title = {Owls}, "
    (paper,) = shelve(f"@misc{{owls, {title}{field}}}").browse()
    assert getattr(paper, name) == (value or "BibTeXing with owls and TeX twice")


def test_a_record_has_what_an_entry_says(shelve):
    catalog = shelve(BIBTEX)
    paper = catalog.papers(catalog.find(["lind:2021"]).values()).popitem()[1]
    records = {record.key: record for _, _, record in catalog.records() if record.title != paper.title}
    (owls,) = [record for _, _, record in catalog.records() if record.title.startswith("Barn")]
    assert (owls.tags, owls.collections) == (("owls", "hearing"), ("Thesis", "To read"))
    assert owls.note == "Read again.\n\nTwice."
    assert owls.authors == ("Åsa Lind", "Jan van der Berg", "The Owl Society")
    csl = {name: value for name, value in owls.csl.items() if name != "custom"}
    assert csl == {
        "type": "article-journal",
        "container-title": "Transactions on Owls (B)",
        "volume": "12",
        "issue": "3",
        "page": "1-10",
        "publisher": "Barn Press",
        "ISSN": "1234-5678",
        "note": "In press",
        "issued": {"date-parts": [[2021, 3]]},
        "author": [
            {"given": "Åsa", "family": "Lind"},
            {"given": "Jan", "non-dropping-particle": "van der", "family": "Berg"},
            {"literal": "The Owl Society"},
        ],
    }
    assert records["bee20"].csl["container-title"] == "Proceedings of Hive"
    assert (records["bee20"].published, records["bee20"].csl["publisher"]) == ("2020", "Comb")


NAMES = st.from_regex(r"[A-Za-z][A-Za-z-]{0,8}", fullmatch=True).filter(
    lambda name: name.lower() not in ("title", "abstract", "crossref", "file")
)
INSIDE = st.recursive(
    st.text("ab Z\\&%$~\"'@#=,.-\n\té(", max_size=12).filter(lambda text: not text.endswith("\\")),
    lambda inner: st.lists(inner, max_size=3).map(lambda texts: "{" + "".join(texts) + "}"),
    max_leaves=4,
)
VALUES = st.one_of(
    INSIDE.map(lambda text: f"{{{text}}}"),
    st.text("ab {}é", max_size=8)
    .filter(lambda text: "{" not in text and "}" not in text)
    .map('"{}"'.format),
    st.integers(0, 3000).map(str),
    st.sampled_from(["jan", "undefined", '"5~" # mar', "{a} # {b}"]),
)
ENTRIES = st.lists(
    st.tuples(
        st.from_regex(r"[A-Za-z]{3,9}", fullmatch=True).filter(
            lambda kind: kind.lower() not in ("comment", "string", "preamble")
        ),
        st.from_regex(r"[A-Za-z0-9:_/.+-]{1,12}", fullmatch=True),
        st.lists(st.tuples(NAMES, VALUES), max_size=5),
    ),
    min_size=1,
    max_size=4,
    unique_by=lambda entry: entry[1],
)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(ENTRIES)
def test_any_entries_go_out_as_they_came_in(shelve, tmp_path, entries):
    text = "\n".join(
        f"@{kind}{{{key},\n title = {{Owls {place}}}"
        + "".join(f",\n {name} = {value}" for name, value in fields)
        + "\n}"
        for place, (kind, key, fields) in enumerate(entries)
    )
    (tmp_path / "parsed.bib").write_text(text, encoding="utf-8")
    parsed = [entry for _, entry in written_entries(tmp_path / "parsed.bib")]
    if any(isinstance(entry, str) for entry in parsed) or len(parsed) != len(entries):
        return  # a value has what is no BibTeX
    catalog = shelve(text)
    out = exported(catalog)
    assert entries_of(tmp_path, out) == entries_of(tmp_path, text)
    assert exported(shelve(out)) == out


ITEMS = [
    {
        "id": "lind2021",
        "type": "article-journal",
        "title": "Barn <i>Owls</i>",
        "abstract": "<p>They hunt.</p>",
        "author": [{"family": "Lind", "given": "Åsa"}],
        "issued": {"date-parts": [[2021, 3]]},
        "keyword": "owls; ears",
        "container-title": ["Owls"],
        "note": "Citation Key: lind\nRead.",
        "some-field": {"a": [1, {"b": 2.5}]},
        "custom": {"mine": "kept"},
    },
    {"id": 17, "type": "book", "title": "Eels", "publisher": "Barn"},
    {"id": "http://zotero.org/users/1/items/AB", "type": "thesis", "title": "Bees", "citation-key": "bee"},
]


def test_items_of_csl_json_go_out_as_they_came_in(shelve):
    catalog = shelve(json.dumps(ITEMS), "a.json")
    text = exported(catalog, "csl")
    assert sorted(json.loads(text), key=str) == sorted(ITEMS, key=str)
    assert exported(shelve(text, "a.json"), "csl") == text
    keys = {paper.title: paper.key for paper in catalog.browse()}
    assert keys == {"Barn Owls": "lind", "Eels": None, "Bees": "bee"}


PAPERS = [
    Paper(
        "Barn Owls -- ``Hunt'' by Ear & 50% @ night",
        "They hear.",
        published="2021-03-05",
        author_count=3,
        authors=("Åsa Lind", "Jan van der Berg", "The Owl Society"),
        doi="10.1000/owls",
        key="lind2021",
        tags=("owls, barn", "ears"),
        collections=("Thesis/Chapter 2",),
        note="Read again.\n\n@misc{no, entry}",
        retracted="10.1000/notice",
        csl={
            "type": "article-journal",
            "container-title": "Owls",
            "volume": "12",
            "issue": "3",
            "page": "1-10",
            "publisher": "Barn Press",
            "editor": [{"family": "Eel", "given": "Ann"}],
            "language": "en",
        },
    ),
    Paper("-1 = x", "=1+1", "1999", author_count=None, authors=("Ben Bee",), arxiv_id="2103.01234"),
    Paper("Bees", "", csl={"type": "book", "publisher": "Comb", "ISBN": "978-1"}, key="bee"),
]
LOST = {  # what a format has no place for
    "bibtex": set(),
    "csl": set(),
    "csv": set(),
    "jsonl": set(),
    "ris": {"collections", "author_count"},
}


@pytest.mark.parametrize("form", BY_NAME.values(), ids=BY_NAME)
def test_a_library_comes_back_from_each_format(library, shelve, form):
    ingest(library, [Listed(PAPERS, "shelf")])
    text = exported(library.catalog, form.name)
    again = shelve(text, f"a{form.suffixes[0]}")
    back = {paper.title: paper for paper in again.browse()}
    names = {"abstract", "published", "authors", "author_count", "doi", "arxiv_id", "tags", "note"}
    names |= {"collections", "retracted", "organization"}
    for paper in PAPERS:
        copy = back[paper.title]
        for name in names - LOST[form.name]:
            assert getattr(copy, name) == getattr(paper, name), name
        if paper.key:
            assert copy.key == paper.key
        for name in paper.csl.keys() - {"editor", "publisher" if form.name == "csv" else ""}:
            assert copy.csl[name] == paper.csl[name], name
    assert exported(again, form.name) == text


def test_what_the_user_adds_goes_out_once_with_the_entry(library, tmp_path):
    (tmp_path / "a.bib").write_text(BIBTEX)
    ingest(library, [FileSource(tmp_path / "a.bib")])
    (paper_id,) = library.catalog.find(["Barn Owls Hunt by Ear"]).values()
    annotate(library, [paper_id], lambda own: replace(own, tags=("Owls", "night"), note="Mine: {x}."))
    text = exported(library.catalog)
    assert "keywords = {owls, hearing, night}" in text
    (tmp_path / "a.bib").write_text(text)
    ingest(library, [FileSource(tmp_path / "a.bib")])
    assert exported(library.catalog) == text
    assert library.catalog.papers([paper_id])[paper_id].note.count("Mine: {x}.") == 2  # yours, the file's


@pytest.mark.parametrize(
    ("tags", "keywords"),
    [
        (("night", "to read"), "owls, hearing, night, to read"),
        (("night, late",), "owls; hearing; night, late;"),
        (("dusk, dawn", "night"), "owls; hearing; dusk, dawn; night"),
    ],
)
def test_tags_stay_apart_among_keywords_that_commas_part(library, shelve, tmp_path, tags, keywords):
    (tmp_path / "a.bib").write_text(BIBTEX)
    ingest(library, [FileSource(tmp_path / "a.bib")])
    (paper_id,) = library.catalog.find(["Barn Owls Hunt by Ear"]).values()
    annotate(library, [paper_id], lambda own: replace(own, tags=tags))
    text = exported(library.catalog)
    assert f"keywords = {{{keywords}}}" in text
    (back,) = (paper for paper in shelve(text, "b.bib").browse() if paper.title == "Barn Owls Hunt by Ear")
    assert back.tags == ("owls", "hearing", *tags)


def test_the_entries_of_two_files_are_those_of_each_alone(library, tmp_path):
    (tmp_path / "a.bib").write_text("@misc{a, title={Owls}, year=2020}")
    (tmp_path / "b.bib").write_text("@misc{a, title={Owls}}\n@book{b, title={Owls}}")
    ingest(library, [FileSource(tmp_path / "a.bib"), FileSource(tmp_path / "b.bib")])
    assert re.findall(r"@\w+\{\w+", exported(library.catalog)) == ["@misc{a", "@book{b"]
    of_b = exported(library.catalog, source="b.bib")
    assert "year" not in of_b and re.findall(r"@\w+\{\w+", of_b) == ["@misc{a", "@book{b"]


def test_references_are_the_librarys_own_entries(library, tmp_path):
    (tmp_path / "a.bib").write_text("@book{own:key, title={{Owls}}, year=2020}")
    ingest(library, [FileSource(tmp_path / "a.bib")])
    papers = whole_papers(library.catalog, library.catalog.listed())
    assert to_bibtex(papers.values()) == "@book{own:key,\n  title = {{Owls}},\n  year = 2020\n}\n"


@pytest.mark.parametrize(
    "entry",
    [
        {"type": "comment", "key": "a", "fields": {"title": "{x}"}},
        {"type": "misc", "key": "a,b", "fields": {"title": "{x}"}},
        {"type": "misc", "key": "a", "fields": {"title": "{x}}\n@misc{evil, title={y}"}},
        {"type": "misc", "key": "a", "fields": {"title": "{x\n@misc{evil, title={y}}}"}},
        {"type": "misc", "key": "a", "fields": {"title": '"x" y"'}},
        {"type": "misc", "key": "a", "fields": {"a = {}, b": "{x}"}},
        {"type": "misc", "key": "a", "fields": []},
    ],
)
def test_an_entry_that_would_not_read_back_is_made_anew(entry):
    paper = Paper("Owls", "", csl={"custom": {"bibtex": entry}})
    assert to_bibtex([paper]) == "@misc{owls,\n  title = {{Owls}}\n}\n"


def test_keys_clash_in_letters_and_leave_written_ones_alone():
    written = Paper(
        "A", "", csl={"custom": {"bibtex": {"type": "misc", "key": "k", "fields": {"title": "{A}"}}}}
    )
    papers = [Paper("B", "", key="k"), written, Paper("C", "", key="k"), Paper("D", "", key="{x} y")]
    assert re.findall(r"@misc\{([^,]+)", to_bibtex(papers)) == ["ka", "k", "kb", "xy"]


def test_the_ending_of_a_file_is_a_format_or_an_error(tmp_path):
    assert [format_of(tmp_path / name).name for name in ("a.bib", "a.RIS", "a.json", "a.csv", "a")] == [
        "bibtex",
        "ris",
        "csl",
        "csv",
        "jsonl",
    ]
    with pytest.raises(QuestionError, match=r"\.xlsx .*\.jsonl, \.ndjson, \.bib, .*--format"):
        format_of(tmp_path / "a.xlsx")


RIS = """TY  - JOUR
T1  - Owls
A1  - Lind, Åsa
A3  - Bee, Carl
Y2  - 2021/05/03/
DP  - PubMed
C7  - 12
KW  - a
b; c
N1  - <p>Read.</p>
ID  - 17
ER  - \n
TY  - BOOK
T1  - Bees
ID  - 17
ER  - \n
"""


def test_records_of_ris_go_out_as_they_came_in(library, shelve, tmp_path):
    text = exported(shelve(RIS, "a.ris"), "ris")
    assert text.count("ID  - 17\n") == text.count("ID  - 17a\n") == 1  # a letter tells the two apart
    assert sorted(text.replace("17a", "17").split("\n\n")) == sorted(RIS.split("\n\n"))
    (tmp_path / "a.ris").write_text(RIS)
    ingest(library, [FileSource(tmp_path / "a.ris")])
    (paper_id,) = library.catalog.find(["Owls"]).values()
    annotate(library, [paper_id], lambda own: replace(own, tags=("c", "night"), note="Mine."))
    assert "\nKW  - night\nRN  - Mine.\nER" in exported(library.catalog, "ris")


@pytest.mark.parametrize(
    "lines",
    [
        [["TI", "x"]],
        [["TY", "JOUR"], ["ER", ""]],
        [["TY", "JOUR"], ["TY", "BOOK"]],
        [["TY", "JOUR"], ["A\nER  - ", "x"]],
        [["TY", "JOUR"], ["TI", 7]],
        "TY",
    ],
)
def test_a_record_of_ris_that_would_not_read_back_is_made_anew(lines):
    paper = Paper("Owls", "", csl={"custom": {"ris": {"lines": lines}}})
    assert "".join(ris_texts([Holding(paper)])) == "TY  - GEN\nTI  - Owls\nER  - \n\n"


def test_a_line_within_a_text_ends_no_record():
    lines = [["TY", "JOUR"], ["TI", "Owls"], ["N1", "a\nER  - \nTY  - BOOK"]]
    paper = Paper("Owls", "", csl={"custom": {"ris": {"lines": lines}}})
    assert "N1  - a ER - TY - BOOK\nER  - " in "".join(ris_texts([Holding(paper)]))


def test_zoteros_table_brings_labels_and_notes(tmp_path):
    table = (
        "Key,Item Type,Title,Abstract Note,Publication Title,Volume,Issue,Pages,Manual Tags,"
        "Automatic Tags,Notes\n"
        'AB12,journalArticle,Owls,We count.,Birds,1,2,3-4,a; b,c,"<p>One.</p><p>Two &amp; three.</p>"\n'
    )
    (tmp_path / "z.csv").write_text(table)
    (paper,) = FileSource(tmp_path / "z.csv").read()
    assert (paper.key, paper.tags, paper.note) == ("AB12", ("a", "b", "c"), "One.\n\nTwo & three.")
    assert paper.csl == {
        "type": "article-journal",
        "container-title": "Birds",
        "volume": "1",
        "issue": "2",
        "page": "3-4",
    }


def test_a_holding_knows_the_users_own_record():
    paper, own = Paper("Owls", ""), Paper("Owls", "", tags=("x",))
    holding = Holding.of(paper, [("a/b.bib", paper), ("you", own)], "b.bib")
    assert (holding.records, holding.own) == ([("a/b.bib", paper)], own)


def test_keywords_and_the_number_at_pubmed_go_out(shelve):
    item = {"PMID": "31452104", "keyword": "Owls/physiology; hearing"}
    catalog = shelve(json.dumps({"title": "Owls", "abstract": "", "csl": item}), "a.jsonl")
    (paper,) = catalog.browse()
    assert particulars(paper) == {"PMID": "31452104", "keywords": "Owls/physiology; hearing"}
    bibtex, ris = exported(catalog), exported(catalog, "ris")
    assert "pmid = {31452104}" in bibtex and "keywords = {Owls/physiology; hearing}" in bibtex
    assert "AN  - 31452104\n" in ris and "KW  - Owls/physiology\nKW  - hearing\n" in ris
    for name, text in {"a.bib": bibtex, "a.csv": exported(catalog, "csv")}.items():
        (paper,) = shelve(text, name).browse()
        assert paper.csl["PMID"] == "31452104"
    assert "KW  - mine\nER" in "".join(ris_texts([Holding(replace(paper, tags=("mine",)))]))


def test_a_number_that_is_no_text_is_exported():
    paper = Paper("Ledgers of owls", "", csl={"type": "report", "number": 12})
    assert "number = {12}" in to_bibtex([paper])
    assert "IS  - 12" in "".join(ris_texts([Holding(paper)]))

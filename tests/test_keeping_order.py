"""Tags, notes, near names, and what else a source says: finding and keeping order on the command line."""

import json
import os
import re
import shutil
from pathlib import Path

import pytest
from conftest import is_one_line_of_error, library_of, write_lines
from small_pdfs import paper as pdf_of

from rag.library.suggesting import near_authors

pytestmark = pytest.mark.usefixtures("home")
RECORDS = [
    {
        "title": "A Study of owls",
        "abstract": "We count owls in the field. Twice.",
        "published": "2019-05-06",
        "authors": ["Ada Ōwl", "Bo Night"],
        "arxiv_id": "1901.00001",
        "key": "owl2020",
        "retracted": "10.1000/notice",
        "collections": ["Thesis/Owls"],
        "csl": {
            "type": "article-journal",
            "container-title": ["Journal of Owls"],
            "volume": 12,
            "page": "4-7",
            "editor": [{"family": "Night", "given": "Ed"}, {"literal": "The Owl Team"}],
        },
    },
    {"title": "A Study of bees", "abstract": "We count bees.", "published": "2021", "tags": ["Lamp"]},
    {"title": "EelNet: A Study of Eels at Night", "abstract": "We count eels in the river."},
]
OWLS, BEES, EELS = (record["title"] for record in RECORDS)


@pytest.fixture(scope="module")
def template(tmp_path_factory, encoder):
    with library_of(RECORDS, tmp_path_factory.mktemp("template"), encoder) as library:
        return library.folder.parent


@pytest.fixture
def run_here(run, template, home):
    """Run a command on a library of the user's own."""
    shutil.copytree(template / "library", home / "library")
    return run


@pytest.fixture
def told(run_here):
    """Run a command that succeeds with --json; what it prints."""

    def told(*arguments):
        code, out, err = run_here(*arguments, "--json")
        assert code == 0, err
        return json.loads(out)

    return told


@pytest.mark.parametrize(
    ("filters", "said"),
    [
        (["--paper", "A Study of owlz"], "did you mean “A Study of owls” (owl2020)"),
        (["--paper", "1901.0001"], "did you mean “A Study of owls” (owl2020)"),
        (["--paper", "owl2200"], "did you mean “A Study of owls” (owl2020)"),
        (["--paper", "eel net"], "did you mean “EelNet: A Study of Eels at Night”"),
        (["--paper", BEES, "--paper", "unicorns"], "no paper in the library is “unicorns”: see which"),
        (["--author", "Nigth"], "did you mean “Bo Night”?"),
        (["--author", "Ada Night"], "no author of a paper in the library is called “Ada Night”"),
        (["--source", "paper.jsonl"], "did you mean “papers.jsonl”?"),
        (["--source", "zotero"], "was ingested from “zotero”"),
        (["--tag", "lamps"], "did you mean “Lamp”?"),
        (["--tag", "unread"], "see the tags with `askpapers library tag`"),
        (["--collection", "unread"], "`askpapers library collections`"),
    ],
)
def test_filters_that_name_nothing_say_what_is_near(run_here, filters, said):
    for command in (["library", "list"], ["library", "export"], ["search", "owls"]):
        code, out, err = run_here(*command, *filters)
        assert (code, out, err.count("\n")) == (1, "", 1)
        assert said in err


def test_what_to_do_next_names_the_library_that_was_given(run_here, home):
    place = ("--library", str(home / "library"))
    for command in (["library", "list"], ["library", "export"], ["library", "tag"], ["search", "owls"]):
        _, _, err = run_here(*command, "--paper", "unicorns", *place)
        assert f"`askpapers library list {' '.join(place)}`" in err
    assert " ".join(place) in run_here("ask", "owls", "--source", "x", *place)[2]
    assert " ".join(place) in run_here("library", "export", "--to-year", "1900", *place)[2]


def test_a_title_that_is_begun_is_taken_where_nothing_is_changed(run_here, told):
    code, out, err = run_here("library", "show", "eelnet")
    assert (code, RECORDS[2]["abstract"] in out) == (0, True)
    assert err.startswith(f"Taken for “{EELS}” (")
    for command in (["remove", "eelnet", "--yes"], ["tag", "eelnet", "--add", "x"]):
        assert is_one_line_of_error(run_here("library", *command), f"did you mean “{EELS}”")
    assert is_one_line_of_error(run_here("library", "show", "A Study of"), "is “A Study of”")
    assert told("library", "list")["matching"] == len(RECORDS)


def test_papers_are_tagged_by_name_or_by_filter(run_here, told):
    added = told("library", "tag", OWLS, EELS, "--add", "to read,  field  work", "--add", "To Read")
    assert added == {"papers": 2, "changed": 2, "kept": []}
    assert told("library", "tag", "--author", "owl", "--add", "birds")["changed"] == 1
    assert told("library", "tag", "--author", "owl", "--add", "Birds")["changed"] == 0
    counts = {each["tag"].casefold(): each["papers"] for each in told("library", "tag")["tags"]}
    assert counts == {"birds": 1, "field work": 2, "lamp": 1, "to read": 2}
    titles = [paper["title"] for paper in told("library", "list", "--tag", "TO READ")["papers"]]
    assert titles == [OWLS, EELS]
    assert told("library", "tag", "--tag", "field work", "--remove", "field work")["changed"] == 2
    assert is_one_line_of_error(run_here("library", "list", "--tag", "field work"), "has the tag")
    assert is_one_line_of_error(run_here("library", "tag", "--add", "x"), "no paper is named", code=2)
    assert told("library", "verify") == {"papers": 3, "problems": []}


def test_a_tag_that_came_with_a_source_is_not_ours_to_remove(run_here):
    code, _, err = run_here("library", "tag", BEES, "--remove", "lamp")
    assert (code, err.count("\n")) == (1, 1)
    assert f"“lamp” of “{BEES}” stays: it comes from " in err
    assert "papers.jsonl" in err


def test_a_note_is_written_added_to_shown_and_deleted(run_here, told, monkeypatch):
    assert run_here("library", "note", OWLS)[:2] == (0, "")
    assert run_here("library", "note", OWLS, "Read", "it", "again.")[:2] == (0, "noted\n")
    assert is_one_line_of_error(run_here("library", "note", OWLS, "Lost"), "--append", "--replace")
    with Path(os.devnull).open() as nothing:
        monkeypatch.setattr("sys.stdin", nothing)
        assert is_one_line_of_error(run_here("library", "note", OWLS, "-"), "the note is empty", code=2)
    run_here("library", "note", OWLS, "--append", "And \x1b[31mtwice.")
    note = told("library", "note", OWLS)["note"]
    assert note == "Read it again.\n\nAnd [31mtwice."
    assert f"Your note:\n{note}" in run_here("library", "show", OWLS)[1]
    assert told("library", "show", OWLS)["note"] == note
    assert run_here("library", "note", OWLS, "--delete")[:2] == (0, "deleted\n")
    assert told("library", "note", OWLS)["note"] is None
    assert told("library", "show", OWLS)["sources"] == told("library", "show", BEES)["sources"]


def test_a_question_needs_no_quotation_marks(told, monkeypatch, tmp_path):
    assert told("search", "study", "of", "owls")["query"] == "study of owls"
    assert told("ask", "how", "are", "owls", "counted")["question"] == "how are owls counted"
    (tmp_path / "typed").write_text("a study of bees\n")
    with (tmp_path / "typed").open() as typed:
        monkeypatch.setattr("sys.stdin", typed)
        assert told("search", "-")["query"] == "a study of bees"


def test_words_stand_on_both_sides_of_options(run_here, told):
    assert told("search", "study", "-k", "2", "of", "owls")["query"] == "study of owls"
    assert told("library", "tag", OWLS, "--add", "field", EELS)["papers"] == 2
    assert told("library", "list", "--author", "owl", "study")["matching"] == 1
    code, _, err = run_here("search", "study", "--unknown", "owls")
    assert code == 2 and "unrecognized arguments: --unknown" in err


def test_what_else_a_source_says_is_shown_and_a_retracted_paper_is_marked(run_here, told):
    out = run_here("library", "show", "owl2020")[1]
    lines = dict(line.split(maxsplit=1) for line in out.splitlines() if len(line.split()) > 1)
    assert (lines["journal"], lines["volume"], lines["pages"]) == ("Journal of Owls", "12", "4-7")
    assert (lines["editors"], lines["retracted"]) == ("Ed Night, The Owl Team", "10.1000/notice")
    listed = run_here("library", "list")[1].splitlines()
    assert [line.endswith("  retracted") for line in listed] == [False, True, False]
    assert listed[1].startswith("owl2020 ") and "Ōwl and Night" in listed[1]
    (hit,) = (line for line in run_here("search", "owls")[1].splitlines() if "A Study of owls" in line)
    assert "  Ōwl and Night  2019-05-06  " in hit and hit.endswith("  retracted")
    (owls,) = told("library", "list", "--collection", "thesis")["papers"]
    assert (owls["journal"], owls["retracted"]) == ("Journal of Owls", "10.1000/notice")
    assert told("library", "collections")["collections"] == [
        {"collection": "Thesis", "papers": 1},
        {"collection": "Thesis/Owls", "papers": 1},
    ]


def test_the_bundled_papers_take_no_tags_and_notes(run, tmp_path, home):
    run("ingest", write_lines(tmp_path / "papers.jsonl", RECORDS), "--library", home / "bundled")
    for command in (["tag", OWLS, "--add", "x"], ["note", OWLS, "A note."]):
        assert is_one_line_of_error(run("library", *command), "no tags or notes", "askpapers ingest")


def test_pages_of_an_article_are_not_those_of_its_pdf_and_a_note_is_shown_once(run, tmp_path):
    (tmp_path / "owl.pdf").write_bytes(pdf_of("Owls at Night", "We count owls.", "They fly at night."))
    fields = "title={Owls at Night}, pages={210--228}, annotation={Read it again.}, file={owl.pdf}"
    (tmp_path / "owl.bib").write_text(f"@article{{owl, {fields}}}")
    run("ingest", str(tmp_path / "owl.bib"))
    out = run("library", "show", "owl")[1]
    assert re.search(r"^pages +210.228$", out, re.MULTILINE)
    assert re.search(r"^pdf pages +2$", out, re.MULTILINE)
    assert out.count("Read it again.") == 1


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("Moreux", ["Claire Moreau"]),
        ("Moreu", ["Claire Moreau"]),
        ("Klien", ["Ann Klein"]),
        ("Bernanki", ["Ben S. Bernanke"]),
        ("Claire Moreux", ["Claire Moreau"]),
        ("Krisztina Varadi", ["K. Várady"]),
        ("Nobody", []),
    ],
)
def test_near_authors_are_no_strangers(encoder, tmp_path, typed, meant):
    strangers = ("E. B. White", "Mo E. Reuter", "Claire Dubois", "Li Ben", "N. O. Li")
    authors = [*strangers, "Claire Moreau", "Ann Klein", "Ben S. Bernanke", "K. Várady"]
    records = [{"title": f"Owls {number}", "authors": [name]} for number, name in enumerate(authors)]
    with library_of(records, tmp_path, encoder) as library:
        assert near_authors(library.catalog, typed) == meant


@pytest.mark.parametrize("command", [("sync",), ("watch",), ("library", "sources")])
def test_the_help_of_a_command_for_sources_has_examples(run, command):
    code, out, _ = run(*command, "--help")
    assert code == 0 and out.partition("examples:\n")[2].count(f"  askpapers {' '.join(command)} ") >= 2

"""`askpapers library list`, `show` and `remove`: what is printed where, and what is never removed."""

import json
import os
import pty
import select
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import is_one_line_of_error, library_of, write_lines
from small_pdfs import paper as pdf_of

pytestmark = pytest.mark.usefixtures("home")
ROOT = Path(__file__).parents[1]
CONTROL = "\x1b]0;owned\x07 \x1b[31m \x9b31m \u202e"


def record(topic, **fields):
    return {"title": f"A Study of {topic}", "abstract": f"We count {topic} in the field. Twice."} | fields


RECORDS = [
    record(
        "owls",
        published="2019-05-06",
        organization="Barn",
        author_count=3,
        authors=["Ada Ōwl", "Bo Night", "The Owl Team"],
        arxiv_id="1901.00001",
    ),
    record("bees", published="2021", doi="10.1000/bees"),
    record("rivers"),
]
KEYS = [
    *("paper_id", "key", "title", "published", "organization", "author_count", "authors", "arxiv_id"),
    *("doi", "tags", "collections", "retracted", "journal"),
]
UNKNOWN = {"doi": None, "key": None, "tags": [], "collections": [], "retracted": None, "journal": None}


@pytest.fixture
def run_json(run):
    """Run a command that succeeds with --json; what it prints."""

    def run_json(*arguments):
        code, out, _ = run(*arguments, "--json")
        assert code == 0
        return json.loads(out)

    return run_json


@pytest.fixture(scope="module")
def template(tmp_path_factory, encoder):
    """A folder with a library and the file that it was ingested from."""
    with library_of(RECORDS, tmp_path_factory.mktemp("template"), encoder) as library:
        return library.folder.parent


@pytest.fixture
def source(template, home):
    """The file that the user's library was ingested from."""
    shutil.copytree(template / "library", home / "library")
    return template / "papers.jsonl"


@pytest.mark.usefixtures("source")
def test_a_list_has_a_line_a_paper_the_newest_first(run):
    code, out, err = run("library", "list")
    lines = [line.split(maxsplit=2) for line in out.splitlines()]
    assert (code, err) == (0, "")
    assert [line[1:] for line in lines] == [
        ["2021", "A Study of bees"],
        ["2019-05-06", "Ōwl et al.  A Study of owls"],
        ["–", "A Study of rivers"],
    ]
    assert [line[0] for line in lines[:2]] == ["10.1000/bees", "1901.00001"]


@pytest.mark.usefixtures("source")
def test_words_and_a_number_bound_the_list_and_stderr_says_what_is_left_out(run, run_json):
    _, out, err = run("library", "list", "-n", 2)
    assert (out.count("\n"), err.count("\n")) == (2, 1)
    assert err.startswith("2 of 3 papers")
    found = run_json("library", "list", "STUDY", "barn")
    assert found["matching"] == 1
    assert [list(paper) for paper in found["papers"]] == [KEYS]
    assert found["papers"][0] == {
        name: (RECORDS[0] | UNKNOWN | {"paper_id": "1901.00001"})[name] for name in KEYS
    }
    found = run_json("library", "list", "study", "-n", 1)
    assert (len(found["papers"]), found["matching"]) == (1, 3)
    assert run_json("library", "list", "100%") == {"papers": [], "matching": 0}
    assert run("library", "list", "unicorns") == (0, "", "No paper found.\n")
    assert run("library", "list", "-n", 10**30)[0] == 0
    assert is_one_line_of_error(run("library", "list", "-n", 0), "at least 1 with -n")


@pytest.mark.parametrize("reference", ["1901.00001", "arXiv:1901.00001v2", "a study of OWLS"])
def test_a_paper_is_shown_whole_by_any_reference(run, run_json, source, reference):
    shown = run_json("library", "show", reference)
    abstract = RECORDS[0]["abstract"]
    assert shown == RECORDS[0] | UNKNOWN | {
        "paper_id": "1901.00001",
        "note": "",
        "csl": {},
        "is_digest": False,
        "sources": [str(source)],
        "origins": {name: [str(source)] for name in RECORDS[0]},
        "passages": [{"start": 0, "end": len(abstract)}],
        "file": None,
        "read_from": None,
        "is_kept": False,
        "file_origins": {},
        "pages": None,
        "sections": [],
        "body": None,
    }
    assert "no whole text" in run("library", "show", reference, "--text")[2]
    _, out, err = run("library", "show", reference)
    assert err == ""
    for known in ("1901.00001", RECORDS[0]["title"], "2019-05-06", "Barn", "3", str(source), abstract):
        assert known in out
    assert "Ada Ōwl, Bo Night, The Owl Team" in out
    assert "doi" not in out
    assert "authors" not in run("library", "show", "10.1000/bees")[1]


ABSTRACT = "We count owls at night, and find that many of them keep a ledger of mice."


def test_the_text_of_a_pdf_is_shown_by_its_sections_and_pages(run, run_json, tmp_path, home):
    path = tmp_path / "owls.pdf"
    path.write_bytes(pdf_of("Ledgers of Owls", ABSTRACT, "Owls hold 3,141 ledgers, and sing."))
    run("ingest", path)
    shown = run_json("library", "show", "Ledgers of Owls")
    assert (shown["abstract"], shown["file"], shown["pages"]) == (ABSTRACT, str(path), 2)
    assert shown["is_kept"] is False
    assert shown["file_origins"] == dict.fromkeys(("title", "authors", "abstract"), "first page")
    sections = {section["section"]: section for section in shown["sections"]}
    results = sections["1 Results"]
    assert results["page"] == 2
    assert "3,141 ledgers" in shown["body"][results["start"] : results["end"]]
    for passage in shown["passages"]:
        part = shown[passage.get("part", "abstract")]
        assert 0 <= passage["start"] < passage["end"] <= len(part)
    _, out, _ = run("library", "show", "Ledgers of Owls")
    assert f"file          {path}" in out
    assert "title: first page" in out
    assert "3,141" not in out
    _, out, _ = run("library", "show", "Ledgers of Owls", "--text")
    assert out.index("— page 2 —") < out.index("1 Results") < out.index("3,141 ledgers")
    run("ingest", path, "--keep")
    path.unlink()
    assert str(home / "library" / "files") in run_json("library", "show", "Ledgers of Owls")["file"]
    info = run_json("library", "info")
    assert (info["papers"], info["whole_texts"], info["title_only"]) == (1, 1, 0)
    for command in (["list", "--json"], ["export"]):
        assert "3,141" not in run("library", *command)[1]


def test_a_text_whose_file_is_gone_is_shown_still(run, run_json, tmp_path):
    path = tmp_path / "owls.pdf"
    path.write_bytes(pdf_of("Ledgers of Owls", "We count owls.", "Owls hold 3,141 ledgers, and sing."))
    run("ingest", path)
    path.unlink()
    shown = run_json("library", "show", "Ledgers of Owls")
    assert (shown["file"], shown["read_from"]) == (None, str(path))
    _, out, _ = run("library", "show", "Ledgers of Owls", "--text")
    assert "not there any more" in out
    assert "3,141 ledgers" in out


def titles(found):
    return [paper["title"] for paper in found["papers"]]


OWLS, BEES, RIVERS = (each["title"] for each in RECORDS)


@pytest.mark.parametrize(
    ("filters", "listed"),
    [
        (["--from-year", 2020], [BEES]),
        (["--to-year", 2020], [OWLS]),
        (["--from-year", 2019, "--to-year", 2021], [BEES, OWLS]),
        (["--min-authors", 3], [OWLS]),
        (["--max-authors", 2], []),
        (["--organization", "BARN"], [OWLS]),
        (["--source", "papers.jsonl"], [BEES, OWLS, RIVERS]),
        (["--author", "owl"], [OWLS]),
        (["--author", "ada owl"], [OWLS]),
        (["--paper", "10.1000/BEES", "--paper", RIVERS], [BEES, RIVERS]),
        (["study", "owls", "--from-year", 2019], [OWLS]),
        (["owls", "--from-year", 2020], []),
    ],
)
@pytest.mark.usefixtures("source")
def test_filters_narrow_the_list_and_the_export(run, run_json, filters, listed):
    found = run_json("library", "list", *filters)
    assert (titles(found), found["matching"]) == (listed, len(listed))
    code, out, _ = run("library", "export", *filters)
    assert ([json.loads(line)["title"] for line in out.splitlines()], code) == (listed, 0 if listed else 1)


@pytest.mark.usefixtures("source")
@pytest.mark.parametrize("command", ["list", "export"])
def test_filters_that_no_paper_can_fulfil_are_an_error(run, command):
    done = run("library", command, "--from-year", 2021, "--to-year", 2020)
    assert is_one_line_of_error(done, "swap the two")


def test_an_export_as_json_lines_comes_back_the_same(run, run_json, tmp_path, source):
    odd = record(
        f"“moths” {{$x^2$}} \\ {CONTROL}", abstract="Many.\nMoths.", authors=["Ö, Jr."], doi="10.1/Ö"
    )
    run("ingest", write_lines(tmp_path / "odd.jsonl", [odd]))
    place = ("--library", tmp_path / "copy")
    assert run("library", "export", "-o", tmp_path / "all.jsonl")[:2] == (0, "")
    assert run("ingest", tmp_path / "all.jsonl", *place)[0] == 0
    listed = run_json("library", "list")["papers"]
    assert run_json("library", "list", *place)["papers"] == listed
    for paper in listed:
        copy, original = (run_json("library", "show", paper["paper_id"], *where) for where in (place, ()))
        where = [str(tmp_path / "all.jsonl")]
        origins = dict.fromkeys(original["origins"], where)
        assert copy == original | {"sources": where, "origins": origins}
    assert run("library", "export")[1] == run("library", "export", *place)[1]


def test_an_export_as_bibtex_comes_back_as_far_as_it_goes(run, run_json, tmp_path, source):
    odd = record(
        "{moths} & $x^2$ \\ 50% _of_ #them ~ ^", abstract="Many.\nMoths.", authors=["Bo and Cy, Inc."]
    )
    run("ingest", write_lines(tmp_path / "odd.jsonl", [odd]))
    place = ("--library", tmp_path / "copy")
    assert run("library", "export", "-o", tmp_path / "all.bib")[:2] == (0, "")
    assert run("ingest", tmp_path / "all.bib", *place)[0] == 0
    copies = [run_json("library", "show", each, *place) for each in (OWLS, BEES, RIVERS, odd["title"])]
    assert [copy["title"] for copy in copies] == [OWLS, BEES, RIVERS, odd["title"]]
    assert [copy["abstract"] for copy in copies[:1]] == [RECORDS[0]["abstract"]]
    assert copies[3]["abstract"] == "Many. Moths."
    for name in ("published", "organization", "authors", "arxiv_id"):
        assert copies[0][name] == RECORDS[0][name]
    assert (copies[1]["published"], copies[1]["doi"]) == ("2021", "10.1000/bees")


@pytest.mark.usefixtures("source")
def test_the_form_of_an_export_is_told_or_follows_the_file(run, tmp_path):
    assert run("library", "export")[1].startswith('{"title": ')
    assert run("library", "export", "--format", "bibtex")[1].startswith("@misc{")
    for name, form, start in (("a.bib", (), "@"), ("b", (), "{"), ("c.bib", ("--format", "jsonl"), "{")):
        assert run("library", "export", "-o", tmp_path / name, *form)[0] == 0
        assert (tmp_path / name).read_text(encoding="utf-8").startswith(start)


@pytest.mark.usefixtures("source")
def test_an_export_to_a_file_says_on_stderr_what_it_wrote_or_as_json(run, run_json, tmp_path):
    file = tmp_path / "owls.bib"
    code, out, err = run("library", "export", "owls", "-o", file)
    assert (code, out, err.splitlines()[-1]) == (0, "", f"1 paper in {file}")
    told = run_json("library", "export", "owls", "-o", file, "--force")
    assert told == {"papers": 1, "format": "bibtex", "file": str(file)}
    assert is_one_line_of_error(run("library", "export", "--json"), "-o FILE", code=2)


@pytest.mark.usefixtures("source")
def test_a_file_is_replaced_only_when_told(run, tmp_path):
    file = tmp_path / "mine.jsonl"
    file.write_text("mine")
    link = tmp_path / "link.jsonl"
    link.symlink_to(file)
    assert is_one_line_of_error(run("library", "export", "-o", link), "is there already", "--force")
    assert file.read_text() == "mine"
    assert run("library", "export", "-o", link, "--force")[0] == 0
    assert file.read_text().count("\n") == len(RECORDS)
    assert link.is_symlink()


@pytest.mark.usefixtures("source")
def test_an_export_that_fails_leaves_what_was_there(run, tmp_path, monkeypatch):
    from rag.library.catalog import Catalog

    file = tmp_path / "kept" / "mine.jsonl"
    file.parent.mkdir()
    file.write_text("mine")

    def broken(*_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Catalog, "papers", broken)
    done = run("library", "export", "-o", file, "--force")
    assert is_one_line_of_error((done[0], done[1], done[2].splitlines(True)[-1]), "No space left")
    assert [each.name for each in file.parent.iterdir()] == ["mine.jsonl"]
    assert file.read_text() == "mine"


@pytest.mark.usefixtures("source")
def test_a_place_that_cannot_be_written_is_an_error(run, tmp_path):
    for place in (tmp_path, tmp_path / "missing" / "file.bib", tmp_path / "papers.jsonl" / "file"):
        code, out, err = run("library", "export", "-o", place)
        assert (code, out, err.count("Traceback")) == (1, "", 0)
        assert err.splitlines()[-1].endswith("name another file")
    assert run("library", "export", "-o", os.devnull)[0] == 0


@pytest.mark.usefixtures("source")
def test_an_export_streams_page_by_page(run, monkeypatch):
    whole = run("library", "export", "--format", "bibtex")[1]
    monkeypatch.setattr("ingest.exports.holdings._PAGE", 2)
    assert run("library", "export", "--format", "bibtex")[1] == whole


@pytest.mark.usefixtures("source")
def test_a_paper_that_is_not_there_is_one_line_that_names_it(run, home):
    next_step = "askpapers library list"
    assert is_one_line_of_error(run("library", "show", "Uni\x1bcorns"), "“Unicorns”", next_step)
    done = run("library", "remove", "Unicorns", "A Study of owls", "\udcff", "--yes")
    assert is_one_line_of_error(done, "“Unicorns” or ", next_step)
    many = run("library", "remove", *(f"unicorn {n}" for n in range(9)), "x" * 5000, "--yes")
    assert is_one_line_of_error(many, "“unicorn 4” or 5 more", next_step)
    assert len(many[2]) < 300
    named = run("library", "show", "Unicorns", "--library", home / "library")
    assert is_one_line_of_error(named, f"{next_step} --library {home / 'library'}")
    assert run("library", "list")[1].count("\n") == len(RECORDS)


def test_removed_papers_are_gone_until_they_are_ingested_again(run, run_json, source):
    references = ["1901.00001", "A study of owls", "10.1000/BEES"]
    assert run_json("library", "remove", *references, "--yes") == {"removed": 2, "papers": 1}
    assert [paper["title"] for paper in run_json("library", "list")["papers"]] == ["A Study of rivers"]
    assert [hit["title"] for hit in run_json("search", "owls")["hits"]] == ["A Study of rivers"]
    assert run_json("library", "verify") == {"papers": 1, "problems": []}
    assert run_json("ingest", source)["added"] == 2
    assert run_json("search", "owls")["hits"][0]["title"] == "A Study of owls"
    code, out, _ = run("library", "remove", "10.1000/bees", "--yes")
    assert (code, out.startswith("1 paper removed, 2 left in ")) == (0, True)


@pytest.mark.usefixtures("source")
def test_an_emptied_library_is_listed_searched_and_asked(run, run_json, home):
    place = ("--library", home / "library")
    removed = run_json("library", "remove", *(each["title"] for each in RECORDS), "--yes")
    assert removed == {"removed": 3, "papers": 0}
    assert run_json("library", "list", *place) == {"papers": [], "matching": 0}
    assert run_json("search", "owls", *place)["hits"] == []
    assert run_json("ask", "How are owls counted?", *place)["status"] == "refused"
    assert run("library", "verify", *place)[0] == 0


@pytest.mark.usefixtures("source")
@pytest.mark.parametrize("is_open", [True, False])
def test_without_a_terminal_nothing_is_removed_unless_told(run, monkeypatch, is_open):
    with Path(os.devnull).open() as nothing:
        monkeypatch.setattr("sys.stdin", nothing if is_open else None)
        assert is_one_line_of_error(run("library", "remove", "A Study of owls"), "--yes", code=2)
    assert run("library", "list")[1].count("\n") == len(RECORDS)


def test_the_bundled_papers_stay(run, tmp_path, home):
    bundled = home / "bundled"
    run("ingest", write_lines(tmp_path / "papers.jsonl", RECORDS), "--library", bundled)
    for place in ((), ("--library", bundled), ("--library", home / "." / ".." / home.name / "bundled")):
        done = run("library", "remove", "A Study of owls", "--yes", *place)
        assert is_one_line_of_error(done, "stay", "askpapers ingest")
    assert run("library", "list")[1].count("\n") == len(RECORDS)


def test_control_characters_of_a_paper_are_not_printed(run, tmp_path):
    odd = record(f"owls {CONTROL}\n at noon", organization=f"Barn {CONTROL}", abstract=f"Owls {CONTROL}.")
    run("ingest", write_lines(tmp_path / "papers.jsonl", [odd]))
    paper_id = run("library", "list")[1].split()[0]
    for command in (["list"], ["show", paper_id], ["list", "--json"], ["show", paper_id, "--json"]):
        code, out, err = run("library", *command)
        assert (code, not set("\x1b\x07\x9b\u202e") & set(out + err)) == (0, True)
    assert run("library", "list")[1].count("\n") == 1


@pytest.mark.parametrize("command", ["list", "show", "remove", "export", "info", "verify", "reindex"])
def test_without_any_library_it_says_how_to_make_one(run, home, command):
    paper = ["owls"] if command in ("show", "remove") else []
    yes = ["--yes"] if command == "remove" else []
    assert is_one_line_of_error(run("library", command, *paper, *yes), "askpapers ingest")
    assert not home.exists()


@pytest.mark.parametrize("arguments", [["show"], ["remove"], ["show", "a", "b"], ["list", "-n", "many"]])
def test_wrong_usage_is_exit_code_2(run, arguments):
    code, out, err = run("library", *arguments)
    assert (code, out, err.startswith("usage: ")) == (2, "", True)
    code, out, _ = run("library", arguments[0], "--help")
    assert (code, out.startswith("usage: ")) == (0, True)


def on_terminal(typed, *arguments):
    """Run a command on a terminal, type this when it has asked; exit code, stdout, what was shown."""
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "ui.cli", *map(str, arguments)]
    ends = {"stdin": theirs, "stderr": theirs, "stdout": subprocess.PIPE}
    with subprocess.Popen(command, cwd=ROOT, env=os.environ | {"TERM": "dumb"}, **ends) as process:
        os.close(theirs)
        shown = ""
        try:
            while select.select([ours], [], [], 60)[0] and (piece := os.read(ours, 4096)):
                shown += piece.decode(errors="replace")
                if typed and shown.endswith("[y/N] "):
                    os.write(ours, typed)
                    typed = b""
        except OSError:  # how a terminal ends
            pass
        out, _ = process.communicate(timeout=60)
    os.close(ours)
    return process.returncode, out.decode(), shown


@pytest.mark.slow
@pytest.mark.usefixtures("source")
@pytest.mark.parametrize(
    ("typed", "left"), [(b"y\n", 1), (b"\n", 3), (b"n\n", 3), (b"\x04", 3), (b"\xff\n", 3)]
)
def test_a_terminal_is_asked_first(typed, left):
    references = ["1901.00001", "a study of bees", "A Study of Owls"]
    code, out, shown = on_terminal(typed, "library", "remove", *references, "--json")
    assert (code, json.loads(out)) == (0, {"removed": 3 - left, "papers": left})
    before, _, _ = shown.partition("Remove 2 papers? [y/N] ")
    assert {line.strip() for line in before.splitlines()} == {"A Study of owls", "A Study of bees"}


@pytest.mark.slow
@pytest.mark.usefixtures("source")
def test_a_terminal_is_not_asked_where_the_answer_was_given():
    code, out, shown = on_terminal(b"", "library", "remove", "1901.00001", "--yes")
    assert (code, "[y/N]" in shown) == (0, False)
    assert out.startswith("1 paper removed, 2 left")


def test_a_field_names_its_sources_where_not_all_say_it(run, run_json, tmp_path, source):
    told = record("owls", published="2019", arxiv_id="1901.00001v3", organization="Barn")
    other = write_lines(tmp_path / "other.jsonl", [told])
    run("ingest", other)
    origins = run_json("library", "show", "1901.00001")["origins"]
    assert origins["published"] == origins["authors"] == [str(source)]
    assert origins["title"] == origins["organization"] == sorted([str(source), str(other)])
    out = run("library", "show", "1901.00001")[1]
    assert f"2019-05-06 ({source})" in out
    assert "Barn\n" in out


@pytest.mark.usefixtures("source")
def test_a_backup_restores_the_same_library(run, run_json, tmp_path):
    run("ingest", write_lines(tmp_path / "more.jsonl", [record("owls", published="2019"), record("eels")]))
    backup, place = tmp_path / "backup.jsonl", ("--library", tmp_path / "copy")
    told = run_json("library", "export", "--all", "-o", backup)
    assert told == {"papers": 4, "records": 5, "whole_texts": 0, "file": str(backup)}
    restored = run_json("library", "restore", backup, *place)
    assert (restored["papers"], restored["records"]) == (4, 5)
    assert run_json("library", "verify", *place) == {"papers": 4, "problems": []}
    for reference in ("owls", "eels"):
        found = [run_json("library", "show", f"A Study of {reference}", *where) for where in ((), place)]
        assert found[0] == found[1]
    assert run("library", "export", "--all", *place)[1] == backup.read_text()
    assert is_one_line_of_error(run("library", "restore", backup, *place), "holds papers", "--library")
    code, _, err = run("library", "export", "--all", "owls")
    assert (code, err.count("\n"), "--all" in err) == (2, 1, True)


@pytest.mark.usefixtures("source")
def test_near_titles_are_listed(run, run_json, tmp_path):
    assert run("library", "duplicates")[1:] == ("", "No two titles are nearly the same.\n")
    many = [record("owlls in barns"), record("owls in barns"), record("owl in barns")]
    report = run_json("ingest", write_lines(tmp_path / "near.jsonl", many))
    listed = run_json("library", "duplicates")
    assert listed == {"near_duplicates": report["near_duplicates"], "more": False}
    assert len(listed["near_duplicates"]) == 3
    assert run_json("library", "duplicates", "-n", 1)["more"]
    out = run("library", "duplicates")[1]
    assert out.count("A Study of owls in barns") == 2


@pytest.mark.usefixtures("source")
def test_one_index_is_built_anew_by_its_name(run, home):
    shutil.rmtree(home / "library" / "lexical")
    before = (home / "library" / "dense" / "id").read_text()
    assert run("library", "verify")[0] == 1
    assert run("library", "reindex", "lexical")[0] == 0
    assert run("library", "verify")[0] == 0
    assert (home / "library" / "dense" / "id").read_text() == before
    assert is_one_line_of_error(run("library", "reindex", "sparse"), "sparse", "lexical, dense, token")


def test_many_disagreements_are_counted_and_the_library_that_is_meant_is_named(run, run_json, tmp_path):
    place = tmp_path / "other"
    many = [record(f"owls {number}") for number in range(60)]
    run("ingest", write_lines(tmp_path / "many.jsonl", many), "--library", place)
    shutil.rmtree(place / "lexical")
    code, out, _ = run("library", "verify", "--library", place)
    lines = out.splitlines()
    assert (code, len(lines)) == (1, 50 + 1 + 2 + 2)
    assert lines[50] == "and 11 more, which --json lists"
    assert lines[51:53] == ["papers         60", "disagreements  61"]
    assert "catches up" in lines[-2]
    assert lines[-1].endswith(f"`askpapers library reindex --library {place}`.")

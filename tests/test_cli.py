"""The command line: JSON that others rely on, one line for each error, nothing half-written."""

import gzip
import json
import os
import pty
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from conftest import Halved, Listed, is_one_line_of_error, library_of, write_lines

from ingest.bundled import BundledSource
from ingest.pipeline import ingest
from ingest.sources.files import open_path
from rag.errors import QuestionError
from rag.library import Library
from ui.cli import main

pytestmark = pytest.mark.usefixtures("home", "without_charts")
ROOT = Path(__file__).parents[1]
TOPICS = ["owls", "bees", "foxes", "eels", "rivers", "clouds"]
TOPICS += ["stones", "trains", "violins", "bridges", "glaciers", "markets"]
CONTROL = "\x1b]0;owned\x07 \x1b[31m \x9b31m \u202e \r \x08"


def record(topic, year):
    text = f"We count {topic} in the field. A ledger of {topic} holds 3,141 entries. It cost 12% less."
    return {"title": f"A Study of {topic}", "abstract": text, "published": f"{year}-05-06"}


RECORDS = [record(topic, 2010 + number) for number, topic in enumerate(TOPICS)]


@pytest.fixture(scope="session")
def shelf(tmp_path_factory, encoder):
    """The folder of a library that tests only read."""
    with library_of(RECORDS, tmp_path_factory.mktemp("shelf"), encoder) as library:
        return library.folder


@pytest.fixture
def run_json(run):
    """Run a command with --json; its exit code and what it prints."""

    def run_json(*arguments):
        code, out, _ = run(*arguments, "--json")
        return code, json.loads(out)

    return run_json


def start(*arguments, **options):
    """The command as a process of its own."""
    command = [sys.executable, "-m", "ui.cli", *map(str, arguments)]
    unset = ("FORCE_COLOR", "NO_COLOR", "TTY_COMPATIBLE")
    kept = {name: value for name, value in os.environ.items() if name not in unset}
    environment = kept | {"TERM": "xterm-256color"} | options.pop("env", {})
    return subprocess.Popen(command, cwd=ROOT, env=environment, **options)


ANSWER_KEYS = {
    *("question", "status", "text", "reason", "claims", "citations", "papers", "filters"),
    *("resolved_question", "missing", "notes", "writer", "usage", "seconds"),
}
CITATION_KEYS = [
    *("number", "paper_id", "title", "published", "organization", "quote", "start", "end", "authors"),
    *("part", "page", "section", "label", "key", "retracted"),
]


def test_an_answer_that_is_interrupted_promises_nothing(run, shelf, monkeypatch):
    def interrupt(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr("ui.cli.ask.read_along", interrupt)
    code, out, err = run("ask", "What do owls eat?", "--library", shelf)
    assert (code, out, err) == (130, "", "askpapers: interrupted before the answer was finished\n")


def test_ask_gives_the_answer_as_json(run, shelf):
    question = "How many entries does the ledger of owls hold?"
    code, out, err = run("ask", question, "--json", "--library", shelf)
    assert (code, err) == (0, "")
    answer = json.loads(out)
    assert set(answer) >= ANSWER_KEYS
    assert (answer["question"], answer["status"], answer["writer"]) == (question, "answered", "extractive")
    assert answer["filters"] == {"from_year": None, "to_year": None}
    assert (answer["reason"], answer["resolved_question"], answer["missing"]) == (None, None, None)
    assert "3,141" in answer["text"]
    assert "[1]" in answer["text"]
    for claim in answer["claims"]:
        names = ["text", "citations", "check", "support", "quotes", "reason", "notes", "supported"]
        assert list(claim) == names
        assert (claim["check"], claim["support"], claim["supported"]) == ("verbatim", 1, True)
        quotes = [answer["citations"][place] for place in claim["quotes"]]
        assert [quote["number"] for quote in quotes] == claim["citations"]
        assert [quote["quote"] for quote in quotes] == [claim["text"]]
    by_title = {record["title"]: record for record in RECORDS}
    for citation in answer["citations"]:
        assert list(citation) == CITATION_KEYS
        source = by_title[citation["title"]]
        assert citation["quote"] == source["abstract"][citation["start"] : citation["end"]]
        assert citation["published"] == source["published"]
    assert [list(paper) for paper in answer["papers"]] == [["paper_id", "title", "score"]] * 10
    assert len({paper["paper_id"] for paper in answer["papers"]}) == 10


def test_search_gives_the_ranking_as_json(run_json, shelf):
    code, found = run_json("search", "bees", "-k", 3, "--from-year", 2011, "--library", shelf)
    assert (code, list(found)) == (0, ["query", "filters", "close", "hits"])
    assert (found["query"], found["filters"]) == ("bees", {"from_year": 2011, "to_year": None})
    assert [list(hit) for hit in found["hits"]] == [
        ["paper_id", "title", "score", "passage", "part", "page", "section", "authors", "retracted"]
    ] * 3
    assert found["hits"][0]["title"] == "A Study of bees"
    assert found["hits"][0]["passage"] in RECORDS[1]["abstract"]


SINCE = "Which papers since 2015 hold a ledger of owls?"


def test_years_in_the_words_are_filters_unless_switched_off(run_json, shelf):
    for command in ("ask", "search"):
        bound = run_json(command, SINCE, "--library", shelf)[1]
        free = run_json(command, SINCE, "--no-years", "--library", shelf)[1]
        assert bound["filters"] == {"from_year": 2015, "to_year": None}
        assert free["filters"] == {"from_year": None, "to_year": None}
        kept, all_ranked = (
            {paper["title"] for paper in found["papers" if command == "ask" else "hits"]}
            for found in (bound, free)
        )
        assert "A Study of owls" in all_ranked - kept  # it is of 2010
        assert found_years(kept) == set(range(2015, 2022))
        both = run_json(command, SINCE, "--to-year", 2012, "--library", shelf)[1]
        assert both["filters"] == {"from_year": None, "to_year": 2012}


def found_years(titles):
    return {int(entry["published"][:4]) for entry in RECORDS if entry["title"] in titles}


def test_years_in_the_words_are_shown_with_the_way_out(run, shelf):
    _, out, err = run("ask", SINCE, "--library", shelf)
    assert "Note: Only papers from 2015 on, as the question asks." in out
    assert "--no-years" in err
    _, out, err = run("search", SINCE, "--library", shelf)
    assert "Only papers from 2015 on, as the question asks." in err
    assert "--no-years" in err
    for option in (("--no-years",), ("--from-year", 2011)):
        _, out, err = run("ask", SINCE, *option, "--library", shelf)
        assert "as the question asks" not in out
        assert err == ""


def test_ingest_info_and_verify_speak_json(run_json, tmp_path):
    records = [*RECORDS[:2], RECORDS[0], {"abstract": "Lost"}, {"title": "Ants"}]
    source = write_lines(tmp_path / "papers.jsonl", records)
    code, report = run_json("ingest", source)
    rejected = [{"source": str(source), "line": 4, "reason": "no title"}]
    counts = {"seen": 5, "added": 3, "updated": 0, "unchanged": 0, "duplicates": 1, "rejected": rejected}
    assert code == 0
    more = {"unlisted": 0, "skipped": [], "near_duplicates": []}
    held = {"papers": 3, "title_only": 1, "passages": 3}
    assert report == {**counts, **more, **held, "seconds": report["seconds"]}
    code, info = run_json("library", "info")
    held |= {"behind": 0, "whole_texts": 0}
    assert (code, info) == (0, info | held | {"embedder": "all-MiniLM-L6-v2", "writer": "extractive"})
    code, verified = run_json("library", "verify")
    assert (code, verified["problems"]) == (0, [])


def test_verify_and_reindex_find_and_mend_what_an_index_lacks(run, run_json, tmp_path, home):
    run("ingest", write_lines(tmp_path / "papers.jsonl", RECORDS[:2]))
    with Library(home / "library") as library:
        library.lexical.reset()
    code, info = run_json("library", "info")
    assert (code, info["behind"]) == (0, 2)
    code, verified = run_json("library", "verify")
    assert (code, len(verified["problems"])) == (1, 3)
    code, out, _ = run("library", "verify")
    assert code == 1
    assert "askpapers library reindex" in out
    assert run("library", "reindex")[0] == 0
    assert run("library", "verify")[0] == 0


def test_searching_mends_an_index_that_is_behind(run, tmp_path, home):
    run("ingest", write_lines(tmp_path / "papers.jsonl", RECORDS[:2]))
    with Library(home / "library") as library:
        library.dense.reset()
    code, out, err = run("search", "bees")
    assert (code, out.splitlines()[0].split("  ")[0]) == (0, " 1. A Study of bees")
    assert "dense and token index" in err
    assert run("library", "verify")[0] == 0


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("missing.txt", None, ["does not exist"]),
        ("empty.txt", b"", ["is empty"]),
        ("blank.txt", b" \n\n", ["is empty"]),
        ("binary.txt", bytes(range(256)), ["is not a text file"]),
        ("late.txt", b"text " * 20_000 + b"\xff\xfe", ["is not a text file"]),
        ("paper.pdf.gz", gzip.compress(b"%PDF-1.7 and so on", mtime=0), ["is a packed PDF", "gunzip"]),
        ("folder", "folder", ["holds no file", ".jsonl"]),
    ],
)
def test_what_cannot_be_read_is_one_line_and_makes_no_library(run, tmp_path, home, name, content, words):
    if content == "folder":
        (tmp_path / name).mkdir()
        (tmp_path / name / "notes.md").write_text("nothing of ours")
    elif content is not None:
        (tmp_path / name).write_bytes(content)
    good = write_lines(tmp_path / "good.jsonl", RECORDS[:1])
    assert is_one_line_of_error(run("ingest", good, tmp_path / name), str(tmp_path / name), *words)
    assert not home.exists()


def test_a_named_pdf_that_cannot_be_read_is_one_line_of_error_alone_and_listed_among_others(
    run, tmp_path, home
):
    bad, empty = tmp_path / "paper.pdf", tmp_path / "empty.pdf"
    bad.write_bytes(b"<html>and so on")
    empty.write_bytes(b"")
    assert is_one_line_of_error(run("ingest", bad), str(bad), "is no PDF")
    assert not home.exists()
    good = write_lines(tmp_path / "good.jsonl", RECORDS[:1])
    code, out, _ = run("ingest", bad, good, empty)
    assert (code, out.splitlines()[0]) == (
        0,
        "3 entries: 1 added, 0 updated, 0 unchanged, 0 duplicates, 2 rejected",
    )
    assert f"{bad}: is no PDF: save or print it as one" in out
    assert f"{empty}: is empty" in out and out.count(str(empty)) == 1


def test_the_bundled_papers_are_ingested_by_themselves(run, tmp_path, home):
    good = write_lines(tmp_path / "good.jsonl", RECORDS[:1])
    assert is_one_line_of_error(run("ingest", "demo", good), "by itself")
    assert is_one_line_of_error(run("ingest", "demo", "--zotero", "Zotero"), "--zotero out")
    assert not home.exists()


def test_digests_are_refused_by_a_library_of_abstracts(run, tmp_path, shelf):
    before = sorted(path.name for path in shelf.iterdir())
    assert is_one_line_of_error(run("ingest", "demo", "--library", shelf), "name another folder")
    code, out, _ = run("library", "info", "--library", shelf)
    assert (code, out.split()[:2]) == (0, ["papers", str(len(RECORDS))])
    assert sorted(path.name for path in shelf.iterdir()) == before


BUTTON = "Get trending papers in your email inbox!\n"


def test_a_broken_entry_is_listed_with_its_line_and_the_rest_ingested(run, run_json, tmp_path):
    abstract = "We count owls by hand, twice, and note each of them in a ledger. " * 4
    page = tmp_path / "page.txt"
    page.write_text(f"{BUTTON}SubscribeOwls\n{abstract}\nLost at Sea\n\nBees\n{abstract}\n")
    code, out, _ = run("ingest", page)
    assert code == 0
    assert "2 added" in out
    assert f"{page}:4: no abstract: Lost at Sea" in out
    assert run_json("ingest", page)[1]["rejected"] == [
        {"source": str(page), "line": 4, "reason": "no abstract: Lost at Sea"}
    ]


def test_a_file_in_a_folder_that_cannot_be_read_is_listed_and_the_others_ingested(run_json, tmp_path):
    folder = tmp_path / "pages"
    (folder / "deep").mkdir(parents=True)
    write_lines(folder / "deep" / "good.jsonl", RECORDS[:2])
    (folder / "empty.txt").touch()
    code, report = run_json("ingest", folder)
    assert (code, report["added"], report["papers"]) == (0, 2, 2)
    (rejected,) = report["rejected"]
    assert (rejected["source"], rejected["line"]) == (str(folder / "empty.txt"), None)


@pytest.mark.parametrize("command", ["ask", "search"])
@pytest.mark.parametrize(
    ("question", "words"), [("", ["empty"]), (" \n ", ["empty"]), ("why? " * 20_000, ["shorten it"])]
)
def test_a_question_that_cannot_be_asked_is_one_line_and_builds_nothing(
    run, home, command, question, words
):
    assert is_one_line_of_error(run(command, question), *words)
    assert not home.exists()


@pytest.mark.parametrize(
    "arguments",
    [
        ["search", "owls", "--from-year", 2020, "--to-year", 2010],
        ["search", "owls", "-k", 0],
        ["ask", "owls", "--words", 0],
        ["ask", "owls", "--from-year", 2020, "--to-year", 2010],
        ["ask", "owls", "--writer", "llm"],
    ],
)
def test_an_option_that_makes_no_sense_is_one_line(run, shelf, arguments):
    assert is_one_line_of_error(run(*arguments, "--library", shelf))


@pytest.mark.parametrize("command", [["ask", "owls"], ["search", "owls"], ["library", "info"]])
def test_a_library_that_is_not_there_is_one_line_and_is_not_made(run, tmp_path, command):
    nowhere = tmp_path / "nowhere"
    assert is_one_line_of_error(run(*command, "--library", nowhere), str(nowhere), "askpapers ingest")
    assert not nowhere.exists()


def test_a_library_of_another_encoder_is_one_line_that_names_the_cure(run, tmp_path, encoder):
    folder = tmp_path / "library"
    source = write_lines(tmp_path / "papers.jsonl", RECORDS[:2])
    with Library.create(folder, Halved(encoder)) as library:
        ingest(library, open_path(source))
    cure = f"askpapers library reindex --library {folder}"
    for command in (["ask", "owls"], ["search", "owls"], ["ingest", source]):
        assert is_one_line_of_error(run(*command, "--library", folder), "halved", cure)
    assert run(*cure.split()[1:])[0] == 0
    code, out, _ = run("search", "owls", "--library", folder)
    assert (code, "A Study of owls" in out) == (0, True)


def test_a_damaged_catalog_is_one_line(run, tmp_path):
    (tmp_path / "catalog.sqlite").write_bytes(b"damaged " * 500)
    assert is_one_line_of_error(run("search", "owls", "--library", tmp_path), "catalog.sqlite")


def test_debug_shows_the_traceback():
    with pytest.raises(QuestionError):
        main(["ask", "", "--debug"])


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["nonsense"],
        ["search"],
        ["library"],
        ["ingest"],
        ["ask", "owls", "--nonsense"],
        ["search", "owls", "-k", "many"],
        ["ingest", "demo", "--saved", "yesterday"],
        ["ask", "owls", "--writer", "poet"],
    ],
)
def test_wrong_usage_is_exit_code_2(arguments, capsys):
    with pytest.raises(SystemExit, match="2"):
        main(arguments)
    out, err = capsys.readouterr()
    assert (out, err.startswith("usage: ")) == ("", True)


@pytest.mark.parametrize(
    "command",
    [[], *([name] for name in ("ask", "chat", "search", "ingest", "setup", "library"))]
    + [["library", name] for name in ("info", "verify", "reindex")],
)
def test_every_command_has_help(command, capsys):
    with pytest.raises(SystemExit, match="0"):
        main([*command, "--help"])
    out, err = capsys.readouterr()
    assert out.startswith("usage: ")
    assert err == ""


def test_the_environment_names_the_library_and_the_option_goes_first(
    run_json, monkeypatch, shelf, tmp_path
):
    other = tmp_path / "other"
    run_json("ingest", write_lines(tmp_path / "one.jsonl", RECORDS[:1]), "--library", other)
    monkeypatch.setenv("ASKPAPERS_LIBRARY", str(other))
    assert run_json("library", "info")[1]["papers"] == 1
    assert len(run_json("search", "owls")[1]["hits"]) == 1
    assert run_json("library", "info", "--library", shelf)[1]["papers"] == len(RECORDS)
    run_json("ingest", write_lines(tmp_path / "two.jsonl", RECORDS[1:2]))
    assert run_json("library", "info")[1]["papers"] == 2


def test_years_and_lengths_change_what_is_given(run_json, shelf):
    def titles(*options):
        return [
            hit["title"] for hit in run_json("search", "a study", *options, "--library", shelf)[1]["hits"]
        ]

    assert sorted(titles("--from-year", 2020)) == ["A Study of glaciers", "A Study of markets"]
    assert sorted(titles("--to-year", 2010)) == ["A Study of owls"]
    assert len(titles("-k", 2)) == 2
    question = ["ask", "What is said of owls?", "--library", shelf]
    short, long = (run_json(*question, "--words", words)[1]["text"] for words in (1, 200))
    assert len(short) < len(long)
    assert run_json(*question, "--from-year", 2015)[1]["filters"] == {"from_year": 2015, "to_year": None}
    assert run_json(*question, "--from-year", 1990, "--to-year", 1991)[1]["status"] == "refused"


def test_saved_gives_the_year_to_dates_without_one(run, run_json, tmp_path):
    abstract = "We count owls by hand, twice, and note each of them in a ledger. " * 4
    page = tmp_path / "page.txt"
    page.write_text(f"{BUTTON}Subscribe\n\nOwls\n\n{abstract}\n\n  • 2 authors\n·\nJan 23\n")
    run("ingest", page)
    assert run_json("search", "owls", "--from-year", 2000)[1]["hits"] == []
    assert run_json("ingest", page, "--saved", "2024-02-03")[1]["updated"] == 1
    assert len(run_json("search", "owls", "--from-year", 2024, "--to-year", 2024)[1]["hits"]) == 1


def test_a_question_may_begin_with_a_dash(run, shelf):
    code, out, _ = run("ask", "--library", shelf, "--json", "--", "-owls --json?")
    assert (code, json.loads(out)["question"]) == (0, "-owls --json?")


def test_without_a_library_the_bundled_one_is_built_and_named(run, home, monkeypatch):
    some = [paper for paper in BundledSource().read() if "BERT" in paper.title][:40]
    monkeypatch.setattr("ui.opening.BundledSource", lambda: Listed(tuple(some)))
    code, out, err = run("ask", "How much compute does bert2BERT save, and how?")
    assert code == 0
    assert "You have no library yet" in err
    assert "45%" in out
    assert "digests" in out
    assert "\x1b" not in out + err
    assert sorted(path.name for path in home.iterdir()) == ["bundled"]


def odd_library(run, tmp_path):
    """A library whose texts try to drive the terminal."""
    odd = {
        "title": f"Owls {CONTROL} at Noon [bold]not markup[/bold]",
        "abstract": f"Owls sleep\tat {CONTROL} noon, they say.",
        "organization": f"Owl {CONTROL} Lab",
    }
    run("ingest", write_lines(tmp_path / "odd.jsonl", [odd]), "--library", tmp_path / "library")
    return tmp_path / "library", odd


def test_control_characters_of_a_paper_are_not_printed(run, run_json, tmp_path):
    folder, odd = odd_library(run, tmp_path)
    for command in ("search", "ask"):
        question = [command, "When do owls sleep?", "--library", folder]
        for _, out, err in (run(*question), run(*question, "--json")):
            assert not {"\x1b", "\x07", "\x9b", "\u202e", "\r", "\x08"} & set(out + err)
            assert "noon" in out
        assert "sleep at" in run(*question)[1]
    assert run_json("search", "owls", "--library", folder)[1]["hits"][0]["title"] == odd["title"]


def on_terminal(*arguments, columns):
    """Run a command on a terminal of this width; what it shows there."""
    ours, theirs = pty.openpty()
    with start(
        *arguments, stdin=theirs, stdout=theirs, stderr=theirs, env={"COLUMNS": str(columns)}
    ) as process:
        os.close(theirs)
        shown = b""
        try:
            while piece := os.read(ours, 1 << 16):
                shown += piece
        except OSError:  # how a terminal ends
            pass
    os.close(ours)
    assert process.returncode == 0
    return shown.decode()


@pytest.mark.slow
def test_a_terminal_gets_colours_and_lines_that_fit_and_nothing_else(run, tmp_path):
    folder, _ = odd_library(run, tmp_path)
    shown = on_terminal("ask", "When do owls sleep?", "--library", folder, columns=40)
    colours = re.compile(r"\x1b\[[\d;]*m")
    assert colours.search(shown)
    text = colours.sub("", shown).replace("\r\n", "\n")
    assert not {"\x1b", "\x07", "\x9b", "\u202e", "\r", "\x08"} & set(text)
    assert max(map(len, text.splitlines())) <= 40
    assert "[bold]" in text.replace("\n", "")


@pytest.mark.slow
def test_a_terminal_that_knows_few_characters_gets_the_rest_as_marks(run, tmp_path):
    owls = {"title": "Öwls at Noon", "abstract": "Owls sleep at noon — “always”."}
    run("ingest", write_lines(tmp_path / "owls.jsonl", [owls]), "--library", tmp_path / "library")
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "env": {"PYTHONIOENCODING": "ascii"}}
    with start("search", "owls", "--library", tmp_path / "library", **pipes) as process:
        out, err = process.communicate()
    assert (process.returncode, err) == (0, b"")
    assert b"?wls at Noon" in out


@pytest.mark.slow
def test_a_reader_that_goes_away_is_no_error(shelf):
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    with start("search", "owls", "--library", shelf, **pipes) as process:
        process.stdout.close()
        err = process.stderr.read()
    assert (process.returncode, err) == (0, "")


QUESTION = {"id": "one", "question": "How many entries does the ledger of owls hold?", "tags": ["single"]}
KNOWN = {"papers": ["A Study of owls"], "facts": [["3,141"]], "expected_filters": {"from_year": None}}


def test_eval_gives_the_means_as_json_and_a_line_a_question(run, shelf, tmp_path):
    questions = write_lines(tmp_path / "questions.jsonl", [QUESTION | KNOWN, QUESTION | {"id": "two"}])
    out = tmp_path / "out"
    code, printed, _ = run("eval", questions, "--out", out, "--library", shelf, "--json")
    summary = json.loads(printed)
    assert (code, summary["n"], summary["errors"]) == (0, 2, 0)
    assert set(summary) == {"n", "errors", "metrics", "by_tag", "seconds"}
    counts = {"not_applicable": 1, "errors": 0}
    assert summary["metrics"]["hit@1"] == {"mean": 1.0, "n": 1, "ci95": [0.025, 1.0], **counts}
    nothing = {"mean": None, "n": 0, "ci95": [None, None], "not_applicable": 2, "errors": 0}
    assert summary["metrics"]["set_f1"] == nothing
    assert json.loads((out / "summary.json").read_text()) == summary
    assert set(summary["by_tag"]) == {"single"}
    one, two = (json.loads(line) for line in (out / "results.jsonl").read_text().splitlines())
    assert set(one["answer"]) >= ANSWER_KEYS
    assert (one["scores"]["fact_recall"], two["scores"]["fact_recall"]) == (1, None)


def test_eval_shows_means_and_says_where_the_answers_are(run, shelf, tmp_path):
    questions = write_lines(tmp_path / "questions.jsonl", [QUESTION | KNOWN | {"note": 1}])
    code, printed, err = run("eval", questions, "--out", tmp_path / "out", "--library", shelf)
    assert code == 0
    assert re.search(r"^hit@1 +1\.000 +0\.025 to 1\.000 +1 +0 +0$", printed, re.MULTILINE)
    assert "set_f1" not in printed  # applies to no question
    assert "Fields that are not read: note." in err
    assert str(tmp_path / "out" / "report.html") in err
    assert {"report.html", "report.md", "run.json"} <= {path.name for path in (tmp_path / "out").iterdir()}


def test_eval_passes_the_options_of_ask_on(run_json, shelf, tmp_path):
    questions = write_lines(tmp_path / "questions.jsonl", [QUESTION | KNOWN])
    command = ("eval", questions, "--out", tmp_path / "out", "--library", shelf, "--from-year", 2015)
    code, summary = run_json(*command)
    assert (code, summary["metrics"]["hit@1"]["mean"]) == (0, 0)  # the paper is of 2010
    assert summary["metrics"]["filter_accuracy"]["mean"] == 0


def test_eval_asks_for_the_years_in_the_words_unless_switched_off(run_json, shelf, tmp_path):
    known = {"question": SINCE, "expected_filters": {"from_year": 2015}}
    questions = write_lines(tmp_path / "questions.jsonl", [QUESTION | known])
    for option, accuracy in (((), 1), (("--no-years",), 0)):
        command = ("eval", questions, "--out", tmp_path / f"out{accuracy}", "--library", shelf, *option)
        assert run_json(*command)[1]["metrics"]["filter_accuracy"]["mean"] == accuracy


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("nowhere.jsonl",), "calibration, dev"),
        (("dev", "--writer", "llm"), "OPENAI_API_KEY"),
        (("dev", "--words", 0), "at least 1"),
        (("dev", "--from-year", 2020, "--to-year", 2019), "swap"),
        (("dev", "--tag", "prime"), "comparison"),
        (("dev", "--sample", 0), "one question or more"),
        (("dev", "--demo"), "leave --library out"),
    ],
)
def test_eval_says_in_one_line_what_is_wrong(run, shelf, tmp_path, arguments, says):
    done = run("eval", *arguments, "--out", tmp_path / "out", "--library", shelf)
    assert is_one_line_of_error(done, says)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(("share", "code"), [(0.3, 1), (0.5, 0)])
def test_eval_with_more_errors_than_may_be_fails(run, shelf, tmp_path, share, code):
    wrong = QUESTION | {"id": "long", "question": "why " * 2000}
    questions = write_lines(tmp_path / "questions.jsonl", [QUESTION, wrong])
    command = ("eval", questions, "--out", tmp_path / "out", "--library", shelf, "--json")
    ended, printed, err = run(*command, "--max-errors", share)
    summary = json.loads(printed)
    assert (ended, summary["errors"], summary["n"]) == (code, 1, 2)
    assert ("1 of 2 questions are errors" in err) == (code == 1)


def test_eval_asks_those_with_a_tag_and_a_sample_of_them(run_json, shelf, tmp_path):
    many = [
        QUESTION | {"id": str(number), "tags": ["odd" if number % 2 else "even"]} for number in range(8)
    ]
    questions = write_lines(tmp_path / "questions.jsonl", many)
    for options, count in (
        (("--tag", "odd"), 4),
        (("--tag", "odd", "--tag", "even"), 8),
        (("--sample", 3), 3),
    ):
        out = tmp_path / f"out{count}"
        command = ("eval", questions, "--out", out, "--library", shelf, *options, "--workers", 2)
        assert run_json(*command)[1]["n"] == count


@pytest.mark.slow
def test_eval_asks_about_the_papers_that_come_with_it(run, run_json, bundled, monkeypatch, tmp_path, shelf):
    monkeypatch.setattr("ui.opening.bundled_library", lambda: bundled.folder)
    monkeypatch.setenv("ASKPAPERS_LIBRARY", str(shelf))
    command = ("eval", "test", "--tag", "name", "--sample", 4, "--out", tmp_path / "out", "--demo")
    code, summary = run_json(*command)
    assert (code, summary["n"]) == (0, 4)
    assert summary["metrics"]["hit@5"]["mean"] >= 0.5


def test_eval_fails_where_a_mean_is_not_what_it_must_be(run, shelf, tmp_path):
    questions = write_lines(tmp_path / "questions.jsonl", [QUESTION | KNOWN])
    command = ("eval", questions, "--out", tmp_path / "out", "--library", shelf, "--json")
    assert run(*command, "--require", "hit@1>=1")[0] == 0
    code, printed, err = run(*command, "--require", "hit@1 >= 0.5", "--require", "words<1")
    assert (code, json.loads(printed)["n"]) == (1, 1)
    assert "1 of 2 gates failed (--require words<1" in err
    assert run(*command, "--require", "fame>1")[0] == 2
    code, _, err = run(*command, "--require", "hit@1[prime]>0")
    assert (code, "single" in err) == (2, True)


@pytest.mark.slow
def test_a_run_ends_whoever_reads_what_it_says(shelf, tmp_path):
    questions = write_lines(tmp_path / "questions.jsonl", [QUESTION | KNOWN])
    command = ("eval", questions, "--out", tmp_path / "out", "--library", shelf)
    with start(*command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        process.stdout.close()
        process.stderr.close()
    assert process.returncode == 0
    assert (tmp_path / "out" / "report.html").exists()


def test_eval_in_the_folder_of_another_run_needs_fresh(run, run_json, shelf, tmp_path):
    questions = write_lines(tmp_path / "questions.jsonl", [QUESTION])
    command = ("eval", questions, "--out", tmp_path / "out", "--library", shelf)
    code, _, err = run(*command)
    assert (code, "answered already" in err) == (0, False)
    code, _, err = run(*command)
    assert (code, "answered already" in err) == (0, True)
    assert "to go" not in err
    code, printed, err = run(*command, "--words", 5)
    assert (code, printed) == (1, "")
    assert "--fresh" in err.splitlines()[-1]
    assert run_json(*command, "--words", 5, "--fresh")[0] == 0


@pytest.mark.parametrize(
    "option", [("--workers", 0), ("--workers", "two"), ("--max-errors", 2), ("--out", "")]
)
def test_eval_with_an_option_that_cannot_be_is_usage(run, option):
    assert run("eval", "dev", "--out", "out", *option)[0] == 2


def test_eval_warns_of_papers_that_the_library_lacks(run, shelf, tmp_path):
    papers = {"papers": ["Com\x1b]0;ets"], "\x1b[2J": 1}
    questions = write_lines(tmp_path / "questions.jsonl", [QUESTION | papers])
    _, _, err = run("eval", questions, "--out", tmp_path / "out", "--library", shelf)
    assert "Not in this library, so never found: 1 of the questions' papers, such as Com]0;ets." in err
    assert "Fields that are not read: [2J." in err
    assert "\x1b" not in err


@pytest.mark.slow
@pytest.mark.usefixtures("interruptible")
def test_an_interrupted_eval_says_what_is_kept(shelf, tmp_path):
    many = [QUESTION | {"id": str(number)} for number in range(5000)]
    questions, out = write_lines(tmp_path / "questions.jsonl", many), tmp_path / "out"
    command = ("eval", questions, "--out", out, "--library", shelf)
    with start(*command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        while not (out / "results.jsonl").exists() or not (out / "results.jsonl").read_text():
            assert process.poll() is None
            time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        printed, err = process.communicate()
    assert (process.returncode, printed) == (130, "")
    assert str(out) in err.splitlines()[-1]
    lines = (out / "results.jsonl").read_text().splitlines()
    assert [json.loads(line)["id"] for line in lines] == [str(number) for number in range(len(lines))]


@pytest.mark.parametrize(
    ("options", "topics"),
    [
        ((), {"owls", "bees", "eels"}),
        (("--min-authors", 3), {"bees"}),
        (("--max-authors", 3), {"owls"}),
        (("--organization", "BARN"), {"owls"}),
        (("--source", "papers.jsonl"), {"owls", "bees", "eels"}),
        (("--paper", "a study of EELS", "--paper", "A Study of bees"), {"bees", "eels"}),
    ],
)
def test_each_filter_bounds_the_papers(run_json, tmp_path, options, topics):
    details = [{"author_count": 2, "organization": "Barn"}, {"author_count": 7}, {}]
    records = [
        record(topic, 2020) | more for topic, more in zip(("owls", "bees", "eels"), details, strict=True)
    ]
    run_json("ingest", write_lines(tmp_path / "papers.jsonl", records))
    code, found = run_json("search", "counted in the field", *options)
    assert (code, {hit["title"].split()[-1] for hit in found["hits"]}) == (0, topics)
    code, answer = run_json("ask", "How are they counted in the field?", *options)
    assert {paper["title"].split()[-1] for paper in answer["papers"]} == topics
    assert set(found["filters"]) == set(answer["filters"])
    assert len(found["filters"]) == 2 + bool(options)


def test_an_impossible_filter_is_one_line(run, shelf):
    done = run("ask", "Why?", "--min-authors", 4, "--max-authors", 2, "--library", shelf)
    assert is_one_line_of_error(done, "swap")

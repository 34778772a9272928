"""What changes on disk comes into the library while it is watched."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from pathlib import Path

import pytest
from conftest import is_one_line_of_error, ledgers, write_lines

from ingest.completing.completing import Completion, Retracted
from ingest.pipeline import ingest
from ingest.sources.base import ReadOptions
from ingest.sources.files import FileSource
from ingest.syncing import watching
from ingest.syncing.origins import open_origins
from ingest.syncing.sync import sync
from ingest.syncing.watching import Settling, Watch
from rag.library import Library
from rag.retrieval import Retriever
from ui.cli.watch import _Shown

ROOT = Path(__file__).parents[1]
OWLS, BEES, ANTS, MOTHS, WASPS = ledgers(["owls", "bees", "ants", "moths", "wasps"])
PATIENCE = 60.0  # seconds, on a machine that is busy


def until(is_so):
    """Wait until something is so."""
    end = time.monotonic() + PATIENCE
    while not (value := is_so()):
        assert time.monotonic() < end, "it never was so"
        time.sleep(0.05)
    return value


def bring(library, *names):
    sources, origins, _ = open_origins([str(name) for name in names], ReadOptions())
    return ingest(library, sources, origins=origins)


def has(library, *records):
    return lambda: len(library.catalog.find([record["title"] for record in records])) == len(records)


@contextmanager
def watched(folder, encoder):
    """The library of a folder while another Library object watches what it was made of."""
    reports, warnings = [], []
    with Library(folder, encoder) as own:
        watch = Watch(own, tell=reports.append, warn=warnings.append)
        watch.reports, watch.warnings = reports, warnings
        thread = threading.Thread(target=watch.run)
        thread.start()
        try:
            until(lambda: reports)
            yield watch
        finally:
            watch.stopped.set()
            thread.join()


@pytest.fixture
def papers(tmp_path, library, monkeypatch):
    """A folder of papers that the library was made of, which is looked for often."""
    monkeypatch.setattr(watching, "_LOOK", 0.2)
    folder = tmp_path / "papers"
    folder.mkdir()
    bring(library, write_lines(folder / "night.jsonl", [OWLS]).parent)
    return folder


def test_what_is_saved_is_found_by_a_library_that_is_open(library, papers, encoder, tmp_path):
    other = write_lines(tmp_path / "bees.jsonl", [BEES])
    bring(library, other)
    retriever = Retriever(library)
    with watched(library.folder, encoder):
        temporary = write_lines(papers / ".night.jsonl.tmp", [OWLS, MOTHS])
        temporary.replace(papers / "night.jsonl")  # as editors save
        until(has(library, MOTHS))
        until(lambda: retriever.search("ledger of moths")[0].paper.title == MOTHS["title"])
        write_lines(other, [BEES, WASPS])  # a file that was named itself
        until(has(library, WASPS))
        deep = papers / "a" / "b"
        deep.mkdir(parents=True)
        write_lines(deep / "ants.jsonl", [ANTS])
        until(has(library, ANTS))
    assert library.verify() == []


def test_a_folder_that_vanishes_and_returns_is_watched_again(library, papers, encoder, tmp_path):
    with watched(library.folder, encoder) as watch:
        papers.rename(tmp_path / "away")
        until(lambda: any(report.has_failed for report in watch.reports))
        write_lines(tmp_path / "away" / "bees.jsonl", [BEES])
        (tmp_path / "away").rename(papers)
        until(has(library, BEES))
        write_lines(papers / "ants.jsonl", [ANTS])
        until(has(library, ANTS))
    assert library.catalog.count() == 3


def test_many_files_at_once_come_in_turns(library, papers, encoder, monkeypatch):
    monkeypatch.setattr(watching, "_AT_A_TIME", 10)
    with watched(library.folder, encoder) as watch:
        for number in range(25):
            write_lines(papers / f"{number}.jsonl", [{"title": f"Wasps, part {number}"}])
        until(lambda: library.catalog.count() == 26)
    assert max(sum(len(origin.read) for origin in report.origins) for report in watch.reports) <= 10


def test_a_watch_waits_for_another_writer(library, papers, encoder, monkeypatch):
    monkeypatch.setattr("ingest.pipeline._PATIENCE", 0.1)
    with watched(library.folder, encoder) as watch:
        with library.writing():
            write_lines(papers / "bees.jsonl", [BEES])
            until(lambda: watch.warnings)
        until(has(library, BEES))
    (warning,) = watch.warnings
    assert warning.endswith("waiting for it")


def test_a_new_origin_is_watched(library, papers, encoder, tmp_path, monkeypatch):
    monkeypatch.setattr(watching, "_FEWEST", 0.2)
    other = write_lines(tmp_path / "other.jsonl", [BEES])
    with watched(library.folder, encoder):
        bring(library, other)
        time.sleep(1.0)
        write_lines(other, [BEES, ANTS])
        until(has(library, ANTS))


def test_a_file_is_ready_when_it_has_stopped_changing(tmp_path, monkeypatch):
    monkeypatch.setattr(watching, "SETTLED", 0.05)
    path, settling = tmp_path / "half.jsonl", Settling()
    for length in (1, 2, 3):
        path.write_text("x" * length)
        assert not settling.is_ready(FileSource(path))
        time.sleep(0.06)
    assert settling.is_ready(FileSource(path))


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="SIGINT")
def test_the_command_prints_a_line_for_each_change_and_ends_with_ctrl_c(
    library, papers, tmp_path, interruptible
):
    command = [sys.executable, "-m", "ui.cli", "watch", "--json", "--library", str(library.folder)]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    with (tmp_path / "out").open("wb") as out, (tmp_path / "err").open("wb") as err:
        process = subprocess.Popen(command, stdout=out, stderr=err, env=environment)
    until(lambda: "Watching" in (tmp_path / "err").read_text())
    write_lines(papers / "bees.jsonl", [BEES])
    until(has(library, BEES))
    until(lambda: (tmp_path / "out").read_text())
    process.send_signal(signal.SIGINT)
    assert process.wait(PATIENCE) == 130
    (line,) = (tmp_path / "out").read_text().splitlines()
    assert (json.loads(line)["added"], json.loads(line)["read"]) == (1, [str(papers / "bees.jsonl")])
    assert (tmp_path / "err").read_text().splitlines()[-1].startswith("askpapers: stopped")


def test_what_is_gone_or_wrong_is_shown_once(library, papers, capsys, tmp_path):
    bees = write_lines(papers / "bees.jsonl", [BEES])
    bring(library, papers)
    bees.unlink()
    shown = _Shown(as_json=False)
    shown.show(sync(library))
    write_lines(papers / "night.jsonl", [OWLS, ANTS])
    for _ in range(2):
        shown.show(sync(library))
    out = capsys.readouterr().out
    assert (out.count("gone: 1 paper"), out.count("1 added")) == (1, 1)
    papers.rename(tmp_path / "away")
    for _ in range(2):
        shown.show(sync(library))
    out = capsys.readouterr().out
    assert (out.count("does not exist"), out.count("library sources --forget"), out.count("\n")) == (
        1,
        1,
        2,
    )
    (tmp_path / "away").rename(papers)
    shown.show(sync(library))
    assert "in step again" in capsys.readouterr().out


def test_services_are_not_asked_too_often(run, library):
    done = run("watch", "--every", "0", "--library", library.folder)
    assert is_one_line_of_error(done, "every 1 minutes at most")


def test_what_services_add_while_it_watches_is_shown(capsys):
    notice = Retracted("10.1000/owls", "Owls", "10.1000/notice")
    for as_json in (False, True):
        shown = _Shown(as_json=as_json)
        shown.show_completion(Completion(recent=3))
        shown.show_completion(Completion(completed=1, updated=1, retracted=[notice]))
    lines = capsys.readouterr().out.splitlines()
    assert (len(lines), "Retracted: Owls" in lines[1]) == (3, True)
    assert json.loads(lines[2])["completion"]["updated"] == 1

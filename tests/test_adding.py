"""An ingest in a process of its own: nobody waits for it, and whatever becomes of it is told."""

import json
import logging
import os
import re
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from conftest import Listed

import ui.adding
from ingest.pipeline import ingest
from ingest.sources.base import Rejection
from ingest.sources.files import FileSource
from rag.errors import AskpapersError, ModelError, SourceError
from rag.library import Library
from rag.retrieval import Retriever
from rag.settings import Settings
from rag.types import Paper
from ui.desk import Desk

PATIENCE = 5  # seconds
OWLS, EELS, BEES = (
    Paper(f"A Study of {name}", f"We count 31 {name} in the forest. They live alone.", published="2020")
    for name in ("owls", "eels", "bees")
)
pytestmark = [
    pytest.mark.slow,  # each ingest is a process of its own
    pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="processes are found in /proc"),
]


@dataclass(frozen=True)
class Doing:
    """A source that does something in the process that reads it, once it has given a paper."""

    does: str
    name: str = "doing"

    def read(self):
        yield from (OWLS,) * 256  # a whole batch
        yield EELS
        if self.does == "spin":
            re.match(r"(a+)+$", "a" * 60 + "b")  # holds the lock for ages
        if self.does == "sleep":
            time.sleep(600)
        if self.does == "die":
            os.kill(os.getpid(), signal.SIGKILL)
        if self.does == "print":
            print("a line of a chatty library")
        if self.does == "refuse":
            raise SourceError("the source says no: ask another")
        if self.does == "fail":
            raise RuntimeError("a fault of ours")


def running():
    """The processes that run, each with the one that started it."""
    parents = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            state, parent = stat.read_text().rpartition(")")[2].split()[:2]
        except OSError:
            continue
        if state != "Z":
            parents[int(stat.parent.name)] = int(parent)
    return parents


def children(parent=None):
    """The processes that this one, or another, has started and that still run."""
    return [pid for pid, started_by in running().items() if started_by == (parent or os.getpid())]


@pytest.fixture
def desk(tmp_path, encoder):
    with Library.create(tmp_path / "library", encoder) as library:
        ingest(library, [Listed((BEES,))])
    before = set(children())
    with Desk(Settings(), tmp_path / "library") as desk:
        yield desk
    assert set(children()) == before


def titles(desk, query="owls"):
    return [hit.paper.title for hit in Retriever(desk.library).search(query, 5)]


def is_whole_and_free(desk):
    """The library is whole with the batch that was written, and its lock is free."""
    assert ingest(desk.library, [Listed((EELS,))]).papers == 3
    assert desk.library.verify() == []


def wait_until(condition, seconds=60):
    given_up = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < given_up
        time.sleep(0.05)


def test_what_was_added_is_found_at_once(desk):
    assert titles(desk) == [BEES.title]
    report = desk.add([Listed((OWLS, Rejection("listed", 2, "no title"))), Listed((EELS,), "more")])
    assert (report.added, report.papers, report.seen) == (2, 3, 3)
    assert report.rejected == [Rejection("listed", 2, "no title")]
    assert titles(desk)[0] == OWLS.title
    assert desk.library.dense.count() == desk.library.catalog.count_passages()
    assert desk.library.verify() == []


def test_progress_arrives_from_a_process_that_steps_back_for_those_who_ask(desk):
    steps, priorities = [], []

    def track(batches, what, total):
        priorities.extend(os.getpriority(os.PRIO_PROCESS, pid) for pid in children())
        for batch in batches:
            steps.append((what, total, len(batch)))
            yield batch
        steps.append((what, total, "end"))

    assert desk.add([Doing("print", "some/page.txt")], track).papers == 3
    assert steps[:3] == [
        ("reading some/page.txt", None, 256),
        ("reading some/page.txt", None, 1),
        ("reading some/page.txt", None, "end"),
    ]
    assert ("lexical index", 2, 2) in steps
    assert ("dense and token index", 2, "end") in steps
    assert max(priorities) >= os.getpriority(os.PRIO_PROCESS, 0) + 10


def test_a_file_that_hangs_holds_up_nobody_and_is_given_up(desk, monkeypatch):
    def hurry(batches, what, total):
        for batch in batches:
            monkeypatch.setattr(ui.adding, "PATIENCE", PATIENCE)  # now that the process has begun
            yield batch

    titles(desk)
    with ThreadPoolExecutor(1) as threads:
        adding = threads.submit(desk.add, [Doing("spin")], hurry)
        wait_until(lambda: desk.library.catalog.count() == 2)  # one batch has been written
        waits = []
        while not adding.done():
            started = time.perf_counter()
            assert BEES.title in titles(desk, "bees")
            waits.append(time.perf_counter() - started)
            time.sleep(0.1)
        with pytest.raises(SourceError, match=r"reading doing was given up after 5 seconds .*: leave out"):
            adding.result()
    assert max(waits) < PATIENCE
    is_whole_and_free(desk)


def test_a_process_that_is_killed_is_told_in_a_line(desk):
    with pytest.raises(SourceError, match=r"reading doing was ended from outside, .*: add fewer") as told:
        desk.add([Doing("die")])
    assert "\n" not in str(told.value)
    is_whole_and_free(desk)


def test_errors_come_back_as_they_are(desk, tmp_path):
    with pytest.raises(SourceError, match=r"^the source says no: ask another$"):
        desk.add([Doing("refuse")])
    with pytest.raises(SourceError, match=str(tmp_path / "missing")):
        desk.add([FileSource(tmp_path / "missing.jsonl")])
    with desk.library.writing(), pytest.raises(AskpapersError, match="is writing to the library"):
        desk.add([Listed((OWLS,))])
    with pytest.raises(RuntimeError, match="a fault of ours") as fault:  # with where it happened
        desk.add([Doing("fail")])
    assert "in read" in str(fault.value)
    with pytest.raises((AttributeError, TypeError, __import__("pickle").PicklingError)):
        desk.add([replace(Doing("refuse"), name=lambda: "not to be sent")])


def test_settings_cross_and_the_key_stands_on_no_command_line(tmp_path):
    settings = Settings(api_key="sk-secret", base_url="http://127.0.0.1:9/v1", embedding_model="far")
    lines = []

    def track(batches, what, total):
        for pid in children():
            lines.append(Path(f"/proc/{pid}/cmdline").read_bytes())
            lines.append(Path(f"/proc/{pid}/environ").read_bytes())
        return batches

    with pytest.raises(ModelError):  # nobody answers there, which the process was told to ask
        ui.adding.ingest_apart(tmp_path / "library", settings, [Listed((OWLS,))], track, threading.Event())
    assert any(b"ui.adder" in line for line in lines)
    assert not any(b"sk-secret" in line for line in lines)


def test_a_desk_that_is_closed_ends_what_is_added(desk):
    before = set(children())
    with ThreadPoolExecutor(1) as threads:
        adding = threads.submit(desk.add, [Doing("spin")])
        wait_until(lambda: desk.library.catalog.count() == 2)
        assert set(children()) > before
        desk.close()
        with pytest.raises(SourceError, match=r"as the page is closed: "):
            adding.result()
    assert set(children()) == before


SERVER = """
import sys
from pathlib import Path
from test_adding import Doing
from rag.settings import Settings
from ui.desk import Desk
with Desk(Settings(), Path(sys.argv[1])) as desk:
    try:
        desk.add([Doing(sys.argv[2])])
    except KeyboardInterrupt:
        print("interrupted")
"""


@pytest.mark.parametrize("ended_by", [signal.SIGINT, signal.SIGKILL])
def test_it_ends_with_the_server(tmp_path, encoder, interruptible, ended_by):
    with Library.create(tmp_path / "library", encoder) as library:
        ingest(library, [Listed((BEES,))])
    server = subprocess.Popen(
        [sys.executable, "-c", SERVER, str(tmp_path / "library"), "sleep"],
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    with Library(tmp_path / "library", encoder) as library:
        wait_until(lambda: library.catalog.count() == 2)
    adders = children(server.pid)
    assert adders
    os.killpg(server.pid, ended_by)  # as a terminal does
    told, complaints = server.communicate(timeout=60)
    assert complaints == ""
    assert told == ("interrupted\n" if ended_by == signal.SIGINT else "")
    wait_until(lambda: not running().keys() & adders)


def test_a_fault_is_logged_by_the_page(desk, monkeypatch, caplog, tmp_path):
    papers = pytest.importorskip("ui.web.papers")
    monkeypatch.setattr(papers, "FileSource", lambda *_, **__: Doing("fail"))
    (tmp_path / "mine.jsonl").write_text(json.dumps({}))
    with caplog.at_level(logging.ERROR, "askpapers"):
        told = papers.PapersTab(desk, tmp_path, papers.gr.BrowserState())._add(
            [str(tmp_path / "mine.jsonl")], "", lambda *_, **__: None, *[""] * 6, [], None
        )
    assert "Something went wrong on the server" in told[1]
    assert "a fault of ours" in caplog.text

"""What the program writes is its user's alone, whatever the umask; what the user shares stays shared."""

import json
import os
import stat
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from answers import an_answer
from conftest import Listed

from eval.folder import RunFolder
from eval.judging.lines import JudgedFile
from eval.report import write_reports
from ingest.backup import restore
from ingest.pipeline import ingest
from rag.cache_file import CacheFile
from rag.library import Library
from rag.library.glance import glance
from rag.settings import data_folder, own_library
from rag.types import Paper
from ui.cli import main
from ui.web.feedback import Feedback, Rating
from ui.web.secret import read_secret

pytestmark = pytest.mark.skipif(os.name != "posix", reason="modes mean nothing here")

ROOT = Path(__file__).parents[1]
PRIVATE = {"folder": 0o700, "file": 0o600}
OWLS = Paper("A Study of owls", "We count 31 owls in the forest. They sleep by day.", published="2020")
QUESTION = "How many owls live in the forest?"
ANSWER = an_answer(
    question=QUESTION,
    status="refused",
    text="Not in the papers.",
    reason="no owls",
)


@pytest.fixture(autouse=True)
def usual_umask():
    """That of most machines, under which others may read."""
    before = os.umask(0o022)
    yield
    os.umask(before)


def mode(path):
    return stat.S_IMODE(path.stat().st_mode)


def open_to_others(*places):
    """What of these, and of all that they hold, others may do something with, with its mode."""
    paths = [path for place in places for path in (place, *place.rglob("*"))]
    assert len(paths) > len(places)
    wanted = [(path, PRIVATE["folder" if path.is_dir() else "file"]) for path in paths]
    return {str(path): oct(mode(path)) for path, right in wanted if mode(path) != right}


def command(*arguments):
    """Run the real command."""
    words = [sys.executable, "-m", "ui.cli", *map(str, arguments)]
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=False, umask=0o022)
    assert done.returncode == 0, done.stderr
    return done.stdout


def as_lines(path, *values):
    path.write_text("".join(json.dumps(value) + "\n" for value in values), encoding="utf-8")
    return path


@pytest.fixture
def owls(tmp_path):
    """A file of one paper."""
    return as_lines(
        tmp_path / "owls.jsonl",
        {"title": OWLS.title, "abstract": OWLS.abstract, "published": OWLS.published},
    )


@pytest.fixture
def questions(tmp_path):
    case = {"id": "owls", "question": QUESTION, "papers": [OWLS.title], "facts": [["31"]]}
    return as_lines(tmp_path / "questions.jsonl", case)


# The command line


@pytest.mark.slow
def test_all_that_commands_write_is_the_users_alone(home, tmp_path, owls, questions):
    command("ingest", owls)
    assert "31 owls" in command("ask", QUESTION)
    command("eval", questions, "--out", tmp_path / "runs" / "first")
    command("ask", "--library", tmp_path / "home" / "askpapers" / "library", QUESTION)
    assert (home / "library" / "catalog.sqlite").exists()
    assert (tmp_path / "runs" / "first" / "report.html").exists()
    assert open_to_others(tmp_path / "home", tmp_path / "runs") == {}


def test_an_export_follows_the_umask_of_its_user(home, tmp_path, encoder):
    with Library.create(own_library(), encoder) as library:
        ingest(library, [Listed((OWLS,))])
    for name, options in {"papers.bib": (), "papers.jsonl": (), "backup.jsonl": ("--all",)}.items():
        assert main(["library", "export", "-o", str(tmp_path / name), *options]) == 0
        assert mode(tmp_path / name) == 0o644
    os.umask(0o002)
    assert main(["library", "export", "-o", str(tmp_path / "papers.bib"), "--force"]) == 0
    assert mode(tmp_path / "papers.bib") == 0o664
    assert os.umask(0o002) == 0o002  # a command leaves the umask as it was


# Python


def test_a_library_made_from_python_is_private(home, tmp_path, encoder):
    place = tmp_path / "shelf" / "library"
    with Library.create(place, encoder) as library:
        ingest(library, [Listed((OWLS,))])
        library.dense.count()
        with library.writing():
            names = {path.name for path in place.rglob("*")}
            assert {
                "catalog.sqlite-wal",
                "catalog.sqlite-shm",
                "lock",
                "lock.holder",
                "dense.open",
            } <= names
            assert {"tokens.sqlite", "meta.json", "chroma.sqlite3"} <= names
            found = open_to_others(tmp_path / "shelf")
    # What Chroma and Tantivy make themselves follows the umask, in folders that are closed to others.
    theirs = tuple(f"{place}/{name}/" for name in ("dense", "lexical"))
    assert {path: told for path, told in found.items() if not path.startswith(theirs)} == {}
    assert mode(place / "dense" / "id") == 0o600


def test_a_restored_library_is_private(home, tmp_path, encoder):
    with Library.create(own_library(), encoder) as library:
        ingest(library, [Listed((OWLS,))])
    assert main(["library", "export", "--all", "-o", str(tmp_path / "backup.jsonl")]) == 0
    restore(tmp_path / "again", tmp_path / "backup.jsonl")
    assert glance(tmp_path / "again" / "catalog.sqlite").papers == 1
    assert open_to_others(tmp_path / "again") == {}


def test_caches_and_what_the_page_keeps_are_private(home):
    cache = CacheFile(home / "vectors.sqlite", "CREATE TABLE IF NOT EXISTS known (name TEXT)")
    assert cache.attempt(lambda connection: connection.execute("SELECT 1").fetchone(), None) == (1,)
    (home / "damaged.sqlite").write_bytes(b"x" * 4096)
    damaged = CacheFile(home / "damaged.sqlite", "CREATE TABLE IF NOT EXISTS known (name TEXT)")
    assert damaged.attempt(lambda connection: connection.execute("SELECT 1").fetchone(), None) == (1,)
    read_secret(home / "page" / "browser-secret")
    Feedback(home / "likes" / "feedback.jsonl").save(Rating("1", ((QUESTION, ANSWER),), is_liked=True))
    assert {path.name for path in home.rglob("*")} >= {"damaged.sqlite.lock", "feedback.jsonl.lock"}
    assert open_to_others(home.parent) == {}


def test_the_log_of_a_cache_is_private(home):
    seen = []
    cache = CacheFile(home / "vectors.sqlite", "CREATE TABLE IF NOT EXISTS known (name TEXT)")
    cache.attempt(lambda _: seen.extend(home.iterdir()) or seen.append(open_to_others(home)), None)
    assert home / "vectors.sqlite-wal" in seen
    assert seen[-1] == {}


def test_a_run_made_from_python_is_private(tmp_path):
    place = tmp_path / "runs" / "first"
    with RunFolder(place, {"format": 1, "seconds": 0.0}) as folder:
        write_reports(folder.finish([]), place)
    with JudgedFile(place, "llm", {}) as file:
        file.finish([])
    names = {path.name for path in place.iterdir()}
    assert names >= {"run.json", "results.jsonl", "report.html", "judged.jsonl", ".lock"}
    assert open_to_others(tmp_path / "runs") == {}


def test_a_run_that_its_owner_has_shared_stays_shared(tmp_path):
    place = tmp_path / "run"
    place.mkdir(mode=0o750)
    record = {"format": 1, "seconds": 0.0}
    with RunFolder(place, record) as folder:
        run = folder.finish([])
    assert mode(place) == 0o750
    assert mode(place / "run.json") == 0o600
    (place / "run.json").chmod(0o640)
    with RunFolder(place, record, fresh=True) as folder:
        write_reports(folder.finish([]), place)
    modes = {path.name: mode(path) for path in place.iterdir() if path.name != ".lock"}
    assert set(modes.values()) == {0o640}, modes
    assert [mode(path) for path in write_reports(run, tmp_path / "elsewhere")] == [0o644] * 2  # an export
    assert mode(tmp_path / "elsewhere") == 0o755


def test_a_library_that_is_there_keeps_its_modes(home, tmp_path, encoder):
    (tmp_path / "shared").mkdir(mode=0o755)
    with Library.create(tmp_path / "shared", encoder) as library:
        ingest(library, [Listed((OWLS,))])
    assert mode(tmp_path / "shared") == 0o755
    assert mode(tmp_path / "shared" / "catalog.sqlite") == 0o600
    assert mode(tmp_path / "shared" / "dense") == 0o700
    (tmp_path / "shared" / "catalog.sqlite").chmod(0o644)
    with Library.create(tmp_path / "shared", encoder) as library:
        ingest(library, [Listed((replace(OWLS, abstract=f"{OWLS.abstract} Alone."),))])
    assert mode(tmp_path / "shared" / "catalog.sqlite") == 0o644


# A data folder of an older version


def test_a_data_folder_that_was_open_to_others_is_closed(home, tmp_path, encoder):
    with Library.create(own_library(), encoder) as library:
        ingest(library, [Listed((OWLS,))])
    openings = (
        lambda: Library(own_library(), encoder).close(),
        lambda: read_secret(home / "browser-secret"),
        lambda: CacheFile(home / "vectors.sqlite", "").attempt(lambda _: None, None),
        lambda: main(["search", "owls", "--library", str(own_library())]),
    )
    for opened in openings:
        home.chmod(0o755)
        opened()
        assert mode(home) == 0o700
    home.chmod(0o755)
    with Library.create(tmp_path / "elsewhere", encoder):
        assert mode(home) == 0o755  # it was not opened
    assert data_folder() == home


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root gives files away")
def test_a_data_folder_of_somebody_else_is_left_alone(home, encoder):
    Library.create(own_library(), encoder).close()
    home.chmod(0o755)
    os.chown(home, 12345, 12345)
    Library(own_library(), encoder).close()
    assert mode(home) == 0o755

"""`askpapers doctor`: each finding, and that looking changes nothing and tells no secret."""

import hashlib
import json
import os
import re
import shutil
import socket
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
import service_server
from conftest import Halved, Listed
from small_pdfs import paper as pdf_of
from trials import trial

from ingest.pipeline import ingest
from ingest.sources.files import open_path
from rag.checking.trial import keep
from rag.embedding.weights import HASHES
from rag.library import Library
from rag.library.catalog_tables import FORMAT
from rag.settings import Settings, bundled_library, data_folder, own_library
from rag.types import Paper
from ui.checkup import machine, services
from ui.checkup.finding import Finding, attempted
from ui.cli import main

pytestmark = pytest.mark.usefixtures("home")
ROOT = Path(__file__).parents[1]
SECRET = "sk-hush-5f2c9"
PAPERS = (Paper("A Study of Owls", "We count owls.", "2019"), Paper("A Study of Eels", "We count eels."))


@pytest.fixture(scope="module")
def made(tmp_path_factory, encoder):
    folder = tmp_path_factory.mktemp("made") / "library"
    with Library.create(folder, encoder) as library:
        ingest(library, [Listed(PAPERS)])
    return folder


@pytest.fixture
def folder(made, tmp_path):
    """A library of the test's own."""
    return shutil.copytree(made, tmp_path / "library")


@pytest.fixture
def doctor(capsys):
    """Run the command; its exit code, its findings by name, and all that it printed."""

    def doctor(*arguments):
        code = main(["doctor", "--json", *map(str, arguments)])
        out, err = capsys.readouterr()
        assert err == ""
        told = json.loads(out)
        assert told["ok"] == (code == 0) == all(finding["state"] != "fail" for finding in told["findings"])
        found = {}
        for finding in told["findings"]:
            assert set(finding) == {"name", "state", "found", "todo"}
            assert finding["todo"] or finding["state"] != "fail"
            assert "\n" not in f"{finding['found']}{finding['todo']}"
            found.setdefault(finding["name"], []).append(finding)
        return code, found, out

    return doctor


def states(findings):
    return [finding["state"] for finding in findings]


def stamp(folder):
    """What is in a folder, to the byte."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {str(path): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def set_format(folder, number):
    with closing(sqlite3.connect(folder / "catalog.sqlite")) as connection:
        connection.execute(f"PRAGMA user_version = {number}")


def test_a_model_without_a_server_or_a_key_is_told_of():
    (finding,) = services.look_at_model(Settings(model="smol"), is_online=False)
    assert (finding.state, "smol has neither" in finding.found) == ("warn", True)


def test_a_library_that_is_well(doctor, folder, home):
    before = stamp(folder)
    code, found, _ = doctor("--library", folder)
    assert (code, stamp(folder), home.parent.exists()) == (0, before, False)
    assert {finding["state"] for findings in found.values() for finding in findings} == {"ok"}
    assert found["library"][0]["found"] == f"2 papers, 2 passages in {folder}"
    assert {"index lexical", "index dense", "index tokens", "encoder", "disk", "model"} <= found.keys()
    assert "chromadb 1." in found["libraries"][0]["found"]
    assert f"Python {sys.version.split()[0]}" in found["askpapers"][0]["found"]


def test_it_is_fast_and_prints_a_line_a_finding(folder):
    command = [sys.executable, "-m", "ui.cli", "doctor", "--library", folder]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=30, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert all(line.startswith("ok    ") for line in done.stdout.splitlines())


def test_without_a_library_it_says_how_to_make_one_and_makes_none(doctor, tmp_path, home):
    for arguments in ((), ("--library", tmp_path / "nowhere")):
        code, found, _ = doctor(*arguments)
        assert (code, states(found["library"])) == (0, ["warn"])
        assert "askpapers ingest" in found["library"][0]["todo"]
    assert not home.parent.exists()
    assert not (tmp_path / "nowhere").exists()


def test_the_library_is_the_one_that_commands_would_use(doctor, made, tmp_path, monkeypatch):
    shutil.copytree(made, bundled_library())
    _, found, _ = doctor()
    assert states(found["library"]) == ["warn", "ok"]
    assert str(bundled_library()) in found["library"][1]["found"]
    shutil.copytree(made, own_library())
    _, found, _ = doctor()
    assert str(own_library()) in found["library"][0]["found"]
    shutil.copytree(made, tmp_path / "named")
    monkeypatch.setenv("ASKPAPERS_LIBRARY", str(tmp_path / "named"))
    _, found, _ = doctor()
    assert str(tmp_path / "named") in found["library"][0]["found"]


def test_a_damaged_catalog(doctor, folder):
    (folder / "catalog.sqlite").write_bytes(b"no catalog" * 1000)
    before = stamp(folder)
    code, found, _ = doctor("--library", folder)
    assert (code, states(found["library"]), stamp(folder)) == (1, ["fail"], before)
    assert "backup" in found["library"][0]["todo"]


def test_a_catalog_of_a_newer_and_of_an_older_program(doctor, folder):
    set_format(folder, FORMAT + 1)
    code, found, _ = doctor("--library", folder)
    assert (code, "upgrade" in found["library"][0]["todo"]) == (1, True)
    set_format(folder, FORMAT - 1)
    before = stamp(folder)
    code, found, _ = doctor("--library", folder)
    assert (code, states(found["library"]), stamp(folder)) == (0, ["warn"], before)


def test_what_a_writer_has_not_yet_put_into_the_file_counts(doctor, folder, encoder):
    with Library(folder, encoder) as library:
        library.remove([PAPERS[0].title])
        assert (folder / "catalog.sqlite-wal").stat().st_size
        _, found, _ = doctor("--library", folder)
    assert found["library"][0]["found"].startswith("1 papers, 1 passages")


def test_the_indexes_of_whole_texts_are_looked_at_where_there_are_some(doctor, folder, encoder, tmp_path):
    (tmp_path / "owls.pdf").write_bytes(pdf_of("Ledgers of Owls", "We count owls.", "Owls keep ledgers."))
    with Library(folder, encoder) as library:
        ingest(library, open_path(tmp_path / "owls.pdf"))
    before = stamp(folder)
    _, found, _ = doctor("--library", folder)
    assert [states(found[f"index body-{name}"]) for name in ("lexical", "dense")] == [["ok"], ["ok"]]
    assert stamp(folder) == before
    shutil.rmtree(folder / "body-lexical")
    (folder / "body-dense" / "chroma.sqlite3").write_bytes(b"no index" * 1000)
    _, found, _ = doctor("--library", folder)
    assert found["index body-lexical"][0]["found"] == "3 changes behind the catalog"
    assert states(found["index body-dense"]) == ["fail"]


def test_an_index_that_is_behind_damaged_or_of_another_encoder(doctor, folder, tmp_path, encoder):
    shutil.rmtree(folder / "tokens")
    (folder / "dense" / "chroma.sqlite3").write_bytes(b"no index" * 1000)
    code, found, _ = doctor("--library", folder)
    assert (code, states(found["index tokens"]), states(found["index dense"])) == (1, ["warn"], ["fail"])
    assert found["index tokens"][0]["found"] == "2 changes behind the catalog"
    assert "library reindex" in found["index dense"][0]["todo"]
    assert states(found["index lexical"]) == ["ok"]
    shutil.rmtree(folder / "dense")
    _, found, _ = doctor("--library", folder)
    assert states(found["index dense"]) == ["warn"]

    with Library.create(tmp_path / "other", Halved(encoder)) as library:
        ingest(library, [Listed(PAPERS)])
    code, found, _ = doctor("--library", tmp_path / "other")
    assert (code, states(found["index dense"])) == (1, ["fail"])
    assert "halved" in found["index dense"][0]["found"]


@pytest.mark.parametrize("lost", ["chroma.sqlite3", "length.bin"])
def test_files_of_vectors_that_are_missing(doctor, folder, lost):
    next((folder / "dense").rglob(lost)).unlink()
    code, found, _ = doctor("--library", folder)
    assert (code, states(found["index dense"])) == (1, ["fail"])
    assert "library reindex" in found["index dense"][0]["todo"]


def test_who_is_writing_is_named_and_who_was_killed_is_not(doctor, folder, encoder):
    with Library(folder, encoder) as library, library.writing():
        code, found, _ = doctor("--library", folder)
        assert (code, states(found["writing"])) == (0, ["warn"])
        assert f"process {os.getpid()}" in found["writing"][0]["found"]
    with subprocess.Popen([sys.executable, "-c", ""]) as gone:
        gone.wait()
    left = {"pid": gone.pid, "host": socket.gethostname(), "program": "askpapers", "since": "2020"}
    (folder / "lock.holder").write_text(json.dumps(left))
    _, found, _ = doctor("--library", folder)
    assert "writing" not in found


def test_weights_that_are_missing_or_wrong(doctor, folder, monkeypatch):
    monkeypatch.setattr("rag.embedding.weights.MODULE", "a_package_that_is_not_here")
    code, found, _ = doctor("--library", folder)
    assert (code, "askpapers setup" in found["encoder"][0]["todo"]) == (1, True)
    assert states(found["index dense"]) == ["ok"]  # the rest is looked at all the same
    place = data_folder() / "encoder" / "all-MiniLM-L6-v2"
    place.mkdir(parents=True)
    for name in HASHES:
        (place / name).write_text("other bytes")
    code, found, _ = doctor("--library", folder)
    assert (code, "SHA-256 differs" in found["encoder"][0]["found"]) == (1, True)


def test_a_library_of_python_that_is_not_installed(doctor, monkeypatch):
    monkeypatch.setattr(machine, "PACKAGES", ("numpy", "a-package-that-is-not-here"))
    code, found, _ = doctor()
    assert (code, states(found["libraries"])) == (1, ["ok", "fail"])
    assert "a-package-that-is-not-here" in found["libraries"][1]["found"]


def test_a_disk_without_room_and_a_file_where_a_folder_should_be(doctor, home, monkeypatch):
    free = shutil.disk_usage(home.parents[1]).free
    for scarce, too_scarce, state in ((free * 2, 0, "warn"), (free * 3, free * 2, "fail")):
        monkeypatch.setattr(machine, "_SCARCE", scarce)
        monkeypatch.setattr(machine, "_TOO_SCARCE", too_scarce)
        _, found, _ = doctor()
        assert states(found["user data"]) == [state]
    home.parent.write_text("a file")
    code, found, _ = doctor()
    assert (code, "is no folder" in found["user data"][0]["found"]) == (1, True)


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_that_cannot_be_written(doctor, home):
    home.parent.mkdir(mode=0o500)
    code, found, _ = doctor()
    assert (code, "cannot be written" in found["user data"][0]["found"]) == (1, True)


def test_settings_that_cannot_be_and_those_that_nothing_reads(doctor, monkeypatch):
    for name, value in {"JUDGE": "me", "PRICE_INPUT": "free", "MODLE": SECRET, "WORDS": "60"}.items():
        monkeypatch.setenv(f"ASKPAPERS_{name}", value)
    monkeypatch.setenv("OPENAI_API_KEY", SECRET)
    code, found, out = doctor()
    assert (code, states(found["settings"])) == (1, ["fail", "fail", "warn", "ok"])
    assert "ASKPAPERS_MODLE, ASKPAPERS_WORDS" in found["settings"][2]["found"]
    assert found["settings"][3]["found"] == "set: OPENAI_API_KEY"
    assert SECRET not in out


def test_the_settings_that_are_known_are_those_that_are_read():
    paths = [path for name in ("rag", "ingest", "eval", "ui") for path in (ROOT / name).rglob("*.py")]
    read = {name for path in paths for name in re.findall(r'"(ASKPAPERS_[A-Z_]+)"', path.read_text())}
    assert read - {"ASKPAPERS_JUDGE"} == machine.KNOWN  # which is an error now


@pytest.mark.parametrize(
    ("variable", "kappa", "told"),
    [
        ({}, 0.8, "small checks each sentence against the papers"),
        ({}, 0.4, "small checks nothing: the model failed the test of judges"),
        ({}, None, "small checks nothing: nobody has tested the model as a judge"),
        ({"ASKPAPERS_JUDGE_MODEL": "large"}, 0.8, "large checks each sentence against the papers"),
        ({"ASKPAPERS_JUDGE_MODEL": "entailment/nli"}, None, "the judge nli is not on this computer"),
        (
            {"ASKPAPERS_JUDGE_MODEL": "off"},
            None,
            "off (ASKPAPERS_JUDGE_MODEL), so sentences stay unchecked",
        ),
    ],
)
def test_who_checks_the_sentences_is_told(variable, kappa, told):
    environment = {"OPENAI_API_KEY": "x", "ASKPAPERS_MODEL": "small"} | variable
    if kappa is not None:
        name = environment.get("ASKPAPERS_JUDGE_MODEL", "small")
        keep(trial(f"{name} at https://api.openai.com/v1", kappa))
    findings = services.look_at_model(Settings.from_environment(environment), is_online=False)
    (found,) = (finding.found for finding in findings if finding.name == "checks")
    assert found.startswith(told)


def test_a_setting_that_is_gone_is_told_once():
    _, findings = machine.read_settings({"ASKPAPERS_JUDGE": "llm"})
    assert [finding.state for finding in findings] == ["fail", "ok"]


MODELS = {"object": "list", "data": [{"id": name, "object": "model"} for name in ("small", "large")]}


@pytest.mark.parametrize(
    ("status", "body", "model", "state", "told"),
    [
        (200, MODELS, "small", "ok", "has small"),
        (200, MODELS, "huge", "warn", "does not list huge, but small, large"),
        (200, {"object": "list", "data": []}, "small", "warn", "does not say"),
        (404, {"error": {"message": "?"}}, "small", "warn", "does not say"),
        (401, {"error": {"message": f"bad key {SECRET}"}}, "small", "fail", "refuses the key"),
        (500, {"error": {"message": "?"}}, "small", "fail", "status 500"),
    ],
)
def test_the_model_server(status, body, model, state, told, doctor, monkeypatch):
    models = service_server.reply(status, json.dumps(body), "application/json")
    with service_server.running(lambda _: models) as server:
        address = f"{server.url}/v1"
        monkeypatch.setenv("OPENAI_BASE_URL", address.replace("//", "//me:hush@"))
        monkeypatch.setenv("OPENAI_API_KEY", SECRET)
        monkeypatch.setenv("ASKPAPERS_MODEL", model)
        code, found, out = doctor()
    assert ([asked.path for asked in server.asked], code) == (["/v1/models"], int(state == "fail"))
    assert states(found["model server"]) == [state]
    assert told in found["model server"][0]["found"]
    assert found["model"][0]["found"] == f"{model} at {address}, with a key"
    assert not re.search(f"hush|{SECRET}", out)


def test_no_server_of_models_where_one_is_named(doctor, monkeypatch):
    monkeypatch.setenv("OPENAI_BASE_URL", "http://127.0.0.1:9/v1")
    code, found, _ = doctor()
    assert (code, states(found["model server"])) == (1, ["fail"])
    assert "OPENAI_BASE_URL" in found["model server"][0]["todo"]


def test_nobody_is_called_whom_the_user_has_not_named(doctor, folder, monkeypatch):
    called = []
    monkeypatch.setattr(socket, "getaddrinfo", lambda host, *_, **__: called.append(host) or [])
    monkeypatch.setenv("OPENAI_API_KEY", SECRET)
    _, found, out = doctor("--library", folder)
    assert (set(called), states(found["model server"])) == ({"127.0.0.1"}, ["ok"])
    assert "--online" in found["model server"][0]["found"]
    assert SECRET[:6] not in out
    code, found, _ = doctor("--library", folder, "--online")
    assert (code, states(found["model server"])) == (1, ["fail"])
    hosts = {host if isinstance(host, str) else host.decode() for host in called}
    assert hosts == {"127.0.0.1", "api.openai.com"}


def test_a_chroma_server_that_is_away_is_told_once(doctor, folder, monkeypatch):
    monkeypatch.setenv("ASKPAPERS_CHROMA_URL", "http://me:hush@127.0.0.1:9")
    monkeypatch.setenv("ASKPAPERS_CHROMA_TOKEN", SECRET)
    code, found, out = doctor("--library", folder)
    assert (code, states(found["Chroma server"])) == (1, ["fail"])
    assert "index dense" not in found
    assert states(found["index lexical"]) == ["ok"]
    assert not re.search(f"hush|{SECRET}", out)


@pytest.mark.slow
def test_a_chroma_server_that_answers(doctor, folder, tmp_path, monkeypatch):
    from chroma_process import ChromaProcess

    process = ChromaProcess(tmp_path / "chroma")
    process.start()
    try:
        monkeypatch.setenv("ASKPAPERS_CHROMA_URL", process.url)
        before = stamp(folder)
        code, found, _ = doctor("--library", folder)
        assert (code, states(found["Chroma server"]), stamp(folder)) == (0, ["ok"], before)
        assert states(found["index dense"]) == ["warn"]
        monkeypatch.setenv("ASKPAPERS_CHROMA_DATABASE", "nothing")
        code, found, _ = doctor("--library", folder)
        assert (code, "no database nothing" in found["Chroma server"][0]["found"]) == (1, True)
    finally:
        process.kill()


def test_a_fault_of_ours_in_one_look_leaves_what_it_found():
    def look():
        yield Finding("it", "ok", "half")
        raise ZeroDivisionError("oh")

    half, fault = attempted("it", look)
    assert (half.found, fault.state, fault.found) == ("half", "fail", "ZeroDivisionError: oh")

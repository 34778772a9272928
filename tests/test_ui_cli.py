"""`askpapers ui`: where it listens, what it prints, how it ends, and what it keeps to itself."""

import asyncio
import http.client
import json
import os
import re
import signal
import socket
import stat
import subprocess
import sys
import threading
import urllib.parse
from contextlib import closing, contextmanager
from ipaddress import ip_address
from pathlib import Path

import pytest

from benchmarks.served_page import free_port
from ingest.chunking import split_abstract
from rag.library import Library
from rag.types import Paper
from ui.cli import main

pytestmark = pytest.mark.usefixtures("home")
ROOT = Path(__file__).parents[1]
PASSWORD, KEY = "correct-horse-battery", "sk-very-secret-key"
PAPERS = [
    Paper("A Study of Owls", "We count 31 owls in the forest. They live in oaks.", published="2019"),
    Paper("A Study of Eels", "We count 12 eels in the river. They live in the mud.", published="2020"),
]
# Python tells of each connection and each name that is looked up; the program knows nothing of it.
WATCH = """
import os, sys

def note(event, arguments):
    if event in ("socket.connect", "socket.sendto", "socket.sendmsg"):
        tell(arguments[1])
    elif event in ("socket.getaddrinfo", "socket.gethostbyname"):
        tell(arguments)

def tell(address):
    host = address[0] if isinstance(address, tuple) else address
    with open(os.environ["WATCHED"], "a") as file:
        file.write(f"{host}\\n")

sys.addaudithook(note)
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory, encoder):
    place = tmp_path_factory.mktemp("ui") / "library"
    with Library.create(place, encoder) as library:
        library.catalog.recorder(split_abstract).put(PAPERS, "here")
        library.sync()
    return place


@pytest.fixture
def fail(capsys):
    """Run the command; the one line of its error."""

    def fail(*arguments):
        async def run():
            """In a loop: where there is none, Gradio makes some that it never closes."""
            return main(["ui", *map(str, arguments)])

        assert asyncio.run(run()) == 1
        out, err = capsys.readouterr()
        assert out == ""
        (line,) = err.splitlines()
        assert re.fullmatch(r"askpapers: .{1,300}: .+", line)
        return line

    return fail


@contextmanager
def running(*arguments, **environment):
    """The command in a process of its own, once it has said where it serves; that line."""
    process = subprocess.Popen(
        [sys.executable, "-m", "ui.cli", "ui", *map(str, arguments)],
        cwd=ROOT,
        env=os.environ | environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        line = process.stdout.readline()
        assert line, process.stderr.read()
        yield process, line
    finally:
        process.kill()
        process.communicate()


def interrupted(process):
    """Ctrl-C: exit code, the rest of stdout, stderr."""
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    return process.returncode, out, err


def get(port, path, method="GET", body=None, headers=()):
    """Status, headers and text of an answer."""
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=30)) as connection:
        connection.request(method, path, body, dict(headers))
        answer = connection.getresponse()
        return answer.status, answer.headers, answer.read().decode()


# What it refuses


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "", "192.168.1.7", "example.org"])
def test_other_machines_get_no_page_without_a_password(fail, folder, host, monkeypatch):
    monkeypatch.setenv("ASKPAPERS_PASSWORD", "")
    line = fail("--host", host, "--library", folder)
    assert "ASKPAPERS_PASSWORD" in line
    assert "--no-password" in line


@pytest.mark.slow
# Gradio leaves the socket to the garbage collector with which it tried.
@pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning")
def test_a_port_that_is_taken_is_told_with_what_to_do(fail, folder):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        line = fail("--port", port, "--library", folder)
    assert f"port {port} of 127.0.0.1" in line
    assert line.endswith("--port")


def test_a_library_that_is_not_there_is_told(fail, tmp_path):
    assert str(tmp_path / "nowhere") in fail("--library", tmp_path / "nowhere")
    assert not (tmp_path / "nowhere").exists()


def test_a_name_of_a_host_that_is_none_is_told(fail, folder):
    assert "--allow-host" in fail("--allow-host", "http://papers.example.org", "--library", folder)


def test_a_password_is_asked_for_on_a_terminal_only(fail, folder, monkeypatch):
    monkeypatch.setattr("sys.stdin", open(os.devnull))  # noqa: PTH123, SIM115
    assert "ASKPAPERS_PASSWORD" in fail("--password", "--library", folder)
    sys.stdin.close()


@pytest.mark.parametrize("port", ["0", "65536", "-1", "http", "7860.0", "٧٨٦٠٠٠"])
def test_what_is_no_port_is_a_mistake_of_use(capsys, port):
    with pytest.raises(SystemExit) as ended:
        main(["ui", f"--port={port}"])
    assert ended.value.code == 2
    assert "is no port from 1 to 65535" in capsys.readouterr().err


# What it serves


@pytest.mark.slow
def test_a_page_for_other_machines_keeps_password_and_key_and_speaks_to_nobody(
    folder, home, tmp_path, interruptible
):
    (tmp_path / "sitecustomize.py").write_text(WATCH)
    watched = tmp_path / "watched"
    port = free_port()
    options = ("--host", "0.0.0.0", "--port", port, "--json", "--library", folder, "--model", "other")
    settings = {
        "ASKPAPERS_PASSWORD": PASSWORD,
        "OPENAI_API_KEY": KEY,
        "OPENAI_BASE_URL": "http://127.0.0.1:9/v1",
        "PYTHONPATH": str(tmp_path),
        "WATCHED": str(watched),
        "GRADIO_TEMP_DIR": str(tmp_path / "gradio"),
    }
    with running(*options, **settings) as (process, line):
        told = json.loads(line)
        assert told.keys() == {"address", "papers"}
        assert told["papers"] == 2
        assert f":{port}" in told["address"]
        shown = line + all_that_is_shown(port)
        code, out, err = interrupted(process)
    assert code == 130
    assert out == ""  # --json is one line
    assert err.splitlines()[-1] == "askpapers: the page is closed"
    assert "Traceback" not in err
    for secret in (PASSWORD, KEY):
        assert secret not in shown + err
    spoken_to = set(watched.read_text().split())
    assert spoken_to
    assert {host for host in spoken_to if not is_here(host)} == set()
    assert stat.S_IMODE((home / "browser-secret").stat().st_mode) == 0o600


def all_that_is_shown(port):
    """The page before and after the password, which lets in; nothing but it does."""
    status, _, page = get(port, "/")
    assert status == 200
    assert "owls" not in page.lower()
    assert get(port, "/config")[0] == 401
    kind = {"Content-Type": "application/x-www-form-urlencoded"}
    form = urllib.parse.urlencode({"username": "a", "password": "wrong"})
    assert get(port, "/login", "POST", form, kind)[0] == 400
    form = urllib.parse.urlencode({"username": "a", "password": PASSWORD})
    status, headers, told = get(port, "/login", "POST", form, kind)
    assert status == 200
    cookie = {"Cookie": "; ".join(each.partition(";")[0] for each in headers.get_all("set-cookie"))}
    texts = [page, told, str(headers)]
    for path in ("/", "/config", "/gradio_api/info"):
        status, headers, text = get(port, path, headers=cookie)
        assert status == 200
        texts += [text, str(headers)]
    assert "other" in texts[5]  # the model that visitors may choose
    return "\n".join(texts)


def is_here(host):
    """Whether a host is this machine, however it is called."""
    if host in ("localhost", "None", "") or host.startswith("/"):
        return True
    try:
        return ip_address(host).is_loopback or ip_address(host).is_unspecified
    except ValueError:
        return False


@pytest.mark.slow
def test_without_a_password_it_must_be_said_and_a_person_is_told_the_address(
    folder, tmp_path, interruptible
):
    port = free_port()
    options = ("--host", "0.0.0.0", "--no-password", "--port", port, "--library", folder, "--read-only")
    with running(*options, GRADIO_TEMP_DIR=str(tmp_path)) as (process, line):
        assert re.fullmatch(rf"askpapers is at http://\S+:{port}/\n", line)
        assert get(port, "/config")[0] == 200
        assert get(port, "/config", headers={"Host": "evil.example"})[0] == 421
        code, out, err = interrupted(process)
    assert (code, out) == (130, "")
    assert "Ctrl-C ends it." in err
    assert "Traceback" not in err


@pytest.mark.slow
def test_a_page_that_is_ended_by_its_owner_says_nothing_more(folder, tmp_path):
    port = free_port()
    with running("--port", port, "--library", folder, GRADIO_TEMP_DIR=str(tmp_path)) as (process, _):
        told = []
        reader = threading.Thread(target=lambda: told.append(process.stderr.read()))
        reader.start()
        assert get(port, "/")[0] == 200
        process.terminate()
        reader.join(60)
        assert process.wait(60) != 0
    assert "Traceback" not in told[0]

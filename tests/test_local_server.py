"""llama.cpp's server in a process of our own, with a real small model."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from contextlib import closing, contextmanager
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import openai
import pytest
from smollm2 import MODEL, needs_model

from rag.errors import ModelFailedError, ModelMissingError
from rag.model.base import WRITING
from rag.model.client import translated
from rag.model.local import machine, process, server
from rag.model.local.client import LocalClient
from rag.model.local.gguf import read_shape
from rag.model.local.machine import fitted
from rag.model.local.server import LocalServer
from rag.model.patience import Patience

pytestmark = [needs_model, pytest.mark.slow]
LONG = "Tell me a story of a cat. " * 200  # about 1,600 tokens
OWNER = """
import sys
from pathlib import Path
from rag.model.local.server import LocalServer
server = LocalServer(Path(sys.argv[1]), 2048)
print(server.ensure().url, flush=True)
sys.stdin.read()
"""


LOADER = """
import sys
from pathlib import Path
from rag.model.local import process
from rag.model.local.server import LocalServer
process.COMMAND = ("-c", "import time; time.sleep(60)")
print("begins", flush=True)
LocalServer(Path(sys.argv[1]), 2048).ensure()
"""


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """A data folder of each test's own."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    return tmp_path / "data" / "askpapers" / "models" / "running"


@contextmanager
def serving(path=MODEL, window=2048):
    with closing(LocalServer(path, window)) as local:
        yield local


@contextmanager
def opened(local):
    """openai's client, as the program opens it."""
    client = LocalClient(local, Patience())
    with openai.OpenAI(api_key="unused", base_url="http://model/v1", http_client=client) as opened_client:
        yield opened_client


def asked(client, text="Say hello.", tokens=8, **options):
    messages = [{"role": "user", "content": text}]
    return client.chat.completions.create(
        model="any", messages=messages, max_tokens=tokens, stream=True, temperature=0, **options
    )


def text_of(stream):
    return "".join(chunk.choices[0].delta.content or "" for chunk in stream if chunk.choices)


def status(url, path, key=None):
    connection = HTTPConnection(urlsplit(url).netloc, timeout=20)
    with closing(connection):
        connection.request("GET", path, headers={"Authorization": f"Bearer {key}"} if key else {})
        return connection.getresponse().status


def is_up(url):
    try:
        return status(url, "/health") == 200
    except OSError:
        return False


def wait_until(condition, seconds=20):
    ends = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < ends
        time.sleep(0.05)


@contextmanager
def owner(path=MODEL):
    """Another process that owns a server, or shares one."""
    command = [sys.executable, "-c", OWNER, str(path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as program:
        try:
            yield program, program.stdout.readline().strip()
        finally:
            program.kill()


def test_a_reply_is_streamed_and_nothing_printed(capfd):
    with serving() as local, opened(local) as client:
        assert text_of(asked(client)).strip()
        assert text_of(asked(client, tokens=2)).strip()
    assert capfd.readouterr() == ("", "")


def test_the_server_ends_when_it_is_closed_and_starts_again():
    with serving() as local:
        first = local.ensure()
        assert local.ensure() == first
        local.close()
        assert not is_up(first.url)
        assert is_up(local.ensure().url)


def test_a_client_that_is_closed_starts_no_server(folder):
    with serving() as local:
        client = LocalClient(local, Patience())
        client.close()
        with pytest.raises(openai.OpenAIError, match="closed"):
            client.send(httpx.Request("GET", "http://model/v1/models"))
        assert not folder.exists()


def test_the_key_is_needed_and_stands_in_no_command_line_or_log(folder):
    with serving() as local:
        address = local.ensure()
        assert status(address.url, "/v1/models") == status(address.url, "/props", "other") == 401
        assert status(address.url, "/v1/models", address.key) == 200
        assert status(address.url, "/slots", address.key) == 501
        assert urlsplit(address.url).hostname == "127.0.0.1"
        assert address.key not in repr(address)
        for path in Path("/proc").glob("[0-9]*/cmdline"):
            try:
                assert address.key.encode() not in path.read_bytes()
            except OSError:
                continue
    assert all(address.key not in log.read_text() for log in folder.glob("*.log"))


@pytest.mark.skipif(os.name != "posix", reason="modes")
def test_the_record_is_private(folder):
    with serving() as local:
        local.ensure()
        assert {path.stat().st_mode & 0o77 for path in [folder, *folder.iterdir()]} == {0}


def test_two_questions_at_once():
    with serving() as local, opened(local) as client:
        first, second = asked(client, tokens=400), asked(client, "Count to ten.", tokens=5)
        with closing(first), closing(second):
            next(iter(first))
            assert text_of(second).strip()  # while the first one goes on
            assert text_of(first).strip()


def times(stream, count):
    """Seconds until so many parts have come."""
    begun = time.monotonic()
    for _ in range(count):
        next(iter(stream))
    return time.monotonic() - begun


def seconds_until_answered(client):
    begun = time.monotonic()
    assert text_of(asked(client, "Hi.", tokens=1))
    return time.monotonic() - begun


def test_a_reply_that_is_left_is_not_finished():
    """A third request gets a place only when one of two long ones has ended."""
    with serving() as local, opened(local) as client:
        streams = [asked(client, tokens=1500, extra_body={"ignore_eos": True}) for _ in range(2)]
        quick = times(streams[0], 50)
        for stream in streams:
            stream.close()
        assert seconds_until_answered(client) < 5 * quick + 4  # all of it would take 30 times as long


def test_a_prompt_that_is_left_is_not_read_to_its_end():
    with serving(window=8192) as local, opened(local) as client:
        prompts = [f"{number} {LONG}" * 4 for number in range(2)]
        streams = [asked(client, text, tokens=1, extra_body={"return_progress": True}) for text in prompts]
        quick = times(streams[0], 3)  # batches of 100
        for stream in streams:
            stream.close()
        assert seconds_until_answered(client) < 8 * quick + 4


def test_what_repeats_is_read_once():
    with serving() as local, opened(local) as client:
        for ending, least in (("One?", 0), ("Two?", 200)):
            *_, last = asked(client, LONG[:1000] + ending, tokens=1, stream_options={"include_usage": True})
            assert (last.usage.prompt_tokens_details.cached_tokens or 0) >= least


def test_a_context_too_small():
    with serving(window=512) as local, opened(local) as client:
        with pytest.raises(openai.BadRequestError, match="context"):
            text_of(asked(client, LONG))
        assert text_of(asked(client)).strip()


@pytest.mark.parametrize("size", [0, 100, 5_000_000])
def test_a_damaged_file(tmp_path, size):
    path = tmp_path / "cut.gguf"
    path.write_bytes(MODEL.read_bytes()[:size])
    with (
        serving(path) as local,
        pytest.raises(ModelMissingError, match=r"^the file of .* cut is damaged .*: pull or add it again$"),
    ):
        local.ensure()


@pytest.mark.parametrize("content", [b"no model" * 1000, b"GGUF" + b"\xff" * 1000])
def test_a_file_that_is_no_model(tmp_path, content):
    path = tmp_path / "other.gguf"
    path.write_bytes(content)
    with (
        serving(path) as local,
        pytest.raises(ModelMissingError, match=r"damaged.*: pull or add it again$"),
    ):
        local.ensure()


def test_a_kind_of_model_that_llama_cpp_does_not_know(tmp_path):
    path = tmp_path / "other.gguf"
    path.write_bytes(b"GGUF\3\0\0\0" + bytes(100))
    with serving(path) as local, pytest.raises(ModelMissingError, match="does not know this kind"):
        local.ensure()


def test_a_file_that_is_gone(tmp_path):
    with (
        serving(tmp_path / "gone.gguf") as local,
        pytest.raises(ModelMissingError, match=r"is gone .*: pull or add it again$"),
    ):
        local.ensure()


def test_no_memory(monkeypatch):
    monkeypatch.setattr(machine, "free_memory", lambda: 300 << 20)
    with (
        serving() as local,
        pytest.raises(ModelFailedError, match=r"needs 0\.\d GB .* 0\.3 GB .*model list`$"),
    ):
        local.ensure()


@pytest.mark.skipif(sys.platform != "linux", reason="a limit of memory")
def test_memory_that_runs_out_while_loading(monkeypatch):
    limited = "import resource; resource.setrlimit(resource.RLIMIT_AS, (400 << 20,) * 2); "
    monkeypatch.setattr(
        process, "COMMAND", ("-c", f"{limited}from rag.model.local import serve; serve.main()")
    )
    with (
        serving(window=8192) as local,
        pytest.raises(ModelFailedError, match=r"not enough memory.*model list`$"),
    ):
        local.ensure()


def test_context_and_questions_at_once_follow_the_memory(monkeypatch):
    shape, weights = read_shape(MODEL), MODEL.stat().st_size
    fits = []
    for free in (None, 1020, 830, 740, 690):  # MB
        monkeypatch.setattr(machine, "free_memory", lambda free=free: free and free * 1_000_000)
        fits.append(fitted("any", weights, shape, 16384))
    assert fits == [(8192, 2), (8192, 2), (8192, 1), (4096, 1), (2048, 1)]


def test_errors_of_the_server_pass_through_the_client(tmp_path):
    path = tmp_path / "cut.gguf"
    path.write_bytes(b"GGUF")
    with (
        serving(path) as local,
        opened(local) as client,
        pytest.raises(ModelMissingError, match="pull or add it again"),
        translated("cut", WRITING),
    ):
        asked(client)


def test_without_the_package(monkeypatch):
    monkeypatch.setattr(server, "find_spec", lambda name: None)
    with serving() as local, pytest.raises(ModelMissingError, match=r"install askpapers\[local\]$"):
        local.ensure()


def test_a_broken_llama_cpp(monkeypatch):
    monkeypatch.setattr(process, "COMMAND", ("-c", "import a_library_that_is_not_there"))
    with serving() as local, pytest.raises(ModelMissingError, match=r"does not start .*install askpapers"):
        local.ensure()


def test_a_crash_of_native_code_does_not_end_the_program(monkeypatch):
    monkeypatch.setattr(process, "COMMAND", ("-c", "import os; os.abort()"))
    with serving() as local, pytest.raises(ModelMissingError, match="damaged"):
        local.ensure()


def test_closing_while_loading(monkeypatch):
    monkeypatch.setattr(process, "COMMAND", ("-c", "import time; time.sleep(60)"))
    with serving() as local:
        threading.Timer(0.5, local.close).start()
        with pytest.raises(ModelFailedError, match="was closed while it loaded"):
            local.ensure()


def test_loading_for_too_long(monkeypatch):
    monkeypatch.setattr(process, "COMMAND", ("-c", "import time; time.sleep(60)"))
    monkeypatch.setattr(server, "_LOADING", 0.5)
    with serving() as local, pytest.raises(ModelFailedError, match=r"too long to load.*model list`$"):
        local.ensure()


@pytest.mark.usefixtures("interruptible")
def test_ctrl_c_while_loading():
    command = [sys.executable, "-c", LOADER, str(MODEL)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as program:
        assert program.stdout.readline() == "begins\n"
        time.sleep(0.5)
        program.send_signal(signal.SIGINT)
        begun = time.monotonic()
        assert "KeyboardInterrupt" in program.communicate()[1]
    assert time.monotonic() - begun < 30  # the model takes twice that


def test_a_server_that_was_killed_is_started_again():
    with serving() as local, opened(local) as client:
        local.ensure()
        local._process.kill()
        assert text_of(asked(client)).strip()


def test_a_killed_owner_takes_its_server_along():
    with owner() as (program, url):
        assert is_up(url)
        program.kill()
        program.wait()
        wait_until(lambda: not is_up(url))


@pytest.mark.skipif(os.name != "posix", reason="the signals of a terminal")
def test_ctrl_c_reaches_the_owner_only():
    with owner() as (program, url):
        children = Path(f"/proc/{program.pid}/task/{program.pid}/children").read_text().split()
        assert children
        for child in children:
            os.kill(int(child), signal.SIGINT)
        time.sleep(0.5)
        assert is_up(url)
        assert all(os.getpgid(int(child)) != os.getpgid(program.pid) for child in children)


def test_processes_share_a_server_and_the_second_goes_on():
    with owner() as (program, url), serving() as local, opened(local) as client:
        assert local.ensure().url == url
        assert text_of(asked(client)).strip()
        program.kill()
        program.wait()
        assert text_of(asked(client)).strip()
        assert local.ensure().url != url


def test_a_record_of_a_server_that_is_gone_is_replaced(folder):
    with serving() as local, serving() as other:
        local.ensure()
        (record,) = folder.glob("*.json")
        stale = record.read_bytes()
        local.close()
        record.write_bytes(stale)
        address = other.ensure()
        assert json.loads(record.read_bytes())["url"] == address.url
        # Another program at this port is not taken for the server.
        record.write_text(json.dumps(json.loads(record.read_bytes()) | {"name": "other"}))
        assert local.ensure().url != address.url
        record.write_text("damaged")
        local.close()
        assert is_up(local.ensure().url)


def test_threads_start_one_server():
    with serving() as local:
        addresses = []
        threads = [threading.Thread(target=lambda: addresses.append(local.ensure())) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(addresses) == 4
        assert len(set(addresses)) == 1


def test_no_proxy_is_between(monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:9")
    with serving() as local, opened(local) as client:
        assert text_of(asked(client)).strip()

"""Model servers that run on this machine: found at their ports, told apart, offered, never used unasked."""

import socket
import time
from contextlib import ExitStack

import pytest
from local_servers import LLAMA_CPP, OTHER, VLLM, LMStudio, Ollama, Service
from service_server import reply, running

from rag.model import running as servers
from rag.model.running import Server, running_servers, server_at, window_of


@pytest.fixture
def serve():
    """Run a service; its address."""
    with ExitStack() as stack:
        yield lambda service: stack.enter_context(running(service)).url


def test_each_server_is_told_by_its_answers_whatever_its_port(serve, monkeypatch):
    at = [
        serve(Ollama({"qwen3:4b": "", "nomic-embed-text:latest": "", "gemma3:4b": ""})),
        serve(LMStudio({"owl-3b": None, "text-embed": None, "owl-7b": 8192})),
        serve(Service(LLAMA_CPP)),
        serve(Service(VLLM)),
        serve(Service(OTHER)),
    ]
    monkeypatch.setattr(servers, "PORTS", [int(address.rpartition(":")[2]) for address in at])
    assert running_servers() == [
        Server("ollama", at[0], ("qwen3:4b", "gemma3:4b")),
        Server("lmstudio", at[1], ("owl-7b", "owl-3b")),
        Server("llama.cpp", at[2], ("owl.gguf",)),
        Server("vllm", at[3], ("org/owl-7b",)),
    ]
    assert [server.offer for server in running_servers()] == [
        "Ollama is running with qwen3:4b and 1 more: `askpapers model use ollama/qwen3:4b`",
        "LM Studio is running with owl-7b and 1 more: `askpapers model use lmstudio/owl-7b`",
        "llama.cpp is running with owl.gguf: `askpapers model use llama.cpp/owl.gguf`",
        "vLLM is running with org/owl-7b: `askpapers model use vllm/org/owl-7b`",
    ]


def test_a_server_without_models_offers_none(serve):
    server = server_at(serve(Ollama({})))
    assert server.offer == "Ollama is running without a model: load one there"


@pytest.mark.parametrize(
    "answer",
    [
        reply(200, "<html>a page</html>"),
        reply(200, "[]", "application/json"),
        reply(200, '{"data": 3}', "application/json"),
        reply(200, '{"data": [3, null, {"owned_by": ["llamacpp"]}]}', "application/json"),
        reply(401, '{"error": "no key"}', "application/json"),
        reply(302, "", location="http://192.0.2.1/"),
        reply(200, "[" * 100_000, "application/json"),
        reply(200, b"\xff\xfe\x00", "application/json"),
    ],
)
def test_what_answers_otherwise_is_none_of_them(answer, serve):
    assert server_at(serve(lambda _: answer)) is None


def test_nothing_there_and_one_that_is_silent_cost_little_time(serve, monkeypatch):
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        monkeypatch.setattr(servers, "PORTS", [silent.getsockname()[1], 9, 9, 9])
        started = time.monotonic()
        assert running_servers() == []
        assert time.monotonic() - started < 5


def test_proxies_of_the_environment_are_not_used(serve, monkeypatch):
    address = serve(Service(LLAMA_CPP))
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    assert server_at(address).kind == "llama.cpp"


@pytest.mark.parametrize(
    ("parameters", "loaded", "window"),
    [
        ("", {}, 4096),
        ("", {"qwen3:4b": 16_384}, 16_384),
        ("", {"gemma3:4b": 16_384}, 4096),
        ('stop "<|im_end|>"\nnum_ctx                        8192\ntemperature 0.7', {}, 8192),
        ("num_ctx 8192", {"qwen3:4b": 16_384}, 8192),
        ("num_ctx 131072", {}, 40_960),
        ("num_ctx many\nnum_ctx", {}, 4096),
    ],
)
def test_the_context_in_ollama_is_the_one_that_it_uses(parameters, loaded, window, serve):
    address = serve(Ollama({"qwen3:4b": parameters, "gemma3:4b": ""}, loaded))
    assert window_of(server_at(address), "qwen3:4b") == window


def test_the_context_in_lm_studio_is_the_one_with_which_the_model_is_loaded(serve):
    server = server_at(serve(LMStudio({"owl-7b": 16_384, "owl-3b": None})))
    assert [window_of(server, name) for name in ("owl-7b", "owl-3b")] == [16_384, 4096]


def test_servers_that_tell_their_context_with_each_answer_are_not_asked(serve):
    assert window_of(server_at(serve(Service(VLLM))), "org/owl-7b") is None

"""The one door to language models: limits, patience, reasoning, closing; each of its users within them."""

import gc
import json
import os
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import model_server as served
import pytest
from model_server import ModelServer

from eval.judging.base import JudgeInput
from eval.judging.llamaindex import LlamaIndexJudge
from eval.judging.prompted import PromptedJudge
from rag.checking import ModelJudge, Statement
from rag.embedding import embedded_encoder
from rag.embedding.english import shares
from rag.errors import KeyRefusedError, ModelFailedError
from rag.model.chat import ChatModel
from rag.model.leaving import Leaving
from rag.model.patience import Patience
from rag.query import understand
from rag.query.by_model import understand_by_model
from rag.reading import Reader
from rag.settings import Settings
from rag.types import Hit, Paper, Passage, Request
from rag.writers.base import Log
from rag.writers.llm import LLMWriter

MESSAGES = [("user", "Say something.")]


@pytest.fixture
def model(server: ModelServer) -> Iterator[ChatModel]:
    with closing(ChatModel.open(Settings(base_url=server.url, model="scripted"))) as model:
        yield model


def chunk(text):
    choice = {"index": 0, "delta": {"content": text}, "finish_reason": None}
    return json.dumps({"id": "1", "object": "chat.completion.chunk", "choices": [choice]})


def endless(exchange, request):
    """Never stops writing."""
    exchange.begin_events()
    while True:
        exchange.send_event(chunk("on and on [1]. " * 10))


def mute(exchange, request):
    """Takes the request, and never sends a first byte."""
    exchange.rfile.read(1)  # until the client has hung up
    exchange.close_connection = True


def wordless(exchange, request):
    """Begins a reply, and never sends a first word."""
    exchange.begin_events()
    mute(exchange, request)


def trickling(exchange, request):
    """A letter now and then, for ever."""
    exchange.begin_events()
    while True:
        exchange.send_event(chunk("o"))
        time.sleep(0.1)


def dripping(exchange, request):
    """Bytes now and then that make no event, for ever."""
    exchange.begin_events()
    while True:
        exchange.wfile.write(b"3\r\n:.\n\r\n")
        time.sleep(0.1)


def looping(exchange, request):
    """Reasons for ever."""
    exchange.begin_events()
    exchange.send_event(chunk("<think>"))
    while True:
        exchange.send_event(chunk("wait, " * 50))


OWLS = Paper("Owls", "Owls see at night. Owls eat mice.")
PASSAGE = Passage(OWLS.paper_id, 0, 18)


def write(model):
    """The writer."""
    log = Log()
    try:
        writer = LLMWriter(model, Reader(embedded_encoder(), shares))
        list(writer.write(understand(Request("What do owls eat?")), [Hit(OWLS, 1.0, PASSAGE)], log))
    except ModelFailedError:
        return
    assert "stopped before its end" in log.notes[0]


def understand_question(model):
    """Understands questions."""
    assert understand_by_model(model, Request("What do owls eat?"), {}) is None


def check(model):
    """The judge of sentences in answers."""
    with pytest.raises(ModelFailedError):
        ModelJudge(model).judge([Statement("Owls sleep.", (OWLS,))], {})


def score(model):
    """The judge of a run by our rules."""
    judge = PromptedJudge(model, Path(os.devnull))
    (verdict,) = judge.verdicts([JudgeInput.for_relevancy("What do owls eat?", "Mice.")], {})
    assert verdict.is_error


def evaluate(model):
    """LlamaIndex's evaluators."""
    judge = LlamaIndexJudge(model, Path(os.devnull))
    (verdict,) = judge.verdicts([JudgeInput.for_support(Statement("Owls see.", (OWLS,)))], {})
    assert verdict.is_error


@pytest.mark.parametrize("script", [endless, mute, wordless, trickling, dripping, looping])
@pytest.mark.parametrize("user", [write, understand_question, check, score, evaluate])
def test_nobody_waits_for_ever(server, user, script):
    server.play(script, understanding=script, checking=script)
    short = Patience(silence=0.2, text=0.3)
    with closing(ChatModel.open(Settings(base_url=server.url, model="scripted"), patience=short)) as model:
        user(model)
    sent = [*server.requests, *server.understandings, *server.checks]
    assert len(sent) == 1  # what has taken its time is not asked for again


def test_who_is_slow_to_begin_is_given_minutes_on_a_machine_of_ones_own():
    near = [
        "127.0.0.1:8080",
        "localhost:11434",
        "[::1]:1",
        "127.9.9.9",
        "0.0.0.0:1",
        "192.168.1.7",
        "ollama:1",
    ]
    near += ["10.0.0.1", "host.docker.internal:1", "box.local", "my.localhost"]
    far = ["api.openai.com", "8.8.8.8", "[2606:4700::1]", "local.example.org", "localhost.example.org"]
    assert {Patience.with_server(f"http://{host}/v1").silence for host in near} == {300}
    assert {Patience.with_server(f"https://{host}/v1").silence for host in far} == {60}


def test_somebody_is_told_whom_a_silent_reply_is_waited_for(server):
    told, lines = threading.Event(), []

    def wait(line):
        lines.append(line)
        told.set()

    def answer_late(exchange, request):
        told.wait(30)
        served.answer("Mice.")(exchange, request)

    settings = Settings(base_url=server.url, model="scripted")
    with closing(ChatModel.open(settings, patience=Patience(quiet=0.01), on_wait=wait)) as model:
        server.play(answer_late)
        assert model.ask(MESSAGES, {}) == "Mice."
        assert lines == [f"Waiting for the model scripted at {server.url}, which may take minutes."]
        assert lines == [model.wait_line]
    with closing(ChatModel.open(settings, on_wait=wait)) as model:
        server.play(served.answer("Mice."))
        model.ask(MESSAGES, {})
    with closing(ChatModel.open(Settings(api_key="sk-test"), on_wait=wait)) as model:
        assert model.wait_line is None  # far away
    assert len(lines) == 1


@pytest.mark.parametrize(
    ("written", "reply"),
    [
        (["<thi", "nk>One? Two?</thi", "nk>Mice", "."], "Mice."),
        (["<THOUGHT>One?</THOUGHT>\n\nMice."], "Mice."),
        (["One? Two?", "</think>Mice."], "Mice."),
        (["\x1b[1mMice\u202e."], "Mice."),
    ],
)
def test_a_reply_is_read_without_reasoning_and_control_characters(server, model, written, reply):
    server.play(served.answer(*written))
    assert model.ask(MESSAGES, {}) == reply


@pytest.mark.parametrize(
    ("script", "why"),
    [
        (served.answer(""), "wrote nothing"),
        (served.answer("<think>Mice.</think> \n"), "wrote nothing"),
        (served.answer("Mice, " * 20), "more than"),
        (served.answer("Mice", finish="length"), "before the end"),
        (served.answer("Mice", finish=None), "broke off"),
        (served.error(500, "overloaded"), "status 500"),
    ],
)
def test_half_a_reply_is_none(server, model, script, why):
    server.play(script)
    usage = {}
    with pytest.raises(ModelFailedError, match=why):
        model.ask(MESSAGES, usage, longest=100)
    assert usage["requests"] == 1


def test_short_replies_are_bounded_in_tokens_too_as_far_as_the_model_is_ours(server, model):
    server.play(served.answer("Mice."))
    model.ask(MESSAGES, {})
    "".join(model.stream(MESSAGES, {}))
    ChatModel(model.llm).ask(MESSAGES, {})
    assert [request.body.get("max_tokens") for request in server.requests] == [2048, None, None]


def test_a_model_is_closed_once_and_one_that_was_passed_in_never(server, model):
    server.play(served.answer("Mice."))
    ChatModel(model.llm).close()
    assert model.ask(MESSAGES, {}) == "Mice."
    model.close()
    model.close()
    with pytest.raises(ModelFailedError):
        model.ask(MESSAGES, {})


def test_a_model_that_is_forgotten_leaves_no_connection_open(server):
    server.play(served.answer("Mice."))
    model = ChatModel.open(Settings(base_url=server.url, model="scripted"))
    model.ask(MESSAGES, {})
    client = model.client
    del model
    gc.collect()
    assert client.is_closed()


def test_a_model_that_is_closed_while_another_thread_connects_leaves_no_connection_open(server, model):
    connections = []

    class Closing(Leaving):
        def trace(self, event, about):
            if event == "connection.connect_tcp.complete":
                connections.append(about["return_value"].get_extra_info("socket"))
                model.close()

    server.play(served.error(401, "invalid_api_key"))
    with pytest.raises(KeyRefusedError):
        replace(model, leaving=Closing()).ask(MESSAGES, {})
    assert [connection.fileno() for connection in connections] == [-1]

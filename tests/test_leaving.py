"""Whoever stops, interrupts, cancels or closes ends the model's work at once, also while it is silent."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import model_server as served
import pytest
from model_server import Silence

from ingest.chunking import split_abstract
from rag.assistant import Assistant
from rag.conversation import Conversation
from rag.errors import StoppedError
from rag.library import Library
from rag.model.leaving import Leaving
from rag.settings import Settings
from rag.types import Paper, Request
from ui.desk import Desk
from ui.web.chat_settings import ChatSettings
from ui.web.chats import STOPPED
from ui.web.talking import Session, ask
from ui.web.visitors import Visitor

ROOT = Path(__file__).parents[1]
OWLS = "How many owls live in the forest?"
COUNT = "There are 31 owls in the forest [1]."
BY_MODEL = ChatSettings(Request(writer="llm"))
SOON = 5.0  # seconds, on a busy machine
PLACES = ("understanding", "writing", "checking")


@pytest.fixture(scope="module")
def folder(tmp_path_factory, encoder):
    place = tmp_path_factory.mktemp("leaving") / "library"
    owls = Paper("A Study of Owls", "We count 31 owls in the forest. They live in oaks.", published="2019")
    with Library.create(place, encoder) as library:
        library.catalog.recorder(split_abstract).put([owls], "here")
        library.sync()
    return place


@pytest.fixture(scope="module")
def desk(folder, server):
    with Desk(Settings(base_url=server.url, model="scripted"), folder) as desk:
        yield desk


@pytest.fixture
def environment(server, tmp_path):
    """Of a command that asks the scripted model."""
    model = {"OPENAI_BASE_URL": server.url, "ASKPAPERS_MODEL": "scripted"}
    return os.environ | {"XDG_DATA_HOME": str(tmp_path)} | model


def play_silence(server, place="writing"):
    """The model is silent at one of these places."""
    silence = Silence()
    options = {place: silence} if place != "writing" else {}
    server.play(silence if place == "writing" else served.answer(COUNT), **options)
    return silence


def is_left(server, silence):
    """Whether the model's server sees that it is left, and is asked no more."""
    if not silence.left.wait(SOON):
        return False
    sent = count(server)
    time.sleep(0.5)
    return count(server) == sent


def count(server):
    return len(server.requests) + len(server.understandings) + len(server.checks)


def in_background(work):
    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    return thread


@pytest.mark.parametrize("place", PLACES)
def test_stop_on_the_page_ends_the_work_of_a_silent_model(desk, server, place):
    silence, session = play_silence(server, place), Session(Visitor("a" * 32))
    reading = in_background(lambda: list(ask(session, OWLS, desk, BY_MODEL)))
    assert silence.begun.wait(60)
    session.stop()
    assert is_left(server, silence)
    reading.join(SOON)
    assert not reading.is_alive()
    assert session.chat.exchanges[-1].error == STOPPED


def test_the_next_question_ends_the_one_before(desk, server):
    silence, session = Silence(), Session(Visitor("a" * 32))
    server.play(silence, served.answer(COUNT))
    reading = in_background(lambda: list(ask(session, OWLS, desk, BY_MODEL)))
    assert silence.begun.wait(60)
    list(ask(session, OWLS, desk, BY_MODEL))
    assert silence.left.wait(SOON)
    reading.join(SOON)
    assert [exchange.error for exchange in session.chat.exchanges] == [STOPPED, None]


def test_who_stops_before_the_model_is_asked_sends_it_nothing(desk, server):
    play_silence(server)
    session = Session(Visitor("a" * 32))
    asking = ask(session, OWLS, desk, BY_MODEL)
    next(asking)
    session.stop()
    assert list(asking) == []
    assert count(server) == 0


def test_a_conversation_can_be_left(desk, server):
    silence, errors = play_silence(server, "checking"), []

    def read(stream):
        try:
            list(stream)
        except StoppedError as error:
            errors.append(error)

    with desk.assistant() as assistant:
        stream = Conversation(assistant).stream(OWLS)
        reading = in_background(lambda: read(stream))
        assert silence.begun.wait(60)
        stream.stop()
        assert is_left(server, silence)
        reading.join(SOON)
    assert len(errors) == 1


def test_a_conversation_that_is_stopped_before_it_is_read_asks_nothing(desk, server):
    server.play()
    with desk.assistant() as assistant:
        stream = Conversation(assistant).stream(OWLS)
        stream.stop()
        with pytest.raises(StoppedError):
            list(stream)
    assert not (server.requests or server.understandings or server.checks)


def test_a_trial_can_be_left(folder, server, home):
    silence, leaving = play_silence(server, "checking"), Leaving()
    with Assistant.open(folder, Settings(base_url=server.url, model="scripted")) as assistant:

        def trial():
            with pytest.raises(StoppedError):
                assistant.try_judge(leaving=leaving)

        reading = in_background(trial)
        assert silence.begun.wait(60)
        leaving.leave()
        assert is_left(server, silence)
        reading.join(SOON)
    assert not reading.is_alive() and not (home / "trials.json").exists()


@pytest.mark.slow
@pytest.mark.usefixtures("interruptible")
@pytest.mark.parametrize(("command", "place"), [("ask", PLACES[0]), ("chat", PLACES[1])])
def test_ctrl_c_ends_the_work_of_a_silent_model(folder, server, environment, command, place):
    silence = play_silence(server, place)
    arguments = [sys.executable, "-m", "ui.cli", command, "--library", str(folder)]
    arguments += [OWLS] if command == "ask" else []
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with subprocess.Popen(arguments, cwd=ROOT, env=environment, text=True, **pipes) as process:
        process.stdin.write(f"{OWLS}\n" if command == "chat" else "")
        process.stdin.flush()
        assert silence.begun.wait(60)
        process.send_signal(signal.SIGINT)
        assert is_left(server, silence)
        assert process.wait(timeout=10) == 130
        assert process.stderr.read().splitlines()[-1].startswith("askpapers: interrupted")


@pytest.mark.slow
def test_a_cancelled_tool_call_ends_the_work_of_a_silent_model(folder, server, environment):
    silence = play_silence(server)
    arguments = [sys.executable, "-m", "ui.cli", "mcp", "--library", str(folder)]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with subprocess.Popen(arguments, cwd=ROOT, env=environment, text=True, **pipes) as process:

        def send(method, number=None, **params):
            numbered = {} if number is None else {"id": number}
            message = {"jsonrpc": "2.0", "method": method, "params": params, **numbered}
            process.stdin.write(f"{json.dumps(message)}\n")
            process.stdin.flush()

        client = {"name": "tests", "version": "1"}
        send("initialize", 0, protocolVersion="2025-06-18", capabilities={}, clientInfo=client)
        process.stdout.readline()
        send("notifications/initialized")
        send("tools/call", 1, name="ask_papers", arguments={"question": OWLS})
        assert silence.begun.wait(60)
        send("notifications/cancelled", requestId=1)
        assert is_left(server, silence)
        send("ping", 2)
        assert json.loads(process.stdout.readline())["id"] == 2
        process.stdin.close()
        assert process.wait(timeout=10) == 0

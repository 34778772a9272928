"""`askpapers chat`: questions one after the other, in a pipe and on a terminal."""

import io
import json
import os
import pty
import select
import signal
import subprocess
import sys
import time
from pathlib import Path

import model_server as served
import pytest

from ui.cli import main

ROOT = Path(__file__).parents[1]
FIRST, SECOND = "What is ChildMandarin?", "How many hours is it?"


@pytest.fixture
def talk(bundled, capsys, monkeypatch):
    """Pipe lines into a chat on the bundled papers: exit code, stdout, stderr."""

    def talk(*lines, options=()):
        typed = io.TextIOWrapper(io.BytesIO("\n".join(lines).encode()), encoding="utf-8")
        monkeypatch.setattr(sys, "stdin", typed)
        code = main(["chat", "--library", str(bundled.folder), *options])
        return code, *capsys.readouterr()

    return talk


def test_a_line_is_a_question_and_a_follow_up_is_understood(talk):
    code, out, err = talk(FIRST, "", "  ", SECOND)
    first, second = out.split(f"Understood as: {FIRST} {SECOND} (to ask it on its own: /alone)")
    assert (code, err) == (0, "")
    assert "] ChildMandarin: A Comprehensive Mandarin Speech Dataset" in first
    assert "41.25" in first.rpartition("ChildMandarin: A")[2] and "] ChildMandarin" in second
    assert "Understood as" not in first


def test_json_is_an_answer_a_line(talk):
    code, out, _ = talk(FIRST, SECOND, options=["--json"])
    first, second = map(json.loads, out.splitlines())
    assert code == 0
    assert (first["question"], first["resolved_question"]) == (FIRST, None)
    assert (second["question"], second["resolved_question"]) == (SECOND, f"{FIRST} {SECOND}")


def test_clear_forgets_and_quit_leaves(talk):
    code, out, err = talk(FIRST, "/clear", SECOND, "/quit", FIRST, options=["--json"])
    resolved = [json.loads(line)["resolved_question"] for line in out.splitlines()]
    assert (code, resolved, err) == (0, [None, None], "Forgotten.\n")


def test_alone_asks_without_what_was_said(talk):
    _, out, _ = talk("/alone", FIRST, SECOND, "/alone", f"/alone {FIRST}", options=["--json"])
    answers = [json.loads(line) for line in out.splitlines()]
    assert [each["question"] for each in answers] == [FIRST, SECOND, SECOND, FIRST]
    resolved = [each["resolved_question"] for each in answers]
    assert resolved == [None, f"{FIRST} {SECOND}", None, None]


def test_an_unknown_command_is_no_question(talk):
    code, out, err = talk("/help")
    assert (code, out) == (0, "")
    assert "/clear" in err and "/quit" in err


def test_a_question_that_cannot_be_asked_is_one_line_and_the_next_is_answered(talk):
    code, out, err = talk("why? " * 2000, FIRST, options=["--json"])
    assert (code, json.loads(out)["question"]) == (1, FIRST)
    assert err.startswith("askpapers: the question has")
    assert err.count("\n") == 1


def test_the_options_of_ask_are_taken(talk):
    _, out, _ = talk(
        FIRST, "Which papers since 2021 study speech?", options=["--json", "--words", "1", "--no-years"]
    )
    for line in out.splitlines():
        answer = json.loads(line)
        assert len(answer["claims"]) == 1
        assert answer["filters"]["from_year"] is None
    code, out, err = talk(FIRST, options=["--words", "0"])
    assert (code, out) == (1, "")
    assert "at least 1" in err


def start(bundled, tmp_path, **options):
    """A chat as a process of its own."""
    environment = os.environ | {"XDG_DATA_HOME": str(tmp_path), "TERM": "dumb"} | options.pop("env", {})
    command = [sys.executable, "-m", "ui.cli", "chat", "--library", str(bundled.folder)]
    return subprocess.Popen(command, cwd=ROOT, env=environment, **options)


class Terminal:
    """A terminal with a chat on it."""

    def __init__(self, bundled, tmp_path, **options):
        self.ours, theirs = pty.openpty()
        ends = {"stdin": theirs, "stdout": theirs, "stderr": theirs, "start_new_session": True}
        self.process = start(bundled, tmp_path, **ends, **options)
        os.close(theirs)
        self.shown = ""

    def read_until(self, *words):
        """What is shown until all of these are, or the chat is over."""
        begun, ends = len(self.shown), time.monotonic() + 60
        while not all(word in self.shown[begun:] for word in words):
            ready, _, _ = select.select([self.ours], [], [], max(0, ends - time.monotonic()))
            if not ready:
                break
            try:
                self.shown += os.read(self.ours, 4096).decode(errors="replace")
            except OSError:  # the other end is closed
                break
        return self.shown[begun:].replace("\r", "")

    def type(self, text):
        os.write(self.ours, text.encode())

    def close(self):
        code = self.process.wait(timeout=60)
        os.close(self.ours)
        return code


@pytest.mark.slow
def test_ctrl_d_leaves_a_terminal_with_0(bundled, tmp_path):
    terminal = Terminal(bundled, tmp_path)
    assert "/clear" in terminal.read_until("\n> ")
    terminal.type(f"{FIRST}\n")
    assert "] ChildMandarin" in terminal.read_until("Note: ", "\n> ")
    terminal.type("\x04")
    terminal.read_until("never shown")
    assert terminal.close() == 0


@pytest.mark.slow
@pytest.mark.usefixtures("interruptible")
def test_ctrl_c_leaves_a_terminal_with_one_line(bundled, tmp_path):
    terminal = Terminal(bundled, tmp_path)
    terminal.read_until("\n> ")
    time.sleep(0.5)  # between its prompt and its waiting, readline hears no signal until the next key
    terminal.process.send_signal(signal.SIGINT)
    last = terminal.read_until("never shown").strip().splitlines()[-1]
    assert last == "askpapers: interrupted: the conversation is over"
    assert terminal.close() == 130


@pytest.mark.slow
@pytest.mark.usefixtures("interruptible")
def test_ctrl_c_stops_an_answer_and_the_conversation_goes_on(bundled, server, tmp_path):
    server.play(served.Silence())
    terminal = Terminal(
        bundled, tmp_path, env={"OPENAI_BASE_URL": server.url, "ASKPAPERS_MODEL": "scripted"}
    )
    terminal.read_until("\n> ")
    terminal.type(f"{FIRST}\n")
    terminal.read_until("Reading 10 papers")
    terminal.process.send_signal(signal.SIGINT)
    assert "Stopped" in terminal.read_until("\n> ")
    terminal.type("\x04")
    terminal.read_until("never shown")
    assert terminal.close() == 0


@pytest.mark.slow
def test_a_model_s_answer_is_streamed_and_what_was_understood_told(bundled, server, tmp_path):
    whole = "How many hours is ChildMandarin?"
    text = "ChildMandarin holds 41.25 hours of carefully hand-transcribed speech [1]."
    server.play(served.answer(text), understanding=served.understood(whole))
    model = {"OPENAI_BASE_URL": server.url, "ASKPAPERS_MODEL": "scripted"}
    terminal = Terminal(bundled, tmp_path, env=model)
    terminal.read_until("\n> ")
    for question, told in ((FIRST, text), (SECOND, f"Understood as: {whole}")):
        terminal.type(f"{question}\n")
        shown = terminal.read_until("requests · ", "\n> ")
        assert shown.count(text) == 1
        assert told in shown
    terminal.type("/quit\n")
    terminal.read_until("never shown")
    assert terminal.close() == 0

"""Answers of a real model inside the program, from its file to the checked text."""

import json
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from itertools import chain
from pathlib import Path

import pytest
from conftest import ledgers, library_of
from smollm2 import MODEL, needs_model
from trials import trial

from rag import Answer, Assistant, Library
from rag.checking import by_model
from rag.checking.trial import register
from rag.errors import StoppedError
from rag.model.chat import ChatModel
from rag.model.files import add_model
from rag.model.local import machine
from rag.notes import MODEL_FAILED
from rag.settings import Settings
from rag.words import content_words
from rag.writers import short
from ui.cli import main

pytestmark = [needs_model, pytest.mark.slow]
QUESTION = "How much compute does bert2BERT save?"


@pytest.fixture(autouse=True)
def short_replies(monkeypatch):
    """The model would write on up to the limit of each reply, and a test for a minute."""
    monkeypatch.setattr(short, "_REPLY", dict.fromkeys(short._REPLY, 25))
    monkeypatch.setattr(by_model, "_REPLY", 10)
    monkeypatch.setattr(by_model, "_PER_STATEMENT", 35)


@pytest.fixture
def assistant(bundled: Library, home: Path):
    """An assistant whose model is the real small one."""
    add_model(MODEL, "smollm2")
    with Assistant(bundled, settings=Settings(model="local/smollm2")) as assistant:
        yield assistant


def failed(answer: Answer, why: str) -> bool:
    """Whether the papers' own sentences answer, as the model failed for this reason."""
    return answer.writer == "extractive" and any(
        note.startswith(MODEL_FAILED) and why in note for note in answer.notes
    )


def test_from_a_file_to_an_answer_by_commands_alone(bundled, home, capfd):
    """As a user does it; nothing of it is seen but what the commands say."""

    def run(*arguments: str) -> dict:
        assert main([*arguments, "--json"]) == 0
        out, err = capfd.readouterr()  # also what llama.cpp writes
        assert "llama" not in err
        return json.loads(out)

    assert run("model", "add", str(MODEL), "--name", "smollm2")["name"] == "smollm2"
    assert run("model", "use", "smollm2")["model"] == "local/smollm2"
    answer = run("ask", QUESTION, "--library", str(bundled.folder))
    assert answer["writer"] == "local/smollm2" or any(MODEL_FAILED in note for note in answer["notes"])
    assert answer["checked_by"] is None
    assert {claim["check"] for claim in answer["claims"]} <= {"unchecked", "verbatim"}
    assert run("model", "use", "off")["model"] is None


def test_it_is_read_while_it_writes_and_stops_in_the_middle(assistant):
    stream = assistant.stream(QUESTION)
    pieces = stream.with_steps()
    assert any(piece for piece in pieces)  # the first words
    stream.stop()
    with suppress(StoppedError):  # unless its only sentence has ended
        list(pieces)
    assert assistant.ask(QUESTION).claims


def test_a_model_that_reads_is_stopped_at_once(assistant):
    assistant.ask(QUESTION)  # loads it
    stream = assistant.stream("What does ChildMandarin hold?")
    pieces = stream.with_steps()
    while stream.step != "write":
        next(pieces)
    threading.Timer(0.1, stream.stop).start()
    started = time.monotonic()
    with pytest.raises(StoppedError):
        list(pieces)
    assert time.monotonic() - started < 5


def test_a_small_context_holds_a_short_prompt(bundled, home):
    add_model(MODEL, "smollm2")
    with Assistant(bundled, settings=Settings(model="local/smollm2", context_window=1024)) as assistant:
        answer = assistant.ask(QUESTION)
    assert not failed(answer, "status")
    assert answer.claims


def test_the_server_of_another_model_does_not_count(home):
    add_model(MODEL, "smollm2")
    settings = Settings(model="local/smollm2", base_url="http://127.0.0.1:9/proxy/v4", api_key="another's")
    with closing(ChatModel.open(settings)) as model:
        assert "".join(model.stream([("user", "Say hello.")], {}, lambda _: None, most_tokens=4))


def test_a_damaged_file_is_told_and_the_papers_answer(bundled, home, tmp_path):
    damaged = tmp_path / "half.gguf"
    damaged.write_bytes(MODEL.read_bytes()[:2_000_000])
    add_model(damaged)
    with Assistant(bundled, settings=Settings(model="local/half")) as assistant:
        assert failed(assistant.ask(QUESTION), "damaged")


def test_where_no_memory_is_free_the_papers_answer(assistant, monkeypatch):
    monkeypatch.setattr(machine, "free_memory", lambda: 50_000_000)
    assert failed(assistant.ask(QUESTION), "use a smaller model")


def test_what_a_model_makes_up_never_comes_out_as_supported(encoder, tmp_path, home, monkeypatch):
    """Of twelve answers the last four are checked too, by the same model, as if it had passed the trial:
    its word alone supports nothing."""
    add_model(MODEL, "smollm2")
    topics = ("grey owls", "pale toads", "grey moths", "pale bats")
    asked = ["How many entries has the ledger of {}?", "What did the ledger of {} cost?", "Who counts {}?"]
    questions = [question.format(topic) for topic in topics for question in asked]
    settings = Settings(model="local/smollm2")
    with library_of(ledgers(topics), tmp_path, encoder) as library:
        with Assistant(library, settings=settings) as assistant, ThreadPoolExecutor(2) as pool:
            answers = list(pool.map(assistant.ask, questions[:8]))
            assert {claim.check for answer in answers for claim in answer.claims} <= {
                "unchecked",
                "verbatim",
            }
            monkeypatch.setattr(register, "trial_of", trial)
            answers += pool.map(assistant.ask, questions[8:])
        papers = library.catalog.papers({one.paper_id for answer in answers for one in answer.papers})
    assert sum(answer.writer == "local/smollm2" for answer in answers) >= 3
    for answer in answers:
        for claim in answer.claims:
            quotes = [answer.citations[place] for place in claim.quotes]
            for quote in quotes:
                assert quote.quote == papers[quote.paper_id].abstract[quote.start : quote.end]
            if claim.check == "supported":
                words = set(content_words(claim.text))
                shown = set(chain.from_iterable(content_words(quote.quote) for quote in quotes))
                assert len(words & shown) >= 0.8 * len(words), claim

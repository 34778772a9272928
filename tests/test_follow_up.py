"""Follow-ups: what they lean on by rule, and what of a conversation is kept for them."""

import gc
from datetime import date

import model_server as served
import openai
import pytest
from hypothesis import given
from hypothesis import strategies as st
from model_server import ModelServer

from rag import Assistant, Library
from rag.query import Turn, newest, turns_of, understand
from rag.settings import Settings
from rag.tokens import count_tokens
from rag.types import Request

TODAY = date(2026, 6, 15)
DUTCH = "Which papers build a BERT for Dutch?"
SAVES = "How much compute does bert2BERT save?"
KEY = "sk-test-never-to-be-shown"
turns = st.lists(st.builds(Turn, st.text(min_size=1, max_size=60), st.text(max_size=300)), max_size=5)


def said(*questions, answer="They do [1]."):
    """A history of these questions, each answered in the same words."""
    return [message for question in questions for message in Turn(question, answer).messages]


def leaned(question, *before):
    return understand(Request(question, said(*before), day=TODAY))


@pytest.mark.parametrize(
    ("before", "question", "topic"),
    [
        ([DUTCH], "which data was it trained on?", [DUTCH]),
        ([DUTCH], "what about something for German newspapers of the north?", [DUTCH]),
        ([DUTCH, "who made it?"], "why?", [DUTCH]),
        ([DUTCH], "since when?", [DUTCH]),
        ([DUTCH], "And the other ones?", [DUTCH]),
        ([DUTCH, "who made it?", "and for German?"], "how big is it?", [DUTCH, "and for German?"]),
        ([DUTCH, "and for German?", "and for Thai?"], "how big is it?", [DUTCH, "and for Thai?"]),
        ([DUTCH, "How small is Q8BERT?"], "is it faster?", ["How small is Q8BERT?"]),
    ],
)
def test_a_follow_up_leans_on_what_opened_the_topic_and_what_moved_it_on(before, question, topic):
    asked = leaned(question, *before)
    assert (asked.resolved, asked.fallback) == (" ".join([*topic, question]), None)


@pytest.mark.parametrize(
    "question",
    ["which languages are covered?", "How many speakers?"],
)
def test_a_short_question_is_tried_by_itself_before_what_was_said(question):
    asked = leaned(question, DUTCH, "who made it?")
    assert (asked.resolved, asked.query) == (None, question)
    assert asked.fallback.resolved == f"{DUTCH} {question}"
    assert leaned(question).fallback is None


@pytest.mark.parametrize(
    "question",
    [
        "What is ELECTRA?",  # names a subject of its own
        "does the speed on ImageNet suffer?",
        "thanks, and how long was RoBERTa undertrained?",
        "how do schools measure the reading skills of young children?",  # says enough
    ],
)
def test_another_topic_does_not_drag_the_old_one_along(question):
    asked = leaned(question, DUTCH, "who made it?")
    assert (asked.resolved, asked.fallback) == (None, None)


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("Frogs \udcff?", "Frogs ??"),
        ([{"type": "text", "text": "Frogs?"}, {"type": "image_url", "image_url": {"url": ""}}], "Frogs?"),
        (None, None),
        ([], None),
    ],
)
def test_what_was_said_may_come_in_parts(content, told):
    asked = understand(Request("Why?", [{"role": "user", "content": content}], day=TODAY))
    assert asked.resolved == (told and f"{told} Why?")


def test_what_is_asked_now_counts_twice_in_the_search_and_once_in_what_is_told():
    asked = leaned("and for German?", DUTCH)
    assert asked.resolved == f"{DUTCH} and for German?"
    assert asked.query == f"and for German? {DUTCH} and for German?"


def test_a_follow_up_without_a_clause_wants_the_kind_of_answer_that_its_topic_wants():
    assert leaned("and for German?", DUTCH).kind == "list"
    assert leaned("how big is it?", DUTCH).kind == "single"


def test_turns_are_read_from_messages_of_any_shape():
    history = [
        {"role": "system", "content": "Be kind."},
        {"role": "assistant", "content": "Ask me."},
        *said("Why?", answer="So."),
        {"role": "assistant", "content": [{"type": "text", "text": "There."}]},
        {"role": "user", "content": "x" * 100_000},
        {"role": "assistant", "content": "That was long."},
        {"role": "user"},
        {"role": "user", "content": " When? "},
    ]
    assert turns_of(history) == [Turn("Why?", "So.\nThere."), Turn("When?")]


def size(turn):
    return count_tokens(turn.question) + count_tokens(turn.answer)


@given(turns, st.integers(min_value=0, max_value=200))
def test_the_newest_turns_are_kept_whole_within_their_tokens(said_before, tokens):
    kept = newest(said_before, tokens)
    used = sum(map(size, kept))
    if kept and kept == said_before[-len(kept) :] and used <= tokens:
        left_out = said_before[: -len(kept)]
        assert not left_out or used + size(left_out[-1]) > tokens
    elif said_before:
        (cut,), last = kept, said_before[-1]
        assert cut.question == last.question
        assert last.answer.startswith(cut.answer)
        assert size(last) > tokens
        assert used <= tokens or not cut.answer
    else:
        assert kept == []


@pytest.fixture(scope="module")
def assistant(bundled: Library, server: ModelServer) -> Assistant:
    return Assistant(bundled, settings=Settings(api_key=KEY, base_url=server.url, model="scripted"))


WRITTEN = served.answer("bert2BERT saves about 45% of the computation [1].")
FOLLOW_UP = "And how large are the models?"


def test_a_model_that_goes_on_is_left_and_its_stream_is_not_left_to_the_garbage_collector(
    assistant, server
):
    server.play(WRITTEN, understanding=served.answer(*["on and on "] * 500))
    gc.collect()
    gc.disable()
    try:
        answer = assistant.ask(FOLLOW_UP, history=said(SAVES))
        assert answer.resolved_question == f"{SAVES} {FOLLOW_UP}"
        assert not [each for each in gc.get_objects() if isinstance(each, openai.Stream)]
    finally:
        gc.enable()


def test_a_question_that_is_asked_again_is_not_put_behind_itself():
    owls = "What do papers study about owls?"
    again = leaned(owls.lower(), owls)
    assert (again.resolved, again.fallback) == (None, None)
    assert leaned("and for bees?", owls, "and for bees?").resolved == f"{owls} and for bees?"

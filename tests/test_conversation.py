"""Conversations: turns that are remembered, kept apart, and answered one after the other."""

import asyncio
import json
import threading
from concurrent.futures import ThreadPoolExecutor

import model_server as served
import pytest

from ingest.bundled import BundledSource
from rag import Assistant, Conversation, Filters, Library, Paper, QuestionError
from rag.sentences import sentence_spans
from rag.settings import Settings
from rag.tokens import count_tokens

FIRST, SECOND = "What is ChildMandarin?", "How many hours is it?"
OTHER = "What are Tiny Time Mixers?"


@pytest.fixture(scope="module")
def shared(bundled: Library) -> Assistant:
    return Assistant(bundled, settings=Settings())


@pytest.fixture
def conversation(shared: Assistant) -> Conversation:
    return Conversation(shared)


def test_a_follow_up_is_resolved_with_the_turns_before_it(conversation):
    first, second = conversation.ask(FIRST), conversation.ask(f" {SECOND} ")
    assert (first.resolved_question, second.resolved_question) == (None, f"{FIRST} {SECOND}")
    assert "41.25" in second.text
    assert conversation.history == [
        {"role": "user", "content": FIRST},
        {"role": "assistant", "content": first.text},
        {"role": "user", "content": SECOND},
        {"role": "assistant", "content": second.text},
    ]


def test_a_stream_is_remembered_at_its_end_and_not_before(conversation):
    stream = conversation.stream(FIRST)
    assert conversation.history == []
    assert "".join(stream).strip() == stream.answer.text
    assert conversation.history[1]["content"] == stream.answer.text


def test_a_stream_that_is_left_is_not_remembered_and_blocks_nothing(conversation):
    for _ in conversation.stream(FIRST):
        break
    assert conversation.history == []
    assert conversation.ask(OTHER).resolved_question is None


def test_asking_while_reading_in_the_same_thread_raises_instead_of_waiting_for_ever(shared):
    conversation = Conversation(shared, patience=0.01)
    with pytest.raises(RuntimeError, match="to the end first"):
        for _ in conversation.stream(FIRST):
            conversation.ask(SECOND)
    assert conversation.history == []


@pytest.mark.parametrize(("question", "options"), [(" ", {}), (SECOND, {"words": 0})])
def test_a_turn_that_failed_is_not_remembered(conversation, question, options):
    conversation.ask(FIRST)
    before = conversation.history
    with pytest.raises(QuestionError):
        conversation.ask(question, **options)
    assert conversation.history == before
    assert conversation.ask(SECOND).resolved_question


def test_memory_holds_whole_turns_within_its_tokens(shared):
    conversation = Conversation(shared, memory=150)
    questions = [FIRST, OTHER, "What does DINOv2 learn from?"]
    for question in questions:
        conversation.ask(question, words=40)
    kept = conversation.history
    assert sum(count_tokens(message["content"]) for message in kept) <= 150
    assert [m["content"] for m in kept if m["role"] == "user"] == questions[-len(kept) // 2 :]
    assert 2 <= len(kept) < 6


def test_clearing_forgets_what_was_said(conversation):
    conversation.ask(FIRST)
    conversation.clear()
    assert conversation.history == []
    assert conversation.ask(SECOND).resolved_question is None


def test_conversations_of_one_assistant_are_kept_apart(shared):
    one, other = Conversation(shared), Conversation(shared)
    one.ask(FIRST)
    other.ask(OTHER)
    assert one.ask(SECOND).resolved_question == f"{FIRST} {SECOND}"
    assert other.ask("How small are they?").resolved_question.startswith(OTHER)


def test_the_options_of_ask_reach_a_conversation(conversation):
    answer = conversation.ask(FIRST, words=1, from_year=2020, filters=Filters(min_authors=2))
    assert len(answer.claims) == 1
    assert answer.filters == Filters(from_year=2020, min_authors=2)
    with pytest.raises(TypeError, match="wrods"):
        conversation.ask(FIRST, wrods=1)


def test_chatting_works_inside_a_running_event_loop(conversation):
    async def notebook() -> str | None:
        conversation.ask(FIRST)
        return (await asyncio.to_thread(conversation.ask, SECOND)).resolved_question

    assert asyncio.run(notebook()) == f"{FIRST} {SECOND}"


def quoting(request):
    """The first sentence of the first paper."""
    text = json.loads(request["messages"][1]["content"].splitlines()[0])["text"]
    start, end = sentence_spans(text)[0]
    return f"{text[start:end].strip()} [1]"


def understanding(request):
    """A follow-up asks what the question before it did; another question is whole."""
    *earlier, latest = map(json.loads, request["messages"][1]["content"].splitlines())
    whole = earlier[-1]["question"].replace("show", "need") if earlier else latest["latest question"]
    return json.dumps({"question": whole, "kind": "single", "queries": []})


@pytest.mark.slow
def test_thirty_two_conversations_at_once_are_not_mixed_up(bundled, server):
    server.play(served.answered_by(quoting), understanding=served.answered_by(understanding))
    assistant = Assistant(bundled, settings=Settings(base_url=server.url, model="scripted"))
    titles = [paper.title for paper in BundledSource().read() if isinstance(paper, Paper)][:32]
    together = threading.Barrier(8, timeout=60)

    def talk(title):
        if title in titles[:8]:
            together.wait()
        conversation = Conversation(assistant)
        first = conversation.ask(f"What does {title} show?")
        second = conversation.ask("What does it need?")
        return first.text, second.resolved_question

    with ThreadPoolExecutor(8) as pool:
        told = list(pool.map(talk, titles))
    alone = [assistant.ask(f"What does {title} show?").text for title in titles]
    assert told == [(text, f"What does {title} need?") for text, title in zip(alone, titles, strict=True)]
    assert len({*alone}) == 32


def test_questions_of_one_conversation_at_once_are_answered_one_after_the_other(bundled, server):
    """Each request to understand a question holds all turns before it."""
    server.play(served.answer("bert2BERT saves 45% [1]."))
    conversation = Conversation(
        Assistant(bundled, settings=Settings(base_url=server.url, model="scripted")), memory=10_000
    )
    questions = [f"How much compute does bert2BERT save in {number} runs?" for number in range(8)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(conversation.ask, questions))
    shown = [len(request.body["messages"][1]["content"].splitlines()) for request in server.understandings]
    assert server.most_at_once == 1
    assert shown == [*range(1, 9)]
    assert sorted(m["content"] for m in conversation.history if m["role"] == "user") == questions

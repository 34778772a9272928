"""Small models: a short prompt, one request, and markers for sentences that bear none."""

from collections.abc import Iterator
from dataclasses import replace

import model_server as served
import pytest
from hypothesis import given
from hypothesis import strategies as st
from model_server import ModelServer

from rag import Answer, Assistant, Library, Paper
from rag.notes import MODEL_FAILED
from rag.query import Understanding
from rag.reading import Reader
from rag.settings import Settings
from rag.tokens import count_tokens
from rag.types import Hit, Kind, Passage, Request
from rag.writers.attribution import fits_none, repeats, source_of
from rag.writers.passages import choose_sources
from rag.writers.short import LEFT_OUT, NOT_READ, grammar_for, short_prompt, sources_for

QUESTION = "How much compute does bert2BERT save?"
CLAIM = "bert2BERT saves about 45% of the pre-training computation for BERT_BASE"
WHALES = "Whales sing at 52 hertz in winter"
LLAMA_CPP = {"id": "scripted", "object": "model", "owned_by": "llamacpp", "meta": {"n_params": 1.5e9}}
OWLS = Paper("Owls at Night", "Owls hunt mice at night. They hear 3 kHz best. We count 41 owls.", "2019")
TOADS = Paper("Toads", "Toads walk. They hardly ever leap, since their legs are short.", "2020")


@pytest.fixture
def small(bundled: Library, server: ModelServer) -> Iterator[Assistant]:
    """An assistant whose model is small by the setting, on a server of which nothing is known."""
    server.models = []
    with Assistant(bundled, settings=_settings(server)) as assistant:
        yield assistant


def _settings(server: ModelServer) -> Settings:
    return Settings(base_url=server.url, model="scripted", prompts="short", checks=False)


def ask(assistant: Assistant, server: ModelServer, *pieces: str, question: str = QUESTION) -> Answer:
    server.play(served.answer(*pieces))
    return assistant.ask(question)


def sent(server: ModelServer) -> list[str]:
    (request,) = server.requests
    return [message["content"] for message in request.body["messages"]]


def test_a_small_model_gets_one_request_and_nobody_understands_the_question(small, server):
    answer = ask(small, server, f"{CLAIM} [1].")
    assert (answer.status, answer.writer, answer.text) == ("answered", "scripted", f"{CLAIM} [1].")
    assert (len(server.requests), server.understandings, server.checks) == (1, [], [])
    assert list(answer.seconds) == ["retrieve", "write", "total"]
    assert answer.claims[0].citations == (1,)


def test_what_repeats_comes_first_and_the_question_stands_before_and_behind_the_sources(small, server):
    ask(small, server, f"{CLAIM} [1].")
    *first, prompt = sent(server)
    ask(small, server, f"{CLAIM} [1].", question="What is TunBERT?")
    *same, _ = sent(server)
    assert first == same
    assert prompt.startswith(f"Question: {QUESTION}\n\n[1] ")
    assert f"\n\nQuestion: {QUESTION}\nAnswer in one or two short sentences" in prompt
    assert prompt.count("\n[") == 3
    assert not any(
        word in text for text in (*first, prompt) for word in ("Missing:", "Search:", "Premise:")
    )
    assert server.requests[0].body["max_tokens"] <= 200


def test_the_models_own_size_decides_and_a_large_one_gets_the_full_prompt(bundled, server):
    server.models = [LLAMA_CPP | {"meta": {"n_params": 8e9}}]
    settings = replace(_settings(server), prompts="auto")
    with Assistant(bundled, settings=settings) as assistant:
        ask(assistant, server, f"{CLAIM} [1].")
    rules, papers = sent(server)
    assert len(server.understandings) == 1
    assert "Missing:" in rules
    assert papers.startswith('{"key": 1,')
    assert "grammar" not in server.requests[0].body


@pytest.mark.parametrize("models", [[LLAMA_CPP], [LLAMA_CPP | {"owned_by": "library"}], []])
def test_only_llama_cpp_is_sent_a_grammar(bundled, server, models):
    server.models = models
    with Assistant(bundled, settings=_settings(server)) as assistant:
        ask(assistant, server, f"{CLAIM} [1].")
    assert ("grammar" in server.requests[0].body) == (models == [LLAMA_CPP])


def test_a_sentence_without_a_marker_gets_that_of_the_paper_whose_words_it_has(small, server):
    answer = ask(small, server, f"{CLAIM}. ", f"{WHALES}. It can do so for GPT_BASE too [1].")
    claim, _ = answer.claims
    assert (claim.text, claim.citations, claim.check) == (f"{CLAIM}.", (1,), "unchecked")
    assert answer.citations[0].title.startswith("bert2BERT")
    assert WHALES not in answer.text
    assert f"{LEFT_OUT}: 1 sentence." in answer.notes
    assert answer.status == "answered"


def test_numbers_and_names_that_are_in_no_cited_paper_are_noted(small, server):
    answer = ask(small, server, "bert2BERT saves 93% of the pre-training computation of QuarryNet [1].")
    assert answer.claims[0].notes == ("stands nowhere in what it cites: 93%, QuarryNet",)


def test_a_sentence_that_repeats_another_does_not_come_out(small, server):
    answer = ask(small, server, f"{CLAIM} [1]. " * 5)
    assert answer.text == f"{CLAIM} [1]."


def test_what_is_unfinished_does_not_come_out(small, server):
    server.play(served.answer(f"{CLAIM} [1]. It also reuses the models of", finish="length"))
    answer = small.ask(QUESTION)
    assert answer.text == f"{CLAIM} [1]."


@pytest.mark.parametrize("text", [f"{WHALES}.", f"{WHALES} [1].", "", "Pebble needs 38 MB of memory [1]."])
def test_if_no_sentence_fits_the_papers_own_ones_answer_without_a_second_request(small, server, text):
    answer = ask(small, server, text)
    assert (answer.writer, answer.status, len(server.requests)) == ("extractive", "answered", 1)
    assert any(note.startswith(MODEL_FAILED) for note in answer.notes)


def test_the_text_that_comes_is_that_of_the_answer(small, server):
    text = f"{CLAIM} [1]. The rest comes from 47% for GPT_BASE, e.g. by v1.5 of bert2BERT [1]."
    server.play(served.answer(*text))
    stream = small.stream(QUESTION)
    assert "".join(stream) == stream.answer.text == text


def test_a_comparison_sees_both_sides(small, server):
    answer = ask(
        small,
        server,
        "DziriBERT is for the Algerian dialect [1]. TunBERT is for the Tunisian dialect [2].",
        question="How do DziriBERT and TunBERT differ in the dialect they are for?",
    )
    assert answer.kind == "comparison"
    assert {citation.title.split(":")[0] for citation in answer.citations} == {"DziriBERT", "TunBERT"}


def test_a_list_has_a_line_a_paper(small, server):
    question = "Which papers pre-train language models?"
    answer = ask(
        small,
        server,
        "- Language models of code [1]\n- A pre-trained language model for text [2]",
        question=question,
    )
    assert answer.kind == "list"
    assert answer.text.count("\n- ") == 1
    assert sent(server)[-1].count("\n[") == 8
    assert any(note.startswith(NOT_READ) for note in answer.notes)


@given(
    st.lists(st.text(st.characters(codec="utf-8"), max_size=9000), min_size=1, max_size=8),
    st.sampled_from(["single", "comparison", "list"]),
)
def test_the_prompt_is_short_whatever_the_papers_are(embedded_reader, texts, kind: Kind):
    papers = [Paper(f"{text[:400]} {number}", f"Owls hunt. {text}") for number, text in enumerate(texts)]
    hits = [Hit(paper, 0.5, Passage(paper.paper_id, 0, 1)) for paper in papers]
    question = Understanding(Request(QUESTION), None, QUESTION, kind=kind)
    messages = short_prompt(question, sources_for(embedded_reader, question, hits))
    assert sum(count_tokens(text) for _, text in messages) <= 1100


@pytest.fixture(scope="module")
def embedded_reader(encoder, bundled: Library) -> Reader:
    return Reader(encoder, bundled.tokens.weights)


def test_a_source_is_the_best_passages_in_their_order(embedded_reader):
    question = Understanding(Request("What do owls hear?"), None, "What do owls hear?")
    hits = [Hit(paper, 0.5, Passage(paper.paper_id, 0, 1)) for paper in (OWLS, TOADS)]
    room = 60
    owls, toads = choose_sources(embedded_reader, question, hits, room)
    assert (owls.key, toads.key) == (1, 2)
    assert "They hear 3 kHz best." in owls.paper.abstract
    assert choose_sources(embedded_reader, question, hits, 500)[0].paper.abstract == OWLS.abstract


def test_a_source_agrees_in_numbers_names_and_most_words():
    assert source_of("Owls hear 3 kHz best at night.", [TOADS, OWLS]) == 1
    assert source_of("Owls hear 5 kHz best at night.", [TOADS, OWLS]) is None
    assert source_of("With BatNet, owls hunt mice at night.", [TOADS, OWLS]) is None
    assert source_of("Owls sing in the gardens of the king.", [TOADS, OWLS]) is None
    assert fits_none("Pebble needs 38 MB of memory.", [TOADS, OWLS])
    assert not fits_none("The owls hunt for mice and voles.", [TOADS, OWLS])


def test_sentences_that_differ_in_a_name_are_no_repetition():
    assert repeats("Owls hunt mice.", ["The owls hunt mice at night."])
    assert not repeats("BERT has 110M weights.", ["ALBERT has 12M weights."])


@pytest.mark.parametrize("kind", ["single", "comparison", "list"])
def test_a_grammar_names_each_source_and_is_bounded(kind: Kind):
    grammar = grammar_for(kind, 3)
    assert '"[1]" | "[2]" | "[3]"' in grammar
    assert "*" not in grammar


def test_a_reply_without_an_end_is_cut(small: Assistant, server: ModelServer):
    server.play(served.answer(f"{CLAIM} [1]. ", *["It goes on and on. and "] * 2000))
    answer = small.ask(QUESTION)
    assert answer.claims[0].text.startswith("bert2BERT saves")
    assert len(answer.text) < 3500

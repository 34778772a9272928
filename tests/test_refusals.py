"""What the papers do not say is refused or named as missing, by every face."""

import pytest

from ingest.bundled import BundledSource
from rag import Assistant, Paper
from rag.settings import Settings
from ui.cli import main

PAPERS = {paper.title: paper for paper in BundledSource().read() if isinstance(paper, Paper)}
PARTIAL = "How many hours of speech does ChildMandarin hold, and what learning rate was used?"
DETAIL = "What learning rate was used for ChildMandarin?"


@pytest.fixture(scope="module")
def assistant(bundled) -> Assistant:
    return Assistant(bundled, settings=Settings())


def is_quoted(answer) -> bool:
    quotes = [(citation.quote, PAPERS[citation.title].abstract, citation) for citation in answer.citations]
    return bool(quotes) and all(text[one.start : one.end] == quote for quote, text, one in quotes)


@pytest.mark.parametrize(
    ("question", "paper", "missing"),
    [
        (DETAIL, "ChildMandarin", "the learning rate"),
        ("On how many GPUs was bert2BERT trained?", "bert2BERT", "the hardware"),
        ("How many parameters does Mengzi have?", "Mengzi", "the number of parameters"),
        ("How many elephants were recorded for ChildMandarin?", "ChildMandarin", "the number of elephants"),
        ("Who annotated the data of ChildMandarin?", "ChildMandarin", "who labelled the data"),
        ("Does ChildMandarin cover Swahili?", "ChildMandarin", "Swahili"),
    ],
)
def test_a_detail_that_is_not_given_is_refused_named_and_shown_by_the_nearest_words(
    assistant, question, paper, missing
):
    answer = assistant.ask(question)
    assert (answer.status, answer.missing) == ("refused", None)
    assert answer.reason.startswith(f"“{paper}") and answer.reason.endswith(missing)
    assert answer.text.startswith("The papers in this library do not answer this question.")
    assert {citation.title.split(":")[0] for citation in answer.citations} == {paper}
    assert is_quoted(answer)


@pytest.mark.parametrize(
    "question",
    [
        "How many hours of speech does ChildMandarin hold?",
        "how many speekers were recorded for ChildMandarin",  # a misspelt noun
        "How old are the children of ChildMandrin?",
    ],
)
def test_a_detail_that_is_given_is_answered(assistant, question):
    answer = assistant.ask(question)
    assert (answer.status, answer.reason, answer.missing) == ("answered", None, None)


def test_a_false_premise_is_refused_and_the_paper_s_words_are_shown(assistant):
    answer = assistant.ask("Why does bert2BERT raise the cost of pre-training?")
    assert answer.status == "refused"
    assert answer.reason and "bert2BERT" in answer.reason
    assert {citation.title.split(":")[0] for citation in answer.citations} == {"bert2BERT"}
    assert is_quoted(answer)


def test_what_is_given_is_answered_and_what_is_not_is_named(assistant):
    answer = assistant.ask(PARTIAL)
    assert (answer.status, answer.missing, answer.reason) == ("partial", "the learning rate", None)
    assert "41.25" in answer.text
    assert is_quoted(answer)
    assert all(claim.supported for claim in answer.claims)


def test_a_follow_up_is_not_asked_for_what_was_missing_before(assistant):
    history = [{"role": "user", "content": DETAIL}]
    answer = assistant.ask("How many hours is it?", history=history)
    assert (answer.status, answer.missing) == ("answered", None)
    assert "41.25" in answer.text
    again = assistant.ask("Which batch size did they use?", history=history)
    assert (again.status, again.reason[-14:]) == ("refused", "the batch size")


def test_a_stream_shows_a_refusal_before_the_words_that_are_near(assistant):
    stream = assistant.stream(DETAIL)
    shown = "".join(stream)
    assert shown == stream.answer.text
    assert shown.index("do not answer") < shown.index("[1]")


def test_the_terminal_says_what_is_missing(bundled, capsys):
    told = "\nNot in the papers: the learning rate.\n"
    assert main(["ask", PARTIAL, "--library", str(bundled.folder)]) == 0
    assert told in capsys.readouterr().out
    assert main(["ask", DETAIL, "--library", str(bundled.folder)]) == 0
    refused = capsys.readouterr().out
    assert "Not in the papers" not in refused
    assert "does not give the learning rate." in refused

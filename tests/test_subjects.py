"""What a question is about: a paper by its name, a detail of it, the subject of a list."""

import pytest

from rag import Assistant, Library
from rag.query import listed_subject
from rag.settings import Settings
from rag.writers.clauses import clauses

BERT2BERT = "bert2BERT: Towards Reusable Pretrained Language Models"


@pytest.fixture(scope="module")
def assistant(bundled: Library) -> Assistant:
    return Assistant(bundled, settings=Settings())


def test_a_question_of_which_a_part_is_answered_is_partial_and_names_the_rest(assistant):
    answer = assistant.ask("How much compute does bert2BERT save, and what learning rate was used?")
    assert (answer.status, answer.missing) == ("partial", "the learning rate")
    assert answer.citations[0].title == BERT2BERT


@pytest.mark.parametrize(
    ("question", "detail"),
    [
        ("Who funded bert2BERT?", "who paid for it"),
        ("When was bert2BERT proposed?", "when it appeared"),
        ("Which dropout does bert2BERT use?", "the dropout"),
    ],
)
def test_a_detail_that_a_paper_does_not_give_is_refused_by_its_name_with_the_nearest_sentence(
    assistant, question, detail
):
    answer = assistant.ask(question)
    assert (answer.status, answer.reason) == ("refused", f"“{BERT2BERT}” does not give {detail}")
    assert [citation.title for citation in answer.citations] == [BERT2BERT]


@pytest.mark.parametrize("title", ["EduBERT", "MonoByte", "Starbucks", "ELECTRA"])
def test_what_a_paper_is_called_is_a_question_about_it(assistant, title):
    answer = assistant.ask(f"What is {title}?")
    assert answer.status == "answered"
    assert answer.citations[0].title.startswith(title)


def test_another_version_of_a_name_is_another_thing(assistant):
    answer = assistant.ask("How many parameters does GPT-4 have?")
    assert (answer.status, answer.reason) == ("refused", "no paper in the library is about GPT-4")


@pytest.mark.parametrize(
    "question",
    ["Which papers are about vision?", "List all surveys", "Show me papers about robots from 2023"],
)
def test_a_list_is_refused_for_its_subject_and_not_for_the_words_that_ask_for_papers(assistant, question):
    assert assistant.ask(question).status == "answered"


@pytest.mark.parametrize("subject", ["volcanoes", "tax law", "football", "black holes", "coral reefs"])
def test_a_list_on_another_subject_is_refused(assistant, subject):
    assert assistant.ask(f"Which papers are about {subject}?").status == "refused"


@pytest.mark.parametrize(
    ("question", "subject"),
    [
        ("Which papers deal with diffusion models?", "diffusion models?"),
        ("What surveys are there?", "surveys?"),
        ("Is there anything about Arabic?", "Arabic?"),
        ("List all papers", "List all papers"),
    ],
)
def test_the_subject_of_a_list(question, subject):
    assert listed_subject(question) == subject


@pytest.mark.parametrize(
    ("sentence", "kept"),
    [
        ("Inspired by BERT, we propose a new model of text.", "we propose a new model of text."),
        (
            "To capture lexical, syntactic and other traits, we propose a new model of text.",
            "To capture lexical, syntactic and other traits, we propose a new model of text.",
        ),
    ],
)
def test_what_leads_in_is_cut_where_a_sentence_remains(sentence, kept):
    start = clauses(sentence, set())[0][0]
    assert sentence[start:] == kept

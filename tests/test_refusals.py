"""What a paper does not give is no reason to refuse: the nearest of its own sentences are shown."""

import pytest

from ingest.bundled import BundledSource
from rag import Assistant, Paper
from rag.settings import Settings

PAPERS = {paper.title: paper for paper in BundledSource().read() if isinstance(paper, Paper)}


@pytest.fixture(scope="module")
def assistant(bundled) -> Assistant:
    return Assistant(bundled, settings=Settings())


@pytest.mark.parametrize(
    ("question", "paper"),
    [
        ("What learning rate was used for ChildMandarin?", "ChildMandarin"),
        ("On how many GPUs was bert2BERT trained?", "bert2BERT"),
        ("Who annotated the data of ChildMandarin?", "ChildMandarin"),
        ("Why does bert2BERT raise the cost of pre-training?", "bert2BERT"),
        ("How many hours of speech does ChildMandarin hold?", "ChildMandarin"),
        ("how many speakers were recorded for ChildMandarin", "ChildMandarin"),
    ],
)
def test_a_question_about_a_paper_is_shown_its_own_sentences(assistant, question, paper):
    answer = assistant.ask(question)
    assert (answer.status, answer.reason, answer.missing) == ("answered", None, None)
    assert answer.citations[0].title.startswith(f"{paper}:")
    assert all(claim.check == "verbatim" for claim in answer.claims)
    assert all(
        PAPERS[each.title].abstract[each.start : each.end] == each.quote for each in answer.citations
    )


@pytest.mark.parametrize(
    "question", ["How do I prune tomato plants?", "Write me a poem about rain.", "cheap flights to Morocco"]
)
def test_another_subject_is_refused_and_the_nearest_papers_follow(assistant, question):
    answer = assistant.ask(question)
    assert (answer.status, answer.claims) == ("refused", ())
    assert answer.reason and answer.reason.startswith(("No paper mentions ", "No paper here "))
    assert len(answer.papers) == 10

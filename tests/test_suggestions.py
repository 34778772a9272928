"""Questions that the page offers: made of the papers at hand, and answered by them."""

import re
from dataclasses import replace

import pytest
from answers import an_answer
from hypothesis import given
from hypothesis import strategies as st

from rag.assistant import Assistant
from rag.types import Citation, Paper, RankedPaper
from ui.web.suggestions import MOST, name_of, next_questions, opening_questions

TEXT = "It counts 31 owls in a forest."


def paper(title, paper_id=""):
    return Paper(title, TEXT, paper_id=paper_id)


PAPERS = [
    paper("OwlNet: Counting Owls", "p1"),
    paper("bert2BERT: Reusing Models", "p2"),
    paper("A Plain Study of Owls", "p3"),
    paper("EelFormer: Counting Eels", "p4"),
    paper("OwlNet: Counting Owls Again", "p5"),
    paper("GPT-3: A Model", "p6"),
]


def answer_of(question="How many owls are there?", status="answered", cited=("p1",), ranked=PAPERS):
    return an_answer(
        question=question,
        status=status,
        citations=tuple(
            Citation(number, paper_id, "", None, None, "", 0, 0) for number, paper_id in enumerate(cited, 1)
        ),
        papers=tuple(RankedPaper(each.paper_id, each.title, 0.5) for each in ranked),
    )


@pytest.mark.parametrize(
    ("title", "name"),
    [
        ("bert2BERT: Towards Reusable Models", "bert2BERT"),
        ("OwlNet: Counting Owls", "OwlNet"),
        ("GPT-3: A Model", "GPT-3"),
        ("Owl\x1bNet: Counting", "OwlNet"),
        ("A Survey: What Is Known", None),
        ("Counting Owls with OwlNet", None),
        ("Is it done? OwlNet: Counting", None),
        ("One Two Three OwlNet: Counting", None),
        ("OwlNetOwlNetOwlNetOwlNetOwlNetOwlNet: Counting", None),
        ("OwlNet:Counting", None),
        ("", None),
        (":", None),
    ],
)
def test_a_name_is_what_a_title_begins_with(title, name):
    assert name_of(paper(title, "p")) == name


def test_opening_questions_ask_for_papers_with_a_name_each_once():
    asked = opening_questions(PAPERS, most=10)
    assert [name for name in ("OwlNet", "bert2BERT", "EelFormer", "GPT-3") if name in " ".join(asked)]
    assert len(asked) == len(set(asked)) == 4
    assert sum("OwlNet" in each for each in asked) == 1
    assert all(each.endswith("?") for each in asked)
    assert len(opening_questions(PAPERS, most=2)) == 2
    assert opening_questions([PAPERS[2]]) == opening_questions([]) == []


def test_an_answer_leads_deeper_and_beside():
    offered = next_questions(answer_of(), PAPERS)
    assert len(offered) == MOST
    assert "OwlNet" in offered[0]
    assert any("bert2BERT" in each for each in offered)
    assert not any("A Plain Study" in each for each in offered)


def test_a_refusal_leads_to_papers_alone():
    offered = next_questions(answer_of(status="refused", cited=("p1",)), PAPERS)
    assert offered
    assert all(re.fullmatch(r"What is [\w-]+\?", each) for each in offered)


def test_a_list_is_not_followed_by_another():
    offered = next_questions(replace(answer_of("Which papers count owls?"), kind="list"), PAPERS)
    assert not any("similar" in each for each in offered)


def test_papers_that_are_gone_are_not_offered():
    assert next_questions(answer_of(), []) == []
    offered = next_questions(answer_of(), PAPERS[1:2])
    assert all("bert2BERT" in each for each in offered)


@given(st.permutations(PAPERS), st.integers(0, 6), st.data())
def test_the_question_itself_is_never_offered_and_all_is_of_the_papers(papers, count, data):
    shown = papers[:count]
    first = next_questions(answer_of(ranked=shown, cited=tuple(each.paper_id for each in shown[:2])), shown)
    again = data.draw(st.sampled_from(first)) if first else "Why?"
    for question in (again, again.upper(), f"  {again} Please."):
        answer = answer_of(question, ranked=shown, cited=tuple(each.paper_id for each in shown[:2]))
        offered = next_questions(answer, shown)
        assert len(offered) <= MOST
        assert len(offered) == len(set(offered))
        assert not any(each.casefold() in question.casefold() for each in offered)
        names = {name for each in shown if (name := name_of(each))}
        assert all(any(name in each for name in names) for each in offered)


@given(st.text(max_size=80))
def test_no_title_makes_more_than_a_line(title):
    for each in opening_questions([paper(title, "p")]) + next_questions(
        replace(answer_of(), citations=()), [paper(title, "p")]
    ):
        assert "\n" not in each
        assert len(each) < 100


@pytest.mark.slow
def test_what_is_offered_is_answered(bundled):
    """In a sample of the bundled papers: at the beginning, and after each of those answers."""
    assistant = Assistant(bundled)
    papers = bundled.catalog.browse(most=400)
    openings = opening_questions(papers, most=400)
    sampled = openings[:: max(1, len(openings) // 16)][:16]
    asked = dict.fromkeys(sampled)
    for question in sampled:
        answer = assistant.ask(question)
        ids = [each.paper_id for each in answer.papers]
        found = bundled.catalog.papers(ids)
        asked |= dict.fromkeys(next_questions(answer, [found[paper_id] for paper_id in ids])[:2])
    refused = [question for question in asked if assistant.ask(question).status == "refused"]
    assert len(asked) >= 40
    assert len(refused) <= 0.05 * len(asked), refused

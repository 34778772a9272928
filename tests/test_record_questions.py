"""Questions about who wrote a paper, when and where, and about what certain people wrote."""

from contextlib import closing
from dataclasses import replace

import model_server as served
import pytest

from ingest.pipeline import ingest
from rag import Assistant, Filters
from rag.checking import Quote, Statement
from rag.checking.evidence import absent, quotes_of
from rag.cited_papers import place_of
from rag.library import Library
from rag.people import authors_in
from rag.reading import Reader
from rag.record_text import record_text
from rag.retrieval import Retriever
from rag.settings import Settings
from rag.types import Paper, Request
from rag.writers.attribution import fits_none
from tests.conftest import Listed

OWLS = Paper(
    "Owls of the North",
    "We count owls in forests of the north. Their number falls by a third.",
    published="2021-05-03",
    authors=("Krisztina Várady", "John Young"),
    author_count=5,
    doi="10.1000/owls",
    csl={"container-title": "Journal of Birds", "volume": "12", "issue": 3, "page": "45–67"},
)
OWLS_RECORD = (
    "Written by Krisztina Várady, John Young and 3 others (5 authors); published 3 May 2021 in Journal of "
    "Birds 12(3), pp. 45–67; DOI 10.1000/owls."
)
BREAD = Paper(
    "Sour Dough and Cholesterol",
    "Bread of sour dough lowers cholesterol in young people. It is made by German bakers.",
    published="2019",
    authors=("Krisztina Várady", "Anna German"),
    author_count=2,
)
TEA = Paper(
    "Green Tea and Cholesterol",
    "Tea lowers cholesterol by a tenth in old people.",
    published="2018",
    authors=("Wei Chen", "Ann De La Cruz"),
    author_count=2,
)
SHIPS = Paper("Ships of Harbour Towns", "A census of ships in harbours.", published="1999")

COSTS = Paper("Agency Costs and Net Worth", "", published="1988", authors=("Ben Bernanke",), author_count=1)
BANKS = Paper(
    "Inside the Black Box",
    "Credit is a channel of money. Banks lend less.",
    published="1995-09",
    authors=("Ben Bernanke", "Mark Gertler"),
    csl={"container-title": "Journal of Banks"},
)


@pytest.fixture(scope="module")
def shelf(tmp_path_factory, encoder):
    with Library.create(tmp_path_factory.mktemp("shelf"), encoder) as library:
        ingest(library, [Listed((OWLS, BREAD, TEA, SHIPS, COSTS, BANKS), "shelf")])
        yield library


@pytest.fixture(scope="module")
def assistant(shelf):
    return Assistant(shelf)


def test_the_record_is_one_line_of_what_is_known():
    assert record_text(OWLS) == OWLS_RECORD
    assert record_text(Paper("Owls", "We count.")) == ""
    assert record_text(Paper("Owls", "", author_count=1)) == "Written by 1 author."
    odd = replace(OWLS, csl={"container-title": ["A\nB"], "volume": {"x": 1}, "page": "9", "issue": True})
    assert "3 May 2021 in A B, p. 9; DOI" in record_text(odd)
    assert record_text(replace(SHIPS, retracted="10.1/n")) == "Published 1999; retracted (10.1/n)."
    some = replace(SHIPS, authors=("Ann Doe", "Wei Chen"))  # and it is not known how many there are
    assert record_text(some) == "Written by Ann Doe, Wei Chen and others; published 1999."
    many = replace(OWLS, authors=tuple(f"Name {number}" for number in range(3000)))
    assert "Name 11 and 2,988 others (3,000 authors)" in record_text(many)


def test_an_unjudged_sentence_gets_the_record_if_that_has_more_of_its_words(shelf, encoder):
    reader = Reader(encoder, shelf.tokens.weights)
    assert reader.nearest("It appeared in the Journal of Birds in May 2021.", OWLS).part == "record"
    assert reader.nearest("The number of owls falls by a third.", OWLS).text.startswith("Their number")
    assert not fits_none("It appeared in the Journal of Birds in May 2021.", [OWLS])


@pytest.mark.parametrize(
    ("question", "paper"),
    [
        ("Who wrote Owls of the North?", OWLS),
        ("When was the paper on sour dough published?", BREAD),
        ("In which journal did Owls of the North appear?", OWLS),
        ("which volume is the owls of the north paper in", OWLS),
        ("How many authors has Green Tea and Cholesterol?", TEA),
        ("list the authors of Green Tea and Cholesterol", TEA),
    ],
)
def test_the_record_answers_who_when_and_where(assistant, question, paper):
    answer = assistant.ask(question)
    (citation,) = answer.citations
    assert (citation.paper_id, citation.part, place_of(citation)) == (
        paper.paper_id,
        "record",
        "its record",
    )
    assert citation.quote == record_text(paper)[citation.start : citation.end] == record_text(paper)
    assert citation.quote[:-1] in answer.text
    assert answer.claims[0].supported


@pytest.mark.parametrize(
    "question",
    [
        "In which journal did Ships of Harbour Towns appear?",  # its record has none
        "Who wrote Ships of Harbour Towns?",
        "Who lowers cholesterol by a tenth?",
        "By how much do owls of the north fall?",
        "When do owls of the north breed?",
        "Who wrote Harry Potter?",
    ],
)
def test_other_questions_are_answered_from_the_papers_or_not_at_all(assistant, question):
    assert all(citation.part == "abstract" for citation in assistant.ask(question).citations)


def test_a_follow_up_asks_for_the_record_of_what_was_spoken_of(assistant):
    history = [
        {"role": "user", "content": "How are owls of the north counted?"},
        {"role": "assistant", "content": "In forests [1]."},
    ]
    (citation,) = assistant.ask("And who wrote it?", history=history).citations
    assert (citation.paper_id, citation.part) == (OWLS.paper_id, "record")


@pytest.mark.parametrize(
    ("question", "author", "papers"),
    [
        ("papers by Várady", "Várady", {OWLS, BREAD}),
        ("What has Krisztina varady written?", "Krisztina varady", {OWLS, BREAD}),
        ("What does Varady say about cholesterol?", "Varady", {BREAD}),
        ("which papers by Chen are about cholesterol", "Chen", {TEA}),
        ("How are owls counted in Young's study?", "Young", {OWLS}),
    ],
)
def test_authors_that_a_question_names_bound_its_papers(assistant, question, author, papers):
    answer = assistant.ask(question)
    assert {citation.paper_id for citation in answer.citations} == {paper.paper_id for paper in papers}
    assert answer.filters == Filters(author=author)
    assert f"Only papers by {author}, as the question names them." in answer.notes


@pytest.mark.parametrize(
    ("question", "papers", "years"),
    [
        ("papers by Bernanke", [BANKS, COSTS], (None, None)),
        ("Which papers did Bernanke write?", [BANKS, COSTS], (None, None)),
        ("In which journal did Gertler publish?", [BANKS], (None, None)),
        ("list papers by Bernanke since 1990", [BANKS], (1990, None)),
        ("Bernanke's papers before 1990", [COSTS], (None, 1989)),
        ("What did Bernanke publish in 1988?", [COSTS], (1988, 1988)),
    ],
)
def test_the_papers_of_an_author_are_listed_by_their_records(assistant, question, papers, years):
    """Also those with a title only, and of the years asked for."""
    answer = assistant.ask(question)
    assert [(citation.part, citation.quote) for citation in answer.citations] == [
        ("record", record_text(paper)) for paper in papers
    ]
    assert (answer.filters.from_year, answer.filters.to_year) == years
    assert answer.offered_filters is None
    assert len(assistant.ask(question, words=1).citations) == 1


def test_a_refusal_names_the_author_who_may_be_meant(assistant):
    assert "Did you mean Ben Bernanke?" in assistant.ask("papers by Bernanki since 1990").reason
    assert "Did you mean" not in assistant.ask("papers by Xqwerty").reason


def test_what_an_author_says_is_quoted_where_there_is_a_text(assistant):
    answer = assistant.ask("What does Bernanke say?")
    assert [citation.part for citation in answer.citations] == ["abstract", "record"]


@pytest.mark.parametrize(
    "question",
    [
        "Does bread lower cholesterol in young people?",  # a word of the texts
        "What is made by German bakers?",  # which have it with this capital
        "What lowers cholesterol in people of Rome?",  # no author
    ],
)
def test_words_that_are_no_names_here_bound_nothing(shelf, question):
    assert not authors_in(question, shelf).names


def test_several_authors_bound_papers_to_those_of_all_or_else_of_any(assistant):
    def cited(question):
        return {citation.paper_id for citation in assistant.ask(question).citations}

    assert cited("papers by Várady and John Young") == {OWLS.paper_id}
    assert cited("papers by Young and Chen") == {OWLS.paper_id, TEA.paper_id}


def test_an_author_with_nothing_near_leaves_the_question_to_all_papers(assistant):
    answer = assistant.ask("Does the census of ships by Chen cover harbours?")
    assert [citation.paper_id for citation in answer.citations] == [SHIPS.paper_id]
    assert answer.filters.author is None


def test_a_search_finds_the_papers_of_an_author(shelf):
    retriever = Retriever(shelf)
    hits = retriever.search("varady")
    assert {hit.paper.paper_id for hit in hits[:2]} == {OWLS.paper_id, BREAD.paper_id}
    assert all(hit.is_near for hit in hits[:2])
    assert retriever.search("varady cholesterol")[0].paper.paper_id == BREAD.paper_id
    scores = [hit.score for hit in retriever.search("cholesterol")]
    assert scores == [hit.score for hit in retriever._search("cholesterol", 10, Filters())]


def test_the_record_is_evidence_for_who_and_when():
    statement = Statement("Krisztina Várady published it in 2021 in the Journal of Birds.", (OWLS,))
    assert not absent(statement)
    (quote,) = quotes_of("published 3 May 2021 in Journal of Birds", (OWLS,))
    assert quote == Quote(OWLS, quote.span, "record")
    assert quote.text in OWLS_RECORD


def test_a_model_names_the_authors_whose_papers_are_asked_for(shelf, server):
    understanding = served.understood("q", authors=["Varady", "Nobody"], queries=["tea"])
    server.play(served.answer("Bread of sour dough lowers cholesterol [1]."), understanding=understanding)
    settings = Settings(api_key="sk-test", base_url=server.url, model="scripted", judge_model="off")
    with closing(Assistant(shelf, settings=settings)) as assistant:
        answer = assistant.ask(Request("What does she say about cholesterol?"))
    assert answer.filters == Filters(author="Varady")
    assert {paper.paper_id for paper in answer.papers} == {OWLS.paper_id, BREAD.paper_id}
    sent = server.requests[-1].body["messages"][-1]["content"]
    assert '"record": "Written by Krisztina Várady' in sent

"""What a question asks for and its paper does not give: details, reasons, things; and what it does give."""

import pytest

from rag.embedding.remember import Remembering
from rag.reading import Reader
from rag.support import CalibratedJudge
from rag.types import Hit, Paper, Passage
from rag.writers.details import asked_about, missing_details
from rag.writers.gaps import find_gap

OWLS = Paper(
    title="OwlNet: Hearing Mice at Night",
    abstract="We present OwlNet, a model of 24 layers with 110M parameters that hears mice. It was trained "
    "on 4,200 recordings for 3 days on two V100 GPUs with a learning rate of 0.001, and its code has the "
    "MIT licence. Experts labelled all the sounds. It fails in rain because drops are loud.",
)
BEES = Paper(
    title="BeeNet: Watching Bees Dance",
    abstract="We present BeeNet, a model that reads the dances of bees. It beats the state of the art on "
    "four data sets of flowers and generalizes to wasps.",
)
HITS = [Hit(paper, 1.0, Passage(paper.paper_id, 0, 5)) for paper in (OWLS, BEES)]


@pytest.fixture(scope="module")
def reader(encoder) -> Reader:
    from numpy import float32, full

    return Reader(Remembering(encoder), lambda ids: full(len(ids), 1 / max(len(ids), 1), float32))


@pytest.fixture(scope="module")
def missing(reader):
    return lambda question: missing_details(
        question, HITS, asked_about(question, HITS), reader.read(question, HITS)
    )


@pytest.fixture(scope="module")
def gap(reader, encoder):
    judge = CalibratedJudge(encoder)
    return lambda question: find_gap(
        question, HITS, asked_about(question, HITS), reader.read(question, HITS), judge
    )


DETAILS = [
    ("What learning rate does {} use?", "the learning rate"),
    ("Which GPUs was {} trained on?", "the hardware"),
    ("How many layers does {} have?", "the number of layers"),
    ("How many parameters does {} have?", "the number of parameters"),
    ("How long did it take to train {}?", "how long it took"),
    ("Under which licence is {} released?", "the licence"),
    ("Who labelled the data of {}?", "who labelled the data"),
]


@pytest.mark.parametrize(("question", "detail"), DETAILS)
def test_a_detail_is_missing_from_the_paper_that_does_not_give_it_alone(missing, question, detail):
    assert missing(question.format("OwlNet")) == []
    assert missing(question.format("BeeNet")) == [detail]


@pytest.mark.parametrize(
    "question",
    [
        "How many recordings is OwlNet trained on?",
        "How many data sets does BeeNet win on?",
        "How many dat sets does BeeNet win on?",
        "how many recodings does OwlNet learn from?",  # a slip of the pen
        "What is the number of recordings of OwlNet?",
        "How many times better is BeeNet?",  # counts nothing
        "How does BeeNet learn at such a rate?",
        "What does BeeNet read?",
    ],
)
def test_what_is_counted_or_not_asked_for_is_not_missing(missing, question):
    assert missing(question) == []


def test_what_no_number_stands_before_is_missing(missing):
    assert missing("How many elephants does OwlNet hear?") == ["the number of elephants"]
    assert missing("How many pilots did BeeNet ask?") == ["the number of pilots"]


def test_two_details_are_missing_together(missing):
    both = "What learning rate and which batch size does BeeNet use?"
    assert set(missing(both)) == {"the learning rate", "the batch size"}


def test_a_question_is_about_the_papers_that_it_names_else_the_first():
    assert asked_about("what does beenet read", HITS) == [1]
    assert asked_about("Is OwlNet better than BeeNet?", HITS) == [0, 1]
    assert asked_about("what is read?", HITS) == [0]


def test_a_gap_names_the_paper_and_shows_its_nearest_sentence(gap):
    found = gap("What learning rate does BeeNet use?")
    assert found.reason == f"“{BEES.title}” does not give the learning rate"
    assert (found.missing, found.whole, found.shows.hit) == ("the learning rate", True, 1)


def test_a_gap_is_in_part_where_something_else_is_asked(gap):
    found = gap("What does BeeNet read, and what learning rate does it use?")
    assert (found.missing, found.whole) == ("the learning rate", False)
    counted = gap("How many recordings is OwlNet trained on, and how many pilots were asked?")
    assert (counted.missing, counted.whole) == ("the number of pilots", False)
    assert gap("What does OwlNet hear, and what learning rate does it use?") is None


def test_a_thing_that_the_named_paper_does_not_have_is_a_gap(gap):
    assert gap("Does OwlNet work in Swahili?").missing == "Swahili"
    assert gap("Does it work in Swahili?") is None  # no paper is named: the question may be about others


def test_a_reason_that_is_given_is_no_gap_and_one_that_is_not_is(gap):
    assert gap("Why does OwlNet fail in rain?") is None
    assert gap("Why does BeeNet generalize to wasps?").missing == "the reason"
    assert gap("Why do stock markets fall in October?") is None  # of which no paper speaks


@pytest.mark.parametrize("question", ["What is OwlNet?", "what do bees dance about", "Is OwlNet any good?"])
def test_a_plain_question_has_no_gap(gap, question):
    assert gap(question) is None

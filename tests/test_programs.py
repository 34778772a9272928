"""What other programs are given: the same JSON as the command line's, and errors in one line."""

import inspect
import json
import re

import pytest
from answers import untimed

from ingest.chunking import split_abstract
from rag.errors import AskpapersError, ModelError, QuestionError
from rag.settings import Settings
from rag.types import Paper
from ui.cli import main
from ui.desk import Desk
from ui.programs import Programs

QUESTION = "How much compute does bert2BERT save?"
SEARCH = "distillation of language models since 2020"


@pytest.fixture(scope="module")
def desk(bundled):
    with Desk(Settings(), bundled.folder) as desk:
        yield desk


@pytest.fixture(scope="module")
def programs(desk):
    return Programs(desk)


@pytest.fixture
def printed(bundled, capsys):
    """What a command prints as JSON."""

    def run(*arguments):
        assert main([*arguments, "--json", "--library", str(bundled.folder)]) == 0
        return json.loads(capsys.readouterr().out)

    return run


def test_an_answer_is_the_one_that_the_command_line_prints(programs, printed):
    told = programs.ask(QUESTION)
    assert untimed(told) == untimed(printed("ask", QUESTION))
    assert told["status"] == "answered" and told["citations"]
    assert json.loads(json.dumps(told)) == told


def test_the_options_of_a_question_are_followed(programs, printed):
    options = {"from_year": 2020, "to_year": 2021, "words": 30}
    asked = ("ask", SEARCH, "--from-year", "2020", "--to-year", "2021", "--words", "30")
    assert untimed(programs.ask(SEARCH, **options)) == untimed(printed(*asked))
    assert programs.ask(SEARCH, **options)["filters"] == {"from_year": 2020, "to_year": 2021}


def test_a_follow_up_is_read_with_the_history(programs):
    history = [
        {"role": "user", "content": "What is bert2BERT?"},
        {"role": "assistant", "content": "A way to reuse a smaller model."},
    ]
    answer = programs.ask("How much compute does it save?", history=history)
    assert "bert2BERT" in answer["resolved_question"]


def test_a_stream_holds_the_answer(programs):
    stream = programs.stream(QUESTION)
    assert "".join(stream) == stream.answer.text == programs.ask(QUESTION)["text"]


def test_a_ranking_is_the_one_that_the_command_line_prints(programs, printed):
    assert programs.search(SEARCH) == printed("search", SEARCH)
    few = programs.search(SEARCH, 3, from_year=2019, to_year=2021)
    assert few == printed("search", SEARCH, "-k", "3", "--from-year", "2019", "--to-year", "2021")
    assert len(few["hits"]) == 3
    assert few["filters"] == {"from_year": 2019, "to_year": 2021}
    assert programs.search(SEARCH, 3.0)["hits"] == programs.search(SEARCH, 3)["hits"]


def test_a_hundred_papers_at_most(programs):
    assert len(programs.search(SEARCH, 100, from_year=1900)["hits"]) == 100
    for count in (0, -1, 101, None):
        with pytest.raises(QuestionError, match="ask for 1 to 100"):
            programs.search(SEARCH, count)


def test_a_paper_by_whatever_names_it(library):
    paper = Paper(
        "A Title: of Sorts",
        "What it says.",
        published="2021-10",
        author_count=3,
        organization="Some Lab",
        arxiv_id="2110.07143",
        doi="10.1000/xyz",
        authors=("Ada Owl", "Bo Bee"),
    )
    library.catalog.recorder(split_abstract).put([paper], "here")
    with Desk(Settings(), library.folder) as desk:
        programs = Programs(desk)
        told = programs.get_paper("2110.07143")
        assert told == {
            "paper_id": "2110.07143",
            "title": "A Title: of Sorts",
            "abstract": "What it says.",
            "published": "2021-10",
            "author_count": 3,
            "authors": ["Ada Owl", "Bo Bee"],
            "organization": "Some Lab",
            "arxiv_id": "2110.07143",
            "doi": "10.1000/xyz",
            "key": None,
            "tags": [],
            "collections": [],
            "note": "",
            "retracted": None,
            "csl": {},
            "link": "https://arxiv.org/abs/2110.07143",
            "is_digest": False,
        }
        names = ("arXiv:2110.07143v3", "https://doi.org/10.1000/XYZ", "a title of sorts", " 2110.07143 ")
        for name in names:
            assert programs.get_paper(name) == told


@pytest.mark.parametrize(
    "call",
    [
        lambda programs: programs.ask("  "),
        lambda programs: programs.ask(None),
        lambda programs: programs.ask(QUESTION, from_year="2020"),
        lambda programs: programs.ask(QUESTION, from_year=2020.5),
        lambda programs: programs.ask(QUESTION, from_year=2021, to_year=2020),
        lambda programs: programs.ask(QUESTION, words=0),
        lambda programs: programs.ask(QUESTION, words=True),
        lambda programs: programs.ask(QUESTION, history="before"),
        lambda programs: programs.ask(QUESTION, history=["before"]),
        lambda programs: programs.search(""),
        lambda programs: programs.search(7),
        lambda programs: programs.search(SEARCH, "many"),
        lambda programs: programs.search(SEARCH, from_year=float("nan")),
        lambda programs: programs.get_paper("no such paper\nat all" * 20),
        lambda programs: programs.get_paper(""),
        lambda programs: programs.get_paper("\ud800"),
        lambda programs: programs.get_paper(None),
    ],
)
def test_what_cannot_be_asked_is_told_in_one_line_with_the_next_step(programs, call):
    with pytest.raises(AskpapersError) as raised:
        call(programs)
    assert re.fullmatch(r".{1,250}: .+", str(raised.value))


def test_a_model_that_is_not_there_is_told_at_once(desk):
    with pytest.raises(ModelError):
        Programs(desk, "llm")


@pytest.mark.parametrize("method", [Programs.ask, Programs.search, Programs.get_paper])
def test_each_docstring_describes_each_parameter_in_a_line(method):
    description, arguments = inspect.getdoc(method).split("\n\nArgs:\n")
    assert len(description) > 200
    described = [re.fullmatch(r"    (\w+): \S.+\.", line)[1] for line in arguments.splitlines()]
    assert described == list(inspect.signature(method).parameters)[1:]

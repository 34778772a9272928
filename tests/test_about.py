"""What is said to the program gets a plain reply; what is asked of papers never does."""

import json
from pathlib import Path

import pytest
from conftest import library_of
from tables import in_one_test

from eval.cases import CaseTurn
from eval.metrics.registry import METRICS
from eval.scoring import expect, score
from rag import Assistant, Conversation, Filters, QuestionError
from rag.about import topic_of
from rag.settings import Settings
from ui.export import to_markdown
from ui.parts import parts_of
from ui.terminal import print_answer
from ui.web.chats import Exchange
from ui.web.rendering import answer_html

QUESTIONS = Path(__file__).parents[1] / "eval" / "questions"
SAID = {
    "greeting": [
        "hello",
        "Hi!",
        "hey",
        "Hello there!",
        "good morning",
        "Good evening!",
        "hi, how are you?",
        "Hey there, nice to meet you",
    ],
    "thanks": [
        "thanks",
        "Thank you!",
        "thank you very much",
        "Thanks a lot",
        "Thanks, that helped",
        "great, thanks!",
    ],
    "program": [
        "what can you do?",
        "What can you do",
        "who are you?",
        "what are you?",
        "How can you help me?",
        "What is this program?",
        "how does this program work?",
        "What can I ask you?",
        "how do I add papers?",
        "How can I add my own papers?",
    ],
    "library": [
        "which papers do you have?",
        "what papers do you have?",
        "What papers are there?",
        "how many papers are there?",
        "How many papers do you have?",
        "how many papers are in the library?",
        "list all papers",
        "List the papers.",
        "show me all papers",
        "what is in the library?",
    ],
}
ASKED = """
What can BERT do?
How can patients be helped?
which papers use RoBERTa?
what do we have on gastric bypass?
Which studies do you have on malaria?
hello world programs
thanks to which method did accuracy rise?
which papers are from 2020?
What can large language models do?
What can statins do?
What are transformers?
Who are the patients?
how do I add layers to a network?
How do you add noise to images?
how are papers classified?
how many papers use BERT?
how many patients are there?
How many studies were included?
list all papers on malaria
list papers about speech
list all models
list all datasets
Which papers do you have on owls?
Which papers are about pretraining?
papers about greeting rituals
what do greetings do in conversation agents?
Which papers compare drugs?
what does the library of compounds contain?
what is in the library of small molecules?
How large is the library?
which papers were published in 2021?
papers since 2022
latest papers on protein folding
newest papers about diffusion models
Are there papers on sleep?
do you have anything on vitamin D?
Do you know papers on asthma?
Can you find papers about RNA?
what can chatbots do?
How do assistants help doctors?
what can virtual assistants do for the elderly?
How does gratitude affect wellbeing?
does saying thank you help?
what is hi-c?
Hi-C methods
HELLO trial results
Who are you calling vulnerable?
who is at risk?
What can be done?
what can we do about obesity?
How can I reduce my blood pressure?
How does it work?
how does this work?
What does it do?
what else?
why?
and for German?
which paper is the newest?
what do these papers say?
what do the papers agree on?
Which of them is best?
Summarize the papers
what are the papers about?
tell me more
what did they find?
how many of them?
which ones?
what can you say about insulin?
what can you tell me about BERT?
What do you know about obesity?
Can you help patients with pain?
How do I use BERT?
help with depression
how can you add data?
What questions can BERT answer?
which papers answer questions?
question answering systems
language model
thank you notes and wellbeing
good morning cortisol
good evening light exposure
Good night sleep in nurses
how many authors are there?
which authors are there?
who wrote the papers?
which organisations are there?
how many citations are there?
Where do the papers come from?
how were the papers selected?
What papers are missing?
do you have papers from Google?
which papers do you have from 2019?
list all papers from 2020
list all papers by Google
how many papers are from 2020?
which papers have digests?
list all papers by Smith
list all papers by women
list all papers with code
show me all the papers in the library by Chinese labs
list all the good papers
list the newest papers
list all papers in German
which papers do you have by Meta?
which papers do you trust?
which papers do you like?
what is in the paper?
show me the first paper
how many papers are good?
how many papers are wrong?
how do I write papers?
how do I cite papers?
how do I publish a paper?
how do I remove papers?
who are they?
what can it do?
what does this drug do?
what does this gene do?
how does this method work?
how does this drug work?
Which papers?
what papers?
papers?
how many papers?
how many?
what are these papers?
which papers are those?
which papers are these?
which papers did you use?
how can I help?
how can they help?
what can they do?
who?
what is in the data?
list them
do you have papers on it?
""".strip().splitlines()
PAPERS = [
    {
        "title": r"A Ledger of Owls of $\alpha$ [1]",
        "abstract": "We count owls. A ledger of owls holds 431 entries.",
        "published": "2019",
    },
    {
        "title": "A Study of Bees",
        "abstract": "We count bees. A ledger of bees holds 77 entries.",
        "published": "2011-05",
    },
    {"title": "Foxes", "abstract": "We count foxes. A ledger of foxes holds 12 entries."},
]


@pytest.fixture(scope="module")
def shelf(tmp_path_factory, encoder):
    """A library of three papers that tests only read."""
    with library_of(PAPERS, tmp_path_factory.mktemp("about"), encoder) as library:
        yield library


@pytest.fixture(scope="module")
def assistant(shelf):
    return Assistant(shelf, settings=Settings())


def real_questions():
    """Every question of the question files."""
    for path in sorted(QUESTIONS.glob("*.jsonl")):
        for line in path.read_text().splitlines():
            case = json.loads(line)
            yield from (turn["question"] for turn in case.get("turns", [case]))


@in_one_test("topic, said", [(topic, each) for topic, said in SAID.items() for each in said])
def test_what_is_said_to_the_program_is_recognised(topic, said):
    assert topic_of(said) == topic


@pytest.mark.slow
@in_one_test("asked", ASKED)
def test_what_is_asked_of_papers_is_not(asked):
    assert topic_of(asked) is None


@pytest.mark.slow
def test_no_question_of_the_question_files_is_taken_for_talk():
    assert [asked for asked in real_questions() if topic_of(asked)] == []


@pytest.mark.parametrize("asked", ["", "?", "...", "a" * 4000, "hi " * 13, "\ud800", "\udcff" * 90])
def test_odd_texts_are_no_talk(asked):
    assert topic_of(asked) is None


@pytest.mark.parametrize("said", [said[0] for said in SAID.values()])
def test_a_reply_is_an_answer_that_claims_nothing(assistant, said):
    stream = assistant.stream(said)
    assert "".join(stream) == stream.answer.text
    told = stream.answer
    assert (told.status, told.claims, told.citations, told.papers) == ("answered", (), (), ())
    assert (told.question, told.writer, told.reason, told.resolved_question) == (
        said,
        "extractive",
        None,
        None,
    )
    assert type(told).from_dict(json.loads(json.dumps(told.to_dict()))) == told


def test_the_library_is_told_of_newest_first(assistant):
    assert assistant.ask("Which papers do you have?").text == (
        "The library holds 3 papers from 2011 to 2019.\n"
        "- A Ledger of Owls of α (1) (2019)\n- A Study of Bees (2011)\n- Foxes\n"
        "See them all with `askpapers library list`, or in the Library tab of the page."
    )


def test_the_years_that_are_given_bound_what_is_listed(assistant):
    told = assistant.ask("list all papers", from_year=2015)
    assert "1 paper within these conditions.\n- A Ledger of Owls" in told.text and "Bees" not in told.text
    assert told.filters == Filters(from_year=2015)
    assert "0 papers" in assistant.ask("list all papers", from_year=2040).text


def test_what_it_can_do_has_a_question_that_the_library_answers(assistant):
    text = assistant.ask("what can you do?").text
    assert "askpapers ingest" in text and "No language model is set up" in text
    question = text.partition("For example: ")[2].partition("\n")[0]
    assert question == "What does “A Ledger of Owls of α (1)” show?"
    assert assistant.ask(question).citations[0].title == PAPERS[0]["title"]


@pytest.mark.parametrize(
    ("writer", "says"), [("auto", "model owl-1 writes"), ("extractive", "set up but not")]
)
def test_it_says_who_writes(shelf, writer, says):
    settings = Settings(model="owl-1", api_key="k", base_url="http://127.0.0.1:9")
    assert says in Assistant(shelf, settings=settings, writer=writer).ask("who are you?").text


@pytest.mark.parametrize("said", [said[0] for said in SAID.values()])
def test_an_empty_library_is_told_of_as_well(library, said):
    told = Assistant(library, settings=Settings()).ask(said)
    assert told.status == "answered"
    assert ("no papers yet" in told.text) == (said != "thanks")


@pytest.mark.parametrize("options", [{"from_year": 2020, "to_year": 2010}, {"words": 0}, {"k": 0}])
def test_bad_options_are_refused_here_too(assistant, options):
    with pytest.raises(QuestionError):
        assistant.ask("hello", **options)


def test_no_follow_up_leans_on_what_was_said_to_the_program(assistant):
    conversation = Conversation(assistant)
    conversation.ask("hello")
    first = conversation.ask("How many entries does the ledger of bees hold?")
    assert (first.resolved_question, "77" in first.text) == (None, True)
    conversation.ask("thanks")
    conversation.ask("which papers do you have?")
    assert conversation.ask("and of foxes?").resolved_question == f"{first.question} and of foxes?"
    assert len(conversation.history) == 10


def test_metrics_take_a_reply_for_no_answer(assistant, shelf):
    turn = CaseTurn.model_validate({"question": "hello", "papers": [], "answerable": False})
    answer = assistant.ask("hello")
    found = score(turn, expect(turn, shelf.catalog), answer, shelf.catalog)
    assert list(found) == list(METRICS)
    assert found["abstention_recall"].value == 1
    for name in ("faithfulness", "verbatim", "names_and_numbers", "citation_validity"):
        assert found[name].kind == "not applicable"


def test_faces_show_the_reply_alone(assistant, capsys):
    answer = assistant.ask("which papers do you have?")
    page = answer_html(Exchange("which papers do you have?", answer=answer), "a", {})
    assert [part.claim for part in parts_of(answer)] == [None]
    assert "A Ledger of Owls of α (1) (2019)" in page and "Written by" not in page
    assert not any(f'class="ap-{name}' in page for name in ("cards", "mark", "claim", "nearest", "banner"))
    print_answer(answer)
    assert capsys.readouterr().out.splitlines() == answer.text.splitlines()
    assert "References" not in to_markdown(answer, {})

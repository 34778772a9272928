"""The extractive writer: the papers' clauses, quoted to the character, within the words asked for."""

import re
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.bundled import BundledSource
from rag import Assistant, Paper
from rag.embedding.remember import Remembering
from rag.reading import Reader
from rag.retrieval import Retriever
from rag.settings import Settings
from rag.support import CalibratedJudge
from rag.types import Hit, Passage
from rag.writers.base import Log, Task
from rag.writers.extractive import ExtractiveWriter, compared
from rag.writers.relevance import INTERCEPT, WEIGHTS, Question, features, relevance, rest_weights

PAPERS = {paper.title: paper for paper in BundledSource().read() if isinstance(paper, Paper)}
TITLES = sorted(PAPERS)
ASKED = [
    "How much compute does bert2BERT save?",
    "Why is speech recognition for young children hard?",
    "What is ChildMandarin?",
    "How does a smaller model help to train a larger one?",
    "Compare AfroLM and BioGPT",
    "is it better to mask whole words",
    "Which papers pre-train on source code?",
    *(f"What does {title} show?" for title in TITLES[5::90]),
]


@pytest.fixture(scope="module")
def assistant(bundled) -> Assistant:
    return Assistant(bundled, settings=Settings())


@pytest.fixture(scope="module")
def reader(bundled, encoder) -> Reader:
    return Reader(Remembering(encoder), bundled.tokens.weights)


@pytest.fixture(scope="module")
def found(bundled) -> dict[str, list[Hit]]:
    retriever = Retriever(bundled)
    return {question: retriever.search(question, 8) for question in ASKED}


@pytest.fixture(scope="module")
def write(reader, encoder, found):
    """Each sentence that is written for a question: its words, and what it cites."""
    writer = ExtractiveWriter(reader, CalibratedJudge(encoder))

    def write(question, words=None, kind="single", hits=None):
        task, hits = Task(question, kind, words), hits or found[question]
        pieces = list(writer.write(task, hits, Log()))
        bodies, quotes, ends = pieces[::3], pieces[1::3], pieces[2::3]
        return [
            (body + end.rstrip(), hits[quote.hit].paper, quote.span)
            for body, quote, end in zip(bodies, quotes, ends, strict=True)
        ]

    return write


def plain(text: str) -> str:
    return " ".join(re.findall(r"\w+", text)).lower()


def count(sentences) -> int:
    return sum(len(text.split()) for text, _, _ in sentences)


@settings(max_examples=60)
@given(st.sampled_from(ASKED), st.integers(5, 200))
def test_an_answer_keeps_within_its_words_and_has_one_sentence_at_least(write, question, words):
    sentences = write(question, words)
    assert sentences
    assert count(sentences) <= words or len(sentences) == 1


@pytest.mark.parametrize("kind", ["single", "list", "comparison"])
@pytest.mark.parametrize("question", ASKED)
def test_a_sentence_is_part_of_the_one_it_quotes_and_none_comes_twice(write, question, kind):
    sentences = write(question, 120, kind)
    for text, paper, (start, end) in sentences:
        quote = paper.abstract[start:end]
        assert plain(text) in plain(quote)
        assert quote == quote.strip() != ""
        assert text[-1] in ".!?”\"'" and text[:1] == text[:1].strip()
        assert text[0].isupper() or not text[0].isalpha() or re.match(r"\w*[A-Z0-9]", text.split()[0])
    spans = [(paper.title, span) for _, paper, span in sentences]
    assert len(set(spans)) == len(spans)
    assert len({plain(text) for text, _, _ in sentences}) == len(sentences)


@pytest.mark.parametrize("question", ASKED)
def test_more_words_say_more(write, question):
    lengths = [count(write(question, words)) for words in (20, 60, 200)]
    assert lengths[0] <= lengths[1] + 20 and lengths[1] < lengths[2]


def test_the_sentences_of_a_paper_stand_in_its_order_and_papers_in_that_of_the_ranking(write, found):
    for question in ASKED:
        ranks = [hit.paper.title for hit in found[question]]
        places = [(ranks.index(paper.title), span) for _, paper, span in write(question, 120)]
        assert all(first < second for first, second in pairwise(places))


@pytest.mark.parametrize("words", [20, 40, 60, 120])
def test_a_comparison_has_both_papers(write, words):
    cited = {
        paper.title.split(":")[0] for _, paper, _ in write("Compare AfroLM and BioGPT", words, "comparison")
    }
    assert cited == {"AfroLM", "BioGPT"}


@pytest.mark.parametrize(
    ("question", "sides"),
    [
        ("How does Owl differ from Bee?", {"Owl", "Bee"}),
        ("Is BeeNet better than FoxNet?", {"BeeNet", "FoxNet"}),
        ("Compare OwlNet, BeeNet and FoxNet", {"OwlNet", "BeeNet", "FoxNet"}),
        ("Which is better?", {"OwlNet", "BeeNet"}),  # the first two
        ("Compare FoxNet with something", {"OwlNet", "BeeNet"}),
    ],
)
def test_the_papers_that_are_compared_are_those_that_are_named(question, sides):
    names = ["OwlNet", "BeeNet", "FoxNet", "Owl", "Bee"]
    hits = [
        Hit(Paper(title=f"{name}: A Study", abstract="It is."), 1.0, Passage(name, 0, 6)) for name in names
    ]
    assert {names[place] for place in compared(question, hits)} == sides


def test_one_paper_is_compared_with_nothing(write, found):
    hits = found["Compare AfroLM and BioGPT"][:1]
    assert compared("Compare AfroLM and BioGPT", hits) == [0]
    assert write("Compare AfroLM and BioGPT", 60, "comparison", hits)


def test_a_list_has_a_line_for_each_paper_unless_words_are_counted(write, found):
    question = "Which papers pre-train on source code?"
    titles = [hit.paper.title for hit in found[question]]
    assert [paper.title for _, paper, _ in write(question, None, "list")] == titles
    few = write(question, 60, "list")
    assert [paper.title for _, paper, _ in few] == titles[: len(few)]
    assert count(few) <= 60


def test_what_is_asked_for_decides_which_sentence_answers(write, found):
    paper = found["What is ChildMandarin?"][:1]
    figures = write("How many hours of speech does ChildMandarin hold?", 30, hits=paper)
    kept = write("Is ChildMandarin free for academic use?", 30, hits=paper)
    assert "41.25" in figures[0][0] and "41.25" not in kept[0][0]
    assert "academic" in " ".join(text for text, _, _ in kept)


def test_the_answer_carries_the_same_words_to_the_character(assistant):
    for question in ASKED[:6]:
        answer = assistant.ask(question)
        for citation in answer.citations:
            paper = PAPERS[citation.title]
            assert citation.quote == paper.abstract[citation.start : citation.end]
        assert answer.status == "answered"
        assert len(answer.claims) == len(answer.citations)


@pytest.mark.parametrize(
    ("abstract", "text"),
    [
        ("however, owls hunt mice [3] at night.", "Owls hunt mice at night."),
        ("bert2BERT hunts mice at night", "bert2BERT hunts mice at night."),
        ("Owls say “good night.”", "Owls say “good night.”"),
        ("Do owls hunt mice at night?", "Do owls hunt mice at night?"),
        ("Owls hunt mice at night;", "Owls hunt mice at night."),
        ("Owls.", "Owls."),
    ],
)
def test_a_clause_is_shown_as_a_sentence(write, abstract, text):
    paper = Paper(title="On Owls", abstract=abstract)
    (written,) = write("What do owls hunt?", 60, hits=[Hit(paper, 1.0, Passage(paper.paper_id, 0, 1))])
    assert written[0] == text


# Relevance


@pytest.mark.parametrize(
    ("text", "wants"),
    [
        ("How much does it save?", {"number"}),
        ("by what factor is it faster", {"number"}),
        ("Why does it fail?", {"reason"}),
        ("what motivates the mask of whole words here", {"reason"}),
        ("What is LoRA?", {"definition"}),
        ("tell me about model soups", {"definition"}),
        ("How do A and B differ?", set()),
        ("is the code public?", {"link"}),
        ("Who reads it?", set()),
        ("How many are there, and why?", {"number", "reason"}),
    ],
)
def test_a_question_tells_what_it_wants(text, wants):
    asked = Question(text)
    kinds = ("number", "reason", "definition", "link")
    assert {kind for kind in kinds if getattr(asked, f"wants_{kind}")} == wants


def test_a_list_wants_what_each_paper_does():
    assert Question("papers on owls", "list").wants_definition


def test_a_feature_is_there_only_where_it_is_wanted(reader, found):
    hits = found["What is ChildMandarin?"]
    reading = reader.read("What is ChildMandarin?", hits)
    weights = rest_weights(reading)
    assert weights.shape == (len(hits), len(reading.starts))
    assert ((weights.sum(axis=1) < 1.001) & (weights >= 0).all(axis=1)).all()
    sentence = next(one for one in reading.sentences if "41.25" in one.text)
    span = (0, len(sentence.text))
    plain = features(Question("What of ChildMandarin?"), sentence, span, hits, weights)
    asked = features(Question("How much of ChildMandarin?"), sentence, span, hits, weights)
    assert set(plain) == set(WEIGHTS)
    assert (plain["number"], asked["number"]) == (0, 1)
    assert (plain["first_paper"], plain["first_sentence"], plain["question"]) == (1, 0, 0)
    assert 0 <= relevance(plain) < relevance(asked) <= 1


def test_relevance_is_logistic():
    nothing = dict.fromkeys(WEIGHTS, 0.0)
    assert relevance(nothing) == pytest.approx(1 / (1 + 2.718281828**-INTERCEPT))
    rising = [relevance(nothing | {"match": value}) for value in (0, 0.5, 1)]
    assert rising == sorted(rising) and len(set(rising)) == 3

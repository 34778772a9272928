"""The extractive writer: the papers' own sentences, whole, grouped by paper, within the words asked for."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.bundled import BundledSource
from rag import Assistant, Paper
from rag.composing import Heading, Quoted
from rag.embedding.remember import Remembering
from rag.query import Understanding
from rag.reading import Reader
from rag.retrieval import Retriever
from rag.sentences import sentence_spans, strip_span
from rag.settings import Settings
from rag.types import Hit, Passage, Request
from rag.writers.base import Log
from rag.writers.extractive import BY_CHOICE, NO_MODEL, ExtractiveWriter, sides
from rag.writers.relevance import INTERCEPT, WEIGHTS, features, relevance, relevances

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


def understood(question, kind="single", words=None):
    return Understanding(Request(question, words=words), None, question, kind=kind)


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
def write(reader, found):
    """Each sentence that is written for a question: its words, and what it cites."""
    writer = ExtractiveWriter(reader)

    def write(question, words=None, kind="single", hits=None):
        task, hits = understood(question, kind, words), hits or found[question]
        pieces = list(writer.write(task, hits, Log()))
        headed = [piece.hit for piece in pieces if isinstance(piece, Heading)]
        assert len(set(headed)) == len(headed)  # the sentences of a paper stand together
        sentences = []
        for piece in pieces:
            if isinstance(piece, Heading):
                head = piece.hit
            else:
                assert isinstance(piece, Quoted) and piece.hit == head
                sentences.append((piece.text, hits[piece.hit].paper, (piece.place.start, piece.place.end)))
        return sentences

    return write


def plain(text: str) -> str:
    return " ".join(re.findall(r"\w+", text)).lower()


def count(sentences) -> int:
    """The words of the sentences and of the titles above them."""
    titles = {paper.heading for _, paper, _ in sentences}
    return sum(len(text.split()) for text in [*titles, *(text for text, _, _ in sentences)])


@pytest.mark.slow
@settings(max_examples=60)
@given(st.sampled_from(ASKED), st.integers(5, 200))
def test_an_answer_keeps_within_its_words_and_has_one_sentence_at_least(write, question, words):
    sentences = write(question, words)
    assert sentences
    assert count(sentences) <= words or len(sentences) == 1


@pytest.mark.parametrize("kind", ["single", "list", "comparison"])
@pytest.mark.parametrize("question", ASKED)
def test_a_sentence_is_the_whole_of_the_one_it_quotes_and_none_comes_twice(write, question, kind):
    sentences = write(question, 120, kind)
    for text, paper, (start, end) in sentences:
        quote = paper.abstract[start:end]
        assert plain(text) == plain(quote)
        assert quote == quote.strip() != ""
        assert text[-1] in ".!?”\"'" and text[:1] == text[:1].strip()
        assert (start, end) in {strip_span(paper.abstract, span) for span in sentence_spans(paper.abstract)}
    spans = [(paper.title, span) for _, paper, span in sentences]
    assert len(set(spans)) == len(spans)
    assert len({plain(text) for text, _, _ in sentences}) == len(sentences)


@pytest.mark.parametrize("question", ASKED)
def test_an_answer_has_about_eighty_words_unless_told_otherwise(write, question):
    sentences = write(question)
    assert count(sentences) <= 80 or len(sentences) == 1


@pytest.mark.parametrize("question", ASKED)
def test_more_words_say_more(write, question):
    lengths = [count(write(question, words)) for words in (20, 60, 200)]
    assert lengths[0] <= lengths[1] + 20 and lengths[1] < lengths[2]


@pytest.mark.parametrize("words", [20, 40, 60, 120])
def test_a_comparison_has_both_papers(write, words):
    cited = {
        paper.title.split(":")[0] for _, paper, _ in write("Compare AfroLM and BioGPT", words, "comparison")
    }
    assert cited == {"AfroLM", "BioGPT"}


def test_the_papers_that_are_compared_are_those_that_hold_most_of_the_question_together(reader):
    names = ["Owls", "Owls and Mice", "Bees"]
    hits = [Hit(Paper(name, f"We study {name}."), 1.0, Passage(name, 0, 6)) for name in names]
    assert sides(reader.read("How do owls differ from bees?", hits)) in {(0, 2), (1, 2)}


def test_one_paper_is_compared_with_nothing(write, found):
    hits = found["Compare AfroLM and BioGPT"][:1]
    assert write("Compare AfroLM and BioGPT", 60, "comparison", hits)


def test_a_list_has_a_line_for_each_paper_unless_words_are_counted(write, found):
    question = "Which papers pre-train on source code?"
    titles = [hit.paper.title for hit in found[question]]
    assert [paper.title for _, paper, _ in write(question, None, "list")] == titles
    few = write(question, 60, "list")
    assert [paper.title for _, paper, _ in few] == titles[: len(few)]
    assert count(few) <= 60


@pytest.mark.parametrize(
    ("question", "word"),
    [
        ("How many hours of speech does ChildMandarin hold?", "41.25"),
        ("Is ChildMandarin free for academic use?", "academic"),
    ],
)
def test_what_is_asked_for_decides_which_sentences_answer(write, found, question, word):
    paper = found["What is ChildMandarin?"][:1]
    assert word in " ".join(text for text, _, _ in write(question, 60, hits=paper))


def test_the_note_says_why_no_model_writes(reader, found):
    for writer, note in (
        (ExtractiveWriter(reader), NO_MODEL),
        (ExtractiveWriter(reader, BY_CHOICE), BY_CHOICE),
    ):
        list(writer.write(understood(ASKED[0]), found[ASKED[0]], log := Log()))
        assert log.notes == [note]
    assert NO_MODEL.startswith("No language model is set up") and "No language model" not in BY_CHOICE


def test_the_answer_carries_the_same_words_to_the_character(assistant):
    for question in ASKED[:6]:
        answer = assistant.ask(question)
        for citation in answer.citations:
            paper = PAPERS[citation.title]
            assert citation.quote == paper.abstract[citation.start : citation.end]
        assert (answer.status, answer.checked_by, answer.usage, answer.steps) == ("answered", None, {}, {})
        assert list(answer.seconds) == ["retrieve", "write", "total"]
        assert [claim.quotes for claim in answer.claims] == [
            (place,) for place in range(len(answer.citations))
        ]
        assert {(claim.check, claim.support) for claim in answer.claims} == {("verbatim", 1.0)}
        papers = {(citation.number, citation.paper_id) for citation in answer.citations}
        assert len(papers) == len({number for number, _ in papers}) == len({each for _, each in papers})
        assert all(PAPERS[each.title].heading in answer.text.splitlines() for each in answer.citations)


@pytest.mark.parametrize(
    ("abstract", "text"),
    [
        ("However, owls hunt mice [3] at night.", "However, owls hunt mice at night."),
        ("bert2BERT hunts mice at night", "bert2BERT hunts mice at night."),
        ("Owls say “good night.”", "Owls say “good night.”"),
        ("Do owls hunt mice at night?", "Do owls hunt mice at night?"),
        ("Owls.", "Owls."),
    ],
)
def test_a_sentence_is_shown_with_its_full_stop_and_without_reference_numbers(write, abstract, text):
    paper = Paper(title="On Owls", abstract=abstract)
    (written,) = write("What do owls hunt?", 60, hits=[Hit(paper, 1.0, Passage(paper.paper_id, 0, 1))])
    assert written[0] == text


# Relevance


def test_each_sentence_has_its_features_and_a_probability(reader, found):
    hits = found["What is ChildMandarin?"]
    reading = reader.read("What is ChildMandarin?", hits)
    rows = features(reading, hits)
    assert len(rows) == len(reading.sentences) == len(relevances(reading, hits))
    assert all(set(row) == set(WEIGHTS) for row in rows)
    assert (rows[0]["first_paper"], rows[0]["first_sentence"], rows[0]["place"]) == (1, 1, 0)
    assert sum(row["last_sentence"] for row in rows) == sum(row["first_sentence"] for row in rows)
    number = next(place for place, one in enumerate(reading.sentences) if "41.25" in one.text)
    assert rows[number]["number"] == 1
    assert all(0 < value < 1 for value in relevances(reading, hits))


def test_relevance_is_logistic():
    nothing = dict.fromkeys(WEIGHTS, 0.0)
    assert relevance(nothing) == pytest.approx(1 / (1 + 2.718281828**-INTERCEPT))
    rising = [relevance(nothing | {"match": value}) for value in (0, 0.5, 1)]
    assert rising == sorted(rising) and len(set(rising)) == 3

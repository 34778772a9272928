"""A question read against sentences: cosines of word pieces, with their places."""

import numpy as np
import pytest

from rag.embedding.remember import Remembering
from rag.reading import Reader
from rag.sentences import sentence_spans
from rag.types import Hit, Paper, Passage

PAPERS = [
    Paper(title="Owls at Night", abstract="Owls hunt mice in the dark.  They hear well. Do they see?"),
    Paper(title="A Study of Bees", abstract="Bees dance to tell where flowers stand."),
]
HITS = [Hit(paper, 1.0, Passage(paper.paper_id, 0, 5)) for paper in PAPERS]
QUESTION = "What do owls hunt?"


@pytest.fixture(scope="module")
def reader(encoder) -> Reader:
    return Reader(Remembering(encoder), lambda ids: np.full(len(ids), 1 / max(len(ids), 1), np.float32))


def test_the_sentences_are_those_of_the_abstracts_in_order(reader):
    reading = reader.read(QUESTION, HITS)
    assert [sentence.text for sentence in reading.sentences] == [
        *("Owls hunt mice in the dark.", "They hear well.", "Do they see?"),
        "Bees dance to tell where flowers stand.",
    ]
    for sentence in reading.sentences:
        assert PAPERS[sentence.hit].words_of(sentence.place) == sentence.text
    assert len(reading.sentences) == sum(len(sentence_spans(paper.abstract)) for paper in PAPERS)


def test_places_are_those_of_the_word_pieces(reader):
    reading = reader.read(QUESTION, HITS)
    assert [QUESTION[start:].split()[0].rstrip("?") for start in reading.starts] == QUESTION.rstrip(
        "?"
    ).split()
    assert all(sentence.similar.shape[1] == len(reading.starts) for sentence in reading.sentences)


def test_the_same_word_is_nearest_and_values_are_cosines(reader):
    reading = reader.read(QUESTION, HITS)
    owls = QUESTION.split().index("owls")
    best = [sentence.best()[owls] for sentence in reading.sentences]
    assert best[0] == max(best) > 0.7
    for sentence in reading.sentences:
        assert np.abs(sentence.similar).max() <= 1 + 1e-5
    assert (reading.papers >= reading.titles - 1e-6).all()


@pytest.mark.parametrize("question", ["?", "…", ""])
def test_a_question_without_words_is_compared_with_nothing(reader, question):
    reading = reader.read(question, HITS)
    assert reading.papers.shape == (2, 0)
    assert len(reading.weights) == 0


def test_an_abstract_without_words_and_no_hit_at_all(reader):
    blank = [Hit(Paper(title="!", abstract="..."), 1.0, Passage("x", 0, 1)), HITS[1]]
    reading = reader.read(QUESTION, blank)
    assert (reading.papers[0] == 0).all() and reading.papers[1].max() > 0
    none = reader.read(QUESTION, [])
    assert (none.sentences, none.papers.shape) == ((), (0, len(none.starts)))


def test_the_nearest_sentence_is_quoted_as_it_stands(reader):
    assert reader.nearest("Bees tell others of flowers.", PAPERS[1]).text == PAPERS[1].abstract
    assert reader.nearest("They have good ears.", PAPERS[0]).text == "They hear well."
    assert reader.nearest("", PAPERS[0]).text in PAPERS[0].abstract
    assert reader.nearest("Owls hunt.", Paper(title="!", abstract="")).span == (0, 0)

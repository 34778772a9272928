"""A library whose encoder gives vectors of tokens too: it serves both indexes, and no other is loaded."""

import re
import zlib

import numpy as np
import pytest
from conftest import Halved, Listed

from ingest.pipeline import ingest
from rag import Assistant, WrongEncoderError
from rag.embedding.base import Tokens, unit
from rag.embedding.minilm import MiniLM
from rag.library import Library
from rag.retrieval import Retriever
from rag.types import Paper

TOPICS = ("owls", "bees", "rivers", "glaciers")
PAPERS = tuple(Paper(f"A Study of {topic}", f"We count {topic} in the field.") for topic in TOPICS)


class Words:
    """An encoder whose tokens are words, each with a vector of its own; a text's vector is their mean."""

    name, vocabulary = "words", 1000

    def __init__(self, width=160):
        self.dimension = self.width = width
        self.texts = []

    def encode(self, texts):
        self.texts += texts
        sums = [tokens.vectors.sum(axis=0) for tokens in self._tokens(texts)]
        return unit(np.array(sums, np.float32).reshape(len(texts), self.dimension))

    def encode_tokens(self, texts):
        self.texts += texts
        return self._tokens(texts)

    def _tokens(self, texts):
        return [self._tokens_of(list(re.finditer(r"\w+", text.lower()))) for text in texts]

    def _tokens_of(self, words):
        ids = np.array([zlib.crc32(word[0].encode()) % self.vocabulary for word in words], np.int32)
        vectors = [np.random.default_rng(number).standard_normal(self.width) for number in ids]
        starts = np.array([word.start() for word in words], np.int32)
        return Tokens(ids, np.array(vectors, np.float32).reshape(len(ids), self.width), starts)


class WordsInOnePass(Words):
    """The same encoder, with one pass for both."""

    name = "words in one pass"

    def encode_both(self, texts):
        self.texts += texts
        tokens = self._tokens(texts)
        return unit(np.array([one.vectors.sum(axis=0) for one in tokens], np.float32)), tokens


@pytest.fixture
def without_minilm(monkeypatch):
    for method in ("encode", "encode_tokens", "encode_both"):
        monkeypatch.setattr(MiniLM, method, None)


@pytest.mark.parametrize("kind", [Words, WordsInOnePass])
def test_one_encoder_serves_both_indexes(kind, tmp_path, without_minilm):
    encoder = kind()
    with Library.create(tmp_path, encoder) as library:
        ingest(library, [Listed(PAPERS)])
        passes = 2 if kind is Words else 1
        assert len(encoder.texts) == passes * len(PAPERS)
        best = Retriever(library).search("glaciers")[0]
        assert best.paper.title == "A Study of glaciers"
        assert {"dense", "token"} <= best.signals.keys()
        assert (library.behind(), library.verify()) == (0, [])


@pytest.mark.parametrize("width", [40, 160])
def test_tokens_of_any_width_are_matched_in_a_library_of_any_size(width, tmp_path):
    papers = tuple(Paper(f"Field {number}", f"We count {number} owls.") for number in range(100, 170))
    with Library.create(tmp_path, Words(width)) as library:
        ingest(library, [Listed(papers)])
        assert Retriever(library).search("field 142")[0].paper.title == "Field 142"
        assert library.verify() == []


def test_the_tokens_of_another_encoder_are_refused_and_reindex_is_the_cure(tmp_path, encoder):
    with Library.create(tmp_path, Words()) as library:
        ingest(library, [Listed(PAPERS)])
    for other in (encoder, WordsInOnePass()):
        with Library(tmp_path, other) as library:
            for index in (library.dense, library.tokens):
                with pytest.raises(WrongEncoderError, match=r"words.*library reindex"):
                    index.checkpoint()
            library.reindex()
            assert (library.behind(), library.verify()) == (0, [])


def test_an_encoder_without_tokens_takes_those_of_the_embedded_one(tmp_path, encoder):
    with Library.create(tmp_path, Halved(encoder)) as library:
        ingest(library, [Listed(PAPERS)])
        assert library.token_encoder is encoder
        assert "token" in Retriever(library).search("bees")[0].signals


def test_questions_are_answered_from_a_library_with_word_pieces_of_its_own(tmp_path):
    with Library.create(tmp_path, Words()) as library:
        ingest(library, [Listed(PAPERS)])
        assert "We count bees in the field" in Assistant(library).ask("Where are bees counted?").text


def test_a_library_closes_the_connection_of_its_encoder(tmp_path):
    class Connected(Words):
        closings = 0

        def close(self):
            self.closings += 1

    encoder = Connected()
    with Library.create(tmp_path, encoder):
        pass
    assert encoder.closings == 1

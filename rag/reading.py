"""Compares a question with the sentences of papers, word piece by word piece, by cosine.

The vectors are those of the encoder's last layer for each sentence by itself (late interaction: Khattab
and Zaharia, 2020, "ColBERT"). Refusals and the extractive writer share this.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rag.checking import Quote
from rag.embedding.base import TokenEncoder, Tokens, Vectors, unit
from rag.library.embedded import embedded_text
from rag.sentences import sentences_in, sentences_of
from rag.types import Hit, Paper, Passage
from rag.words import share_in

Weigh = Callable[[NDArray[np.int32]], Vectors]
"""The weight of each word piece, adding up to 1."""


@dataclass(frozen=True)
class Sentence:
    """A sentence of what is read of a hit, or a row of a table there.

    `hit` is the index of its paper among the hits, `place` where it stands there; `similar` are the cosines
    of its word pieces to those of the question, (pieces, question pieces). `passage` is the abstract, or
    the passage of the body, that holds it.
    """

    hit: int
    place: Passage
    text: str
    similar: Vectors
    passage: Passage

    def best(self) -> Vectors:
        """The best match of each word piece of the question."""
        return _best(self.similar)


@dataclass(frozen=True)
class Reading:
    """A question compared with hits.

    `pieces` (question pieces,) are the ids of its word pieces, `starts` their offsets in its text,
    `weights` their weights, adding up to 1. `titles` and `papers` (hits, question pieces) are the best
    match of each piece in each title and in each whole paper.
    """

    pieces: NDArray[np.int32]
    starts: NDArray[np.int32]
    weights: Vectors
    sentences: tuple[Sentence, ...]
    titles: Vectors
    papers: Vectors


@dataclass(frozen=True)
class Reader:
    """Compares questions with sentences."""

    encoder: TokenEncoder
    weigh: Weigh

    def read_ahead(self, paper: Paper) -> int:
        """Encode what a question reads of a paper, to fill the encoder's cache. Returns how many texts."""
        texts = [paper.title, *map(paper.words_of, sentences_in(paper))]
        self.encoder.encode_tokens(texts)
        return len(texts)

    def read(self, question: str, hits: Sequence[Hit]) -> Reading:
        """Compare a question with each sentence of the hits.

        The sentences of a body are encoded with their passage, behind title and heading, as what they
        are about often stands there.
        """
        texts = [text for number, hit in enumerate(hits) for text in _read(number, hit)]
        titles = [hit.paper.title for hit in hits]
        tokens, *encoded = self.encoder.encode_tokens([question, *titles, *(text.text for text in texts)])
        transposed = unit(tokens.vectors).T
        cosines = [unit(text.vectors) @ transposed for text in encoded]
        sentences = tuple(
            Sentence(text.hit, place, hits[text.hit].paper.words_of(place), similar[inside], text.passage)
            for text, known, similar in zip(texts, encoded[len(hits) :], cosines[len(hits) :], strict=True)
            for place, inside in text.sentences(hits[text.hit].paper, known)
        )
        title_matches = [_best(similar) for similar in cosines[: len(hits)]]
        paper_matches = list(title_matches)
        for sentence in sentences:
            paper_matches[sentence.hit] = np.maximum(paper_matches[sentence.hit], sentence.best())
        shape = (len(hits), len(tokens.ids))
        return Reading(
            tokens.ids,
            tokens.starts,
            self.weigh(tokens.ids),
            sentences,
            np.array(title_matches, np.float32).reshape(shape),
            np.array(paper_matches, np.float32).reshape(shape),
        )

    def nearest(self, text: str, paper: Paper) -> Quote:
        """The sentence read of a paper that is nearest to a text, or its record, if that has more of the
        text's words; an empty one where there is none.
        """
        reading = self.read(text, [Hit(paper, 1.0, Passage(paper.paper_id, 0, 0))])
        likeness = [float(sentence.best() @ reading.weights) for sentence in reading.sentences]
        best = reading.sentences[int(np.argmax(likeness))].place if likeness else Passage("", 0, 0)
        record = paper.whole("record")
        is_of_record = share_in(text, paper.words_of(record)) > share_in(text, paper.words_of(best))
        return Quote.at(paper, record if is_of_record else best)


@dataclass(frozen=True)
class _Text:
    """A text to encode: a sentence of an abstract, or a passage of a body with what stands above it."""

    hit: int
    passage: Passage
    text: str
    sentence: Passage | None = None

    def sentences(self, paper: Paper, tokens: Tokens) -> Iterator[tuple[Passage, NDArray[np.bool_]]]:
        """The place of each sentence of the text, and which of its tokens are of the sentence."""
        if self.sentence:
            yield self.sentence, np.ones(len(tokens.ids), np.bool_)
            return
        shift = len(self.text) - self.passage.end  # from offsets in the body to those in the text
        for place in sentences_of(paper, self.passage):
            yield place, (tokens.starts >= place.start + shift) & (tokens.starts < place.end + shift)


def _read(number: int, hit: Hit) -> Iterator[_Text]:
    """What is encoded of a hit: the sentences of its abstract, the passages of its body."""
    paper = hit.paper
    for passage in paper.shown:
        if passage.part == "body":
            yield _Text(number, passage, embedded_text(paper, passage))
            continue
        for sentence in sentences_of(paper, passage):
            yield _Text(number, passage, paper.words_of(sentence), sentence)


def _best(similar: Vectors) -> Vectors:
    """The largest cosine of each column; 0 in an empty matrix."""
    best: Vectors = similar.max(axis=0) if len(similar) else np.zeros(similar.shape[1], np.float32)
    return best

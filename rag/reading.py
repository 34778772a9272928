"""Compares a question with the sentences of papers, word piece by word piece, by cosine.

The vectors are those of the encoder's last layer for each sentence by itself (late interaction: Khattab
and Zaharia, 2020, "ColBERT"). Refusals and the extractive writer share this.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rag.checking import Quote
from rag.embedding.base import TokenEncoder, Vectors, unit
from rag.sentences import sentences_in
from rag.types import Hit, Paper, Passage

Weigh = Callable[[NDArray[np.int32]], Vectors]
"""The weight of each word piece, adding up to 1."""


@dataclass(frozen=True)
class Sentence:
    """A sentence of what is read of a hit, or a row of a table there.

    `hit` is the index of its paper among the hits, `place` where it stands there; `similar` are the cosines
    of its word pieces to those of the question, (pieces, question pieces).
    """

    hit: int
    place: Passage
    text: str
    similar: Vectors

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
        """Compare a question with each sentence of the hits."""
        places = [(number, place) for number, hit in enumerate(hits) for place in sentences_in(hit.paper)]
        texts = [hits[number].paper.words_of(place) for number, place in places]
        titles = [hit.paper.title for hit in hits]
        tokens, *encoded = self.encoder.encode_tokens([question, *titles, *texts])
        transposed = unit(tokens.vectors).T
        cosines = [unit(text.vectors) @ transposed for text in encoded]
        sentences = tuple(
            Sentence(number, place, text, similar)
            for (number, place), text, similar in zip(places, texts, cosines[len(hits) :], strict=True)
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
        """The sentence read of a paper that is nearest to a text, an empty one where it has none."""
        reading = self.read(text, [Hit(paper, 1.0, Passage(paper.paper_id, 0, 0))])
        likeness = [float(sentence.best() @ reading.weights) for sentence in reading.sentences]
        best = int(np.argmax(likeness)) if likeness else None
        return Quote.at(paper, Passage("", 0, 0) if best is None else reading.sentences[best].place)


def _best(similar: Vectors) -> Vectors:
    """The largest cosine of each column; 0 in an empty matrix."""
    best: Vectors = similar.max(axis=0) if len(similar) else np.zeros(similar.shape[1], np.float32)
    return best

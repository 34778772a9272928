"""What the sentences of papers say to a question: each word piece against each, by cosine.

The vectors are those of the encoder's last layer, of each sentence by itself (late interaction:
Khattab and Zaharia, 2020, "ColBERT"). Refusals and the extractive writer read the same way.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rag.embedding.base import TokenEncoder, Vectors, unit
from rag.sentences import sentence_spans, strip_span
from rag.types import Hit, Paper, Span

Weigh = Callable[[NDArray[np.int32]], Vectors]
"""The weight of each word piece, adding up to 1."""


_MOST_SENTENCES = 500  # of a paper; an abstract has ten, the longest that is read some hundred


@dataclass(frozen=True)
class Sentence:
    """A sentence of a hit's abstract.

    `hit` is the place of its paper among the hits, from 0; `similar` are the cosines of its word
    pieces to those of the question, (pieces, question pieces).
    """

    hit: int
    span: Span
    text: str
    similar: Vectors

    def best(self) -> Vectors:
        """The best match of each word piece of the question."""
        return _best(self.similar)


@dataclass(frozen=True)
class Reading:
    """A question read against hits.

    `pieces` (question pieces,) are the numbers of its word pieces, `starts` their places in its text,
    `weights` their weights, adding up to 1. `titles` and `papers` (hits, question pieces) are the best
    matches of each in each title and in each paper as a whole.
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
        """Encode what a question will read of a paper, for an encoder that remembers; how many texts."""
        texts = [paper.title, *(paper.abstract[start:end] for start, end in _spans(paper))]
        self.encoder.encode_tokens(texts)
        return len(texts)

    def read(self, question: str, hits: Sequence[Hit]) -> Reading:
        """A question against each sentence of the hits."""
        places = [(number, span) for number, hit in enumerate(hits) for span in _spans(hit.paper)]
        texts = [hits[number].paper.abstract[start:end] for number, (start, end) in places]
        asked, *found = self.encoder.encode_tokens([question, *(hit.paper.title for hit in hits), *texts])
        titles, parts = found[: len(hits)], found[len(hits) :]
        wanted = unit(asked.vectors).T
        sentences = tuple(
            Sentence(number, span, text, unit(tokens.vectors) @ wanted)
            for (number, span), text, tokens in zip(places, texts, parts, strict=True)
        )
        of_titles = [_best(unit(title.vectors) @ wanted) for title in titles]
        papers = list(of_titles)
        for sentence in sentences:
            papers[sentence.hit] = np.maximum(papers[sentence.hit], sentence.best())
        shape = (len(hits), len(asked.ids))
        return Reading(
            asked.ids,
            asked.starts,
            self.weigh(asked.ids),
            sentences,
            np.array(of_titles, np.float32).reshape(shape),
            np.array(papers, np.float32).reshape(shape),
        )


def _spans(paper: Paper) -> Iterator[Span]:
    """The first sentences of an abstract, without white space around them."""
    spans = sentence_spans(paper.abstract)[:_MOST_SENTENCES]
    return (strip_span(paper.abstract, span) for span in spans)


def _best(similar: Vectors) -> Vectors:
    """The largest cosine of each column; 0 where nothing is compared."""
    if not len(similar):
        return np.zeros(similar.shape[1], np.float32)
    best: Vectors = similar.max(axis=0)
    return best

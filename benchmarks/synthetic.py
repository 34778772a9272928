"""Papers for measurements of speed: the sentences and the titles' words of the bundled digests, shuffled.

They are as long as the digests and have their words, and no two are the same; what they say makes no
sense, so they tell nothing of quality.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from zlib import crc32

import numpy as np

from ingest.bundled import BundledSource
from ingest.chunking import split_abstract
from rag.embedding.base import Tokens, Vectors
from rag.embedding.minilm import MiniLM
from rag.library.embedded import embedded_text
from rag.sentences import sentence_spans
from rag.types import Paper, Passage

_POOL = 1000  # papers whose passages are encoded to be reused
_MOVED = np.float32(0.5)  # how much of another vector is added
_WORDS = 6  # at least, of a title: so many that none comes twice
_YEARS = 2000, 2026


def synthetic_papers(seed: int = 0) -> Iterator[Paper]:
    """Without end; the same ones in the same order for the same seed."""
    digests = [entry for entry in BundledSource().read() if isinstance(entry, Paper)]
    words = [word for digest in digests for word in digest.title.split()]
    abstracts = [_sentences(digest.abstract) for digest in digests]
    pool = [sentence for sentences in abstracts for sentence in sentences]
    random = np.random.default_rng(seed)
    while True:
        like = random.integers(len(digests))  # the one whose lengths it has
        titled = random.integers(len(words), size=max(_WORDS, len(digests[like].title.split())))
        sentences = random.integers(len(pool), size=len(abstracts[like]))
        yield Paper(
            title=" ".join(words[place] for place in titled),
            abstract=" ".join(pool[place] for place in sentences),
            published=str(random.integers(*_YEARS)),
        )


def embedded_texts(papers: Sequence[Paper]) -> list[str]:
    """What the encoder sees of papers, a text a passage."""
    return [
        embedded_text(paper, Passage(paper.paper_id, *span))
        for paper in papers
        for span in split_abstract(paper.abstract)
    ]


@dataclass(frozen=True)
class Slice:
    """Some of the synthetic papers as a source; `start` is the place of the first."""

    start: int
    papers: Sequence[Paper]

    @property
    def name(self) -> str:
        return f"synthetic papers from {self.start}"

    def read(self) -> Iterator[Paper]:
        yield from self.papers


class ReusingEncoder(MiniLM):
    """The embedded encoder without the encoding: each text gets the tokens of one in a pool.

    For papers by the ten thousand, whose encoding would take hours and is no part of the search. Its
    vector is that of the same one, moved towards another one's: among exact copies, an approximate
    search finds a quarter of the nearest. The hash of the text chooses both.
    """

    def __init__(self, pool: Sequence[str] | None = None) -> None:
        """`pool` are texts as an encoder sees passages, a title before each; they are encoded once."""
        super().__init__()
        texts = pool or embedded_texts(list(islice(synthetic_papers(seed=1), _POOL)))
        self._known = super().encode_both(texts)
        self._titles = [text.index("\n") for text in texts]

    def encode(self, texts: Sequence[str]) -> Vectors:
        return self.encode_both(texts)[0]

    def encode_both(self, texts: Sequence[str]) -> tuple[Vectors, list[Tokens]]:
        vectors, tokens = self._known
        hashes = np.array([crc32(text.encode()) for text in texts], np.int64)
        rows, others = hashes % len(tokens), hashes // len(tokens) % len(tokens)
        mixed = vectors[rows] + _MOVED * vectors[others]
        unit: Vectors = mixed / np.linalg.norm(mixed, axis=1, keepdims=True)
        return unit, [self._moved(row, text) for row, text in zip(rows, texts, strict=True)]

    def _moved(self, row: int, text: str) -> Tokens:
        """The tokens of the pool, those of its title in the title of the text, the others behind it."""
        tokens = self._known[1][row]
        starts = np.where(tokens.starts < self._titles[row], 0, text.find("\n") + 1).astype(np.int32)
        return Tokens(tokens.ids, tokens.vectors, starts)


def _sentences(text: str) -> list[str]:
    return [text[start:end].strip() for start, end in sentence_spans(text)]

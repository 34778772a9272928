"""The tables of the token index, and the tokens of a paper that they hold."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import sqlalchemy as sa
from numpy.typing import NDArray

from rag.embedding.base import Tokens, Vectors
from rag.embedding.english import commonness
from rag.library.catalog import Change
from rag.library.codec import Codec
from rag.library.embedded import embedded_text
from rag.library.matching import Ends
from rag.library.sql import one_of

_PRIOR = 100  # texts of plain English that count beside the papers
_ABSTRACT = 150  # word pieces of each

TABLES = sa.MetaData()
papers = sa.Table(
    "papers",
    TABLES,
    sa.Column("paper_id", sa.Text, primary_key=True),
    sa.Column("fingerprint", sa.Text, nullable=False),
    sa.Column("pieces", sa.LargeBinary, nullable=False),
    sa.Column("ends", sa.LargeBinary, nullable=False),
    sa.Column("vectors", sa.LargeBinary, nullable=False),
)
state = sa.Table(
    "state",
    TABLES,
    sa.Column("encoder", sa.Text, nullable=False),
    sa.Column("applied", sa.Integer, nullable=False),
    sa.Column("frequencies", sa.LargeBinary, nullable=False),
    sa.Column("codec", sa.LargeBinary),
)

_wanted = one_of(papers.c.paper_id)
HELD = sa.select(papers.c.paper_id, papers.c.fingerprint, papers.c.ends, sa.func.length(papers.c.vectors))
FINGERPRINTS = sa.select(papers.c.paper_id, papers.c.fingerprint).where(_wanted)
MATCHED = sa.select(papers.c.paper_id, papers.c.ends, papers.c.vectors).where(_wanted)
PIECES = sa.select(papers.c.pieces).where(_wanted)
VECTORS = sa.select(papers.c.paper_id, papers.c.vectors)
COUNT = sa.select(sa.func.count()).select_from(papers)
ADD = sa.insert(papers)
REMOVE = sa.delete(papers).where(_wanted)
STORE_VECTORS = (
    sa.update(papers).where(papers.c.paper_id == sa.bindparam("id")).values(vectors=sa.bindparam("vectors"))
)
BEGIN = sa.insert(state)
CHECKPOINT = sa.select(state.c.encoder, state.c.applied)
STATE = sa.select(state.c.applied, state.c.frequencies, state.c.codec, COUNT.scalar_subquery())
ADVANCE = sa.update(state).values(applied=sa.bindparam("applied"), frequencies=sa.bindparam("frequencies"))
SET_CODEC = sa.update(state).values(codec=sa.bindparam("codec"))


@dataclass(frozen=True)
class State:
    """The index as a whole; `frequencies` count the papers with each word piece."""

    applied: int
    papers: int
    frequencies: NDArray[np.int32]
    codec: Codec

    def weights(self, pieces: NDArray[np.int32]) -> Vectors:
        """The inverse document frequency of word pieces, as in BM25, adding up to 1.

        As few papers tell little about rarity, `_PRIOR` texts of plain English are counted too.
        """
        counts = self.frequencies[pieces] + _PRIOR * commonness(pieces, _ABSTRACT)
        weights = np.log1p((self.papers + _PRIOR - counts + 0.5) / (counts + 0.5))
        shares: Vectors = (weights / weights.sum()).astype(np.float32)
        return shares


@dataclass(frozen=True)
class PaperTokens:
    """The tokens of a paper: those of its title, then those of each passage."""

    ids: NDArray[np.int32]
    vectors: Vectors
    ends: Ends

    @property
    def pieces(self) -> NDArray[np.uint16]:
        """The word pieces, each once."""
        return np.unique(self.ids).astype(np.uint16)


def encoded_texts(change: Change) -> list[str]:
    """The texts to encode for a paper; none if it was removed."""
    return [embedded_text(change.paper, passage) for passage in change.passages] if change.paper else []


def joined(texts: Sequence[str], tokens: Sequence[Tokens]) -> PaperTokens:
    """The tokens of a paper's passages, each encoded after the title, with the title kept once."""
    in_title = [of_text.starts < text.index("\n") for text, of_text in zip(texts, tokens, strict=True)]
    parts = [(tokens[0], in_title[0])]
    parts += [(of_text, ~title) for of_text, title in zip(tokens, in_title, strict=True)]
    return PaperTokens(
        ids=np.concatenate([part.ids[kept] for part, kept in parts]),
        vectors=np.concatenate([part.vectors[kept] for part, kept in parts]),
        ends=np.cumsum([kept.sum() for _, kept in parts]),
    )


def load_ends(stored: bytes) -> Ends:
    return np.frombuffer(stored, np.uint16).astype(np.int64)

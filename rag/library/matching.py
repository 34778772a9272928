"""Late interaction: the tokens of a query against the tokens of papers, as pure functions."""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from rag.embedding.base import Vectors

Ends = NDArray[np.int64]
"""Where, among the tokens of a paper, those of the title end, then those of each passage."""

_NOTHING = -1.0  # the cosine to no token at all


@dataclass(frozen=True)
class Match:
    """How well a paper matches a query, weighted means of cosines, and its best passage's number.

    `paper` takes the best match of each token in the whole paper, `passage` in the title and the
    one passage where that gives most.
    """

    paper: float
    passage: float
    number: int


def matches(ends: Mapping[str, Ends], similar: Vectors, weights: Vectors) -> dict[str, Match]:
    """The match of each paper, by id.

    `similar` are cosines of all tokens to those of the query, (tokens, query tokens), paper after
    paper in the order of `ends`; `weights` (query tokens,) add up to 1.
    """
    lengths = np.array([of_paper[-1] for of_paper in ends.values()])
    offsets = np.cumsum(lengths) - lengths
    parts = [offset + np.r_[0, of_paper] for offset, of_paper in zip(offsets, ends.values(), strict=True)]
    starts = np.concatenate([part[:-1] for part in parts])
    best = _best(similar, starts, np.concatenate([part[1:] for part in parts]))
    by_id = {}
    rows = np.cumsum([0] + [len(of_paper) for of_paper in ends.values()])
    # Some BLAS kernels read what lies beside so small an array, and warn of numbers that are not in it.
    with np.errstate(invalid="ignore"):
        for paper_id, (first, last) in zip(ends, pairwise(rows), strict=True):
            title, passages = best[first], best[first + 1 : last]
            of_passages = np.maximum(passages, title) @ weights
            number = int(of_passages.argmax())
            whole = np.maximum(title, passages.max(axis=0)) @ weights
            by_id[paper_id] = Match(float(whole), float(of_passages[number]), number)
    return by_id


def _best(similar: Vectors, starts: NDArray[np.int64], stops: NDArray[np.int64]) -> Vectors:
    """The largest similarity of each part to each query token, (parts, query tokens)."""
    padded = np.vstack([similar, np.full((1, similar.shape[1]), _NOTHING, np.float32)])
    best: Vectors = np.maximum.reduceat(padded, starts, axis=0)
    best[starts == stops] = _NOTHING
    return best

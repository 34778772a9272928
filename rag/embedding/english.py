"""How common word pieces are in plain English: BERT numbers them by how often they occur, "the" first."""

import numpy as np
from numpy.typing import NDArray

_FIRST, _COUNT = 1996, 28_526  # the number of "the", and how many pieces follow it


def commonness(pieces: NDArray[np.int32], length: int) -> NDArray[np.float64]:
    """How likely each piece is in a text of `length` pieces, by Zipf's law."""
    likely: NDArray[np.float64] = -np.expm1(-length / (_ranks(pieces) * np.log(_COUNT)))
    return likely


def shares(pieces: NDArray[np.int32]) -> NDArray[np.float32]:
    """The weight of each piece by its rarity in English, adding up to 1."""
    weights = np.log1p(_ranks(pieces))
    weighed: NDArray[np.float32] = (weights / max(weights.sum(), 1.0)).astype(np.float32)
    return weighed


def rarity(pieces: NDArray[np.int32]) -> float:
    """How rare a word of these pieces is: 0 for "the", 1 for one that is not whole in the vocabulary."""
    return 1.0 if len(pieces) != 1 else float(np.log(_ranks(pieces)[0]) / np.log(_COUNT))


def _ranks(pieces: NDArray[np.int32]) -> NDArray[np.float64]:
    return np.maximum(pieces - _FIRST, 0) + 1.0

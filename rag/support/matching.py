"""How far sentences speak of what a claim speaks of: by its words, and by their vectors."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from rag.embedding.base import Vectors
from rag.support.reading import Reading

_NO_WORD = 0.0  # the cosine to no word at all


@dataclass(frozen=True)
class Matches:
    """A claim of n words against s sentences.

    `cosines` holds (n, words) a sentence; `best` (s, n) the best of each word in each sentence;
    `similar` (s,) how like the claim each sentence is as a whole.
    """

    cosines: list[Vectors]
    best: Vectors
    similar: Vectors


def match(claim: Reading, sentences: Sequence[Reading]) -> Matches:
    """The cosines of the words of a claim to those of the sentences, of which there is at least one."""
    cosines = [claim.vectors @ sentence.vectors.T for sentence in sentences]
    best = np.array([found.max(axis=1, initial=_NO_WORD) for found in cosines], np.float32)
    means = np.array([claim.mean @ sentence.mean for sentence in sentences], np.float32)
    return Matches(cosines, best, (best.mean(axis=1) + means) / 2)


def features(claim: Reading, sentences: Sequence[Reading], matches: Matches) -> dict[str, float]:
    """What tells whether the sentences speak of what the claim speaks of, each in [0, 1].

    Late interaction (Khattab and Zaharia, 2020): each word of the claim counts by its best match.
    """
    whole = matches.best.max(axis=0)
    return {
        "match": float(whole @ _shares(claim.rarity)),
        "coverage": _coverage(claim, sentences),
    }


def _coverage(claim: Reading, sentences: Sequence[Reading]) -> float:
    """The share of the claim's content words that the sentences hold, weighted by rarity."""
    there = {stem for sentence in sentences for stem in sentence.stems}
    weights = _shares(claim.rarity * claim.is_content)
    return float(sum(weight for stem, weight in zip(claim.stems, weights, strict=True) if stem in there))


def _shares(weights: Vectors) -> Vectors:
    shares: Vectors = weights / max(float(weights.sum()), 1e-9)
    return shares

"""How far sentences speak of what a claim speaks of: by its words, and by their vectors."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from rag.embedding.base import Vectors
from rag.support.texts import Text

_NO_WORD = 0.0  # the cosine to no word at all
_LIKE = 0.45  # cosine
_RARE = 0.6
_LEAST = 1e-9


@dataclass(frozen=True)
class Matches:
    """A claim of n words against s sentences.

    `cosines` holds (n, words) a sentence; `best` (s, n) the best of each word in each sentence;
    `similar` (s,) how like the claim each sentence is as a whole.
    """

    cosines: list[Vectors]
    best: Vectors
    similar: Vectors


def match(claim: Text, sentences: Sequence[Text]) -> Matches:
    """The cosines of the words of a claim to those of the sentences, of which there is at least one."""
    cosines = [claim.vectors @ sentence.vectors.T for sentence in sentences]
    best = np.array([found.max(axis=1, initial=_NO_WORD) for found in cosines], np.float32)
    means = np.array([claim.mean @ sentence.mean for sentence in sentences], np.float32)
    return Matches(cosines, best, (best.mean(axis=1) + means) / 2)


def features(claim: Text, sentences: Sequence[Text], matches: Matches) -> dict[str, float]:
    """What tells how far the sentences speak of the claim.

    `match` by all sentences, `sentence` by the best one alone; `covered` is the share of the stems of
    content words that are there. Late interaction (Khattab and Zaharia, 2020, "ColBERT"): each word
    counts by its best match, and by its rarity.
    """
    stems = {stem for stem, is_content in zip(claim.stems, claim.is_content, strict=True) if is_content}
    there = {stem for sentence in sentences for stem in sentence.stems}
    return {
        "match": float(matches.best.max(axis=0) @ _shares(claim)),
        "sentence": float((matches.best @ _shares(claim)).max()),
        "covered": len(stems & there) / max(len(stems), 1),
    }


def _shares(claim: Text) -> Vectors:
    """The rarity of the words of a claim, adding up to 1."""
    shares: Vectors = claim.rarity / max(float(claim.rarity.sum()), _LEAST)
    return shares


def unmatched(claim: Text, matches: Matches) -> list[str]:
    """The content words of a claim that nothing there is like."""
    best = matches.best.max(axis=0)
    places = np.flatnonzero(claim.is_content & (best < _LIKE) & (claim.rarity > _RARE))
    return list(dict.fromkeys(claim.words[place] for place in places))

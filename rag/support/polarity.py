"""Whether sentences say of the same things that they go the same way.

Each word that gives a direction ("improves", "fewer") has a sign, which a negation turns round.
Words of the claim are compared with those words of the sentences that stand for the same, found by
the cosine of their vectors, which know their context.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from rag.embedding.base import Vectors
from rag.support.matching import Matches
from rag.support.reading import Reading

_SHARP_WORD = 16.0  # of a softmax over words, a unit of cosine
_SHARP_SENTENCE = 5.0  # the same, a unit of the likeness of the sentence
_SHARP_PARITY = 10.0


def features(claim: Reading, sentences: Sequence[Reading], matches: Matches) -> dict[str, float]:
    """What tells whether the sentences agree with the claim, each in [-1, 1]."""
    return {
        "direction": _direction(claim, sentences, matches),
        "negation": _negation(claim, sentences, matches),
        "parity": _parity(claim, sentences, matches),
    }


def _direction(claim: Reading, sentences: Sequence[Reading], matches: Matches) -> float:
    """Whether the directions of the claim have the signs of those that they match; 0 without any."""
    directions = np.concatenate([sentence.directions for sentence in sentences])
    ours = np.flatnonzero(claim.directions)
    theirs = np.flatnonzero(directions)
    if not len(ours) or not len(theirs):
        return 0.0
    found = _attention(matches)[np.ix_(ours, theirs)]
    return float((claim.directions[ours] * (_softmax(found) @ directions[theirs])).mean())


def _negation(claim: Reading, sentences: Sequence[Reading], matches: Matches) -> float:
    """Whether the content words of the claim are negated where those that they match are."""
    ours = np.flatnonzero(claim.is_content)
    if not len(ours):
        return 0.0
    turned = _as_sign(np.concatenate([sentence.negated for sentence in sentences]))
    agree = _softmax(_attention(matches)[ours]) @ turned * _as_sign(claim.negated[ours])
    return float(agree.mean())


def _parity(claim: Reading, sentences: Sequence[Reading], matches: Matches) -> float:
    """Whether the claim and the sentences like it have both an even number of words that turn round.

    So "lack of X slows Y" agrees with "X speeds Y up".
    """
    weights = _softmax(_SHARP_PARITY * matches.similar)
    return float(_turns(claim) * (weights @ [_turns(sentence) for sentence in sentences]))


def _turns(reading: Reading) -> int:
    turning = int((reading.signs < 0).sum()) + len(reading.negations)
    return -1 if turning % 2 else 1


def _attention(matches: Matches) -> Vectors:
    """How well each word of all sentences stands for each of the claim, (n, all words)."""
    attention: Vectors = np.concatenate(
        [
            _SHARP_WORD * cosines + _SHARP_SENTENCE * similar
            for cosines, similar in zip(matches.cosines, matches.similar, strict=True)
        ],
        axis=1,
    )
    return attention


def _as_sign(negated: NDArray[np.bool_]) -> NDArray[np.int8]:
    signs: NDArray[np.int8] = np.where(negated, -1, 1).astype(np.int8)
    return signs


def _softmax(values: Vectors) -> Vectors:
    powers = np.exp(values - values.max(axis=-1, keepdims=True))
    shares: Vectors = powers / powers.sum(axis=-1, keepdims=True)
    return shares


def turned_round(claim: Reading, sentences: Sequence[Reading], matches: Matches) -> list[str]:
    """The words of the claim that the sentences turn round."""
    return []

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
from rag.support.texts import Text

_SHARP_WORD = 16.0  # of a softmax over words, a unit of cosine
_SHARP_SENTENCE = 5.0  # the same, a unit of the likeness of the sentence
_SHARP_PARITY = 10.0
_SAME_PLACE = 0.5  # cosine of words that may stand for one another
_CLEARLY = 2.0  # in units of attention: 1/8 in the cosine
_SPOKEN_OF = 0.4  # cosine
_DENY_BEFORE = ("un", "non")  # "unsupervised" is without supervision
_FAR = 8  # words that a negation may reach in a sentence


def features(claim: Text, sentences: Sequence[Text], matches: Matches) -> dict[str, float]:
    """What tells whether the sentences agree with the claim, each in [-1, 1]."""
    return {
        "direction": _direction(claim, sentences, matches),
        "negation": _negation(claim, sentences, matches),
        "parity": _parity(claim, sentences, matches),
    }


def _direction(claim: Text, sentences: Sequence[Text], matches: Matches) -> float:
    """Whether the directions of the claim have the signs of those that they match; 0 without any."""
    directions = np.concatenate([sentence.directions for sentence in sentences])
    ours = np.flatnonzero(claim.directions)
    theirs = np.flatnonzero(directions)
    if not len(ours) or not len(theirs):
        return 0.0
    found = _attention(matches)[np.ix_(ours, theirs)]
    return float((claim.directions[ours] * (_softmax(found) @ directions[theirs])).mean())


def _negation(claim: Text, sentences: Sequence[Text], matches: Matches) -> float:
    """Whether the content words of the claim are negated where those that they match are."""
    ours = np.flatnonzero(claim.is_content)
    if not len(ours):
        return 0.0
    turned = _as_sign(np.concatenate([sentence.negated for sentence in sentences]))
    agree = _softmax(_attention(matches)[ours]) @ turned * _as_sign(claim.negated[ours])
    return float(agree.mean())


def _parity(claim: Text, sentences: Sequence[Text], matches: Matches) -> float:
    """Whether the claim and the sentences like it have both an even number of words that turn round.

    So "lack of X slows Y" agrees with "X speeds Y up".
    """
    weights = _softmax(_SHARP_PARITY * matches.similar)
    return float(_turns(claim) * (weights @ [_turns(sentence) for sentence in sentences]))


def _turns(text: Text) -> int:
    turning = int((text.signs < 0).sum()) + len(text.negations)
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


def opposed(claim: Text, sentences: Sequence[Text], matches: Matches) -> list[str]:
    """The words of the claim that match a word of the other direction clearly better than any of
    their own."""
    directions = np.concatenate([sentence.directions for sentence in sentences])
    attention, cosines = _attention(matches), np.concatenate(matches.cosines, axis=1)
    found = []
    for place in np.flatnonzero(claim.directions):
        other = _best(attention[place], directions == -claim.directions[place])
        own = _best(attention[place], directions == claim.directions[place])
        if other is None or cosines[place, other] < _SAME_PLACE:
            continue
        if own is None or attention[place, other] - attention[place, own] > _CLEARLY:
            found.append(claim.words[place])
    return found


def denied(claim: Text, sentences: Sequence[Text], matches: Matches) -> list[str]:
    """The negations of the claim that reach what the sentences do not deny."""
    is_denied = np.concatenate([_may_be_denied(sentence) for sentence in sentences])
    best = _attention(matches).argmax(axis=1)
    cosines = np.concatenate(matches.cosines, axis=1)[np.arange(len(best)), best]
    found = []
    for place in claim.negations:
        reached = [other for other in claim.reach(place) if claim.is_content[other]]
        if reached and cosines[reached].mean() > _SPOKEN_OF and not is_denied[best[reached]].any():
            found.append(" ".join(claim.words[place : reached[-1] + 1]))
    return found


def _may_be_denied(text: Text) -> NDArray[np.bool_]:
    """Which words a negation or a word that says less may reach, however it is put."""
    reached = np.array([word.startswith(_DENY_BEFORE) or word.endswith("less") for word in text.words])
    reached |= text.negated
    for place in (*np.flatnonzero(text.signs < 0), *text.negations):
        reached[place + 1 : place + 1 + _FAR] = True
    return reached


def _best(values: Vectors, among: NDArray[np.bool_]) -> int | None:
    places = np.flatnonzero(among)
    return int(places[values[places].argmax()]) if len(places) else None

"""Who is above whom: "A outperforms B" is not "B outperforms A", but is "B is outperformed by A"."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from rag.embedding.base import Vectors
from rag.support.matching import Matches
from rag.support.texts import Text

_ABOVE = (
    r"outperform(?:s|ed|ing)?|beat(?:s|en|ing)?|surpass(?:es|ed|ing)?|exceed(?:s|ed|ing)?|outdo(?:es|ne)?"
)
_COMPARES = re.compile(
    rf"\b(?P<verb>{_ABOVE})\b(?P<by>\s+by\b)?|\bthan\b(?!\s*[\d~])|\b(?P<above>superior)\s+to\b",
    re.IGNORECASE,
)
_BEFORE_THAN = 5  # words among which a direction stands: "higher accuracy than"
_NEAR = 4  # words on each side that say what is compared
_CLEAR = 0.3  # how much better the sides must match crosswise


@dataclass(frozen=True)
class Comparison:
    """`word` compares what stands before it with what stands behind it.

    `sign` is 1 where the first is above, -1 where it is below.
    """

    word: str
    sign: int
    before: tuple[int, ...]  # places of content words
    behind: tuple[int, ...]


def swapped(claim: Text, sentences: Sequence[Text], matches: Matches) -> list[str]:
    """The comparisons of a claim whose sides the sentences name the other way round."""
    theirs = [(place, each) for place, sentence in enumerate(sentences) for each in comparisons(sentence)]
    if not theirs:
        return []
    turned = []
    for ours in comparisons(claim):
        scores = [
            _agreement(ours, other, claim, sentences[place], matches.cosines[place])
            for place, other in theirs
        ]
        if max(scores) < _CLEAR and min(scores) < -_CLEAR:
            turned.append(ours.word)
    return turned


def comparisons(text: Text) -> list[Comparison]:
    """The comparisons in a sentence that have two sides."""
    found = (_comparison(match, text) for match in _COMPARES.finditer(text.text))
    return [each for each in found if each and each.sign and each.before and each.behind]


def _comparison(match: re.Match[str], text: Text) -> Comparison:
    first = int(np.searchsorted(text.starts, match.start()))
    last = int(np.searchsorted(text.starts, match.end()))
    sign = 1 if match["above"] or match["verb"] else _direction_before(text, first)
    sign *= -1 if match["by"] else 1
    if match["verb"] and text.negated[first]:
        sign = 0  # not above is not below
    return Comparison(
        word=match[0] if match["verb"] or match["above"] else _than(text, first),
        sign=sign,
        before=_content(text, range(first - 1, max(-1, first - 1 - 2 * _NEAR), -1)),
        behind=_content(text, range(last, min(len(text.words), last + 2 * _NEAR))),
    )


def _direction_before(text: Text, place: int) -> int:
    """The sign of the direction before "than", 0 where there is none."""
    directions = text.directions[max(0, place - _BEFORE_THAN) : place]
    return int(directions[np.flatnonzero(directions)][-1]) if directions.any() else 0


def _than(text: Text, place: int) -> str:
    """The "than" at this place with the direction before it: "higher accuracy than"."""
    start = max(0, place - _BEFORE_THAN)
    directed = np.flatnonzero(text.directions[start:place])
    return " ".join(text.words[start + directed[-1] if len(directed) else place : place + 1])


def _content(text: Text, places: range) -> tuple[int, ...]:
    return tuple(place for place in places if text.is_content[place] and not text.signs[place])[:_NEAR]


def _agreement(ours: Comparison, other: Comparison, claim: Text, sentence: Text, cosines: Vectors) -> float:
    """Above 0 where the sides match one by one, below it where they match crosswise, in [-2, 2].

    Where both sides share words, those decide; else the cosines.
    """

    def shared(places: tuple[int, ...], others: tuple[int, ...]) -> int:
        there = {sentence.stems[place] for place in others}
        return sum(claim.stems[place] in there for place in places)

    def alike(places: tuple[int, ...], others: tuple[int, ...]) -> float:
        return float(cosines[np.ix_(places, others)].max(axis=1).mean())

    straight = min(shared(ours.before, other.before), shared(ours.behind, other.behind))
    crosswise = min(shared(ours.before, other.behind), shared(ours.behind, other.before))
    if straight != crosswise:
        leaning = (straight - crosswise) / (straight + crosswise)
    else:
        leaning = alike(ours.before, other.before) + alike(ours.behind, other.behind)
        leaning -= alike(ours.before, other.behind) + alike(ours.behind, other.before)
    return ours.sign * other.sign * leaning

"""Agreement between given and expected labels, to test a judge on labelled claims."""

from collections import Counter
from collections.abc import Hashable, Iterable

Pairs = Iterable[tuple[Hashable, Hashable]]
"""The given and the expected label of each item; labels of any kind and number."""


def cohen_kappa(pairs: Pairs) -> float | None:
    """Agreement beyond chance: (p_o - p_e) / (1 - p_e), in [-1, 1]; 1 is perfect, 0 is chance.

    p_o is the share of equal pairs, and p_e the one to be expected if both sides kept how often
    they use each label, but chose independently: the sum over the labels of their shares on either
    side, multiplied. None without pairs, and where p_e is 1: both sides then use one and the same
    label throughout, and agreement says nothing.

    Cohen, J. (1960). A coefficient of agreement for nominal scales. Educational and Psychological
    Measurement, 20(1), 37-46.
    """
    pairs = list(pairs)
    given, expected = Counter(pair[0] for pair in pairs), Counter(pair[1] for pair in pairs)
    by_chance = sum(given[label] * expected[label] for label in given)
    beyond = len(pairs) ** 2 - by_chance
    if not beyond:
        return None
    same = sum(one == other for one, other in pairs)
    return (same * len(pairs) - by_chance) / beyond

"""Kappa: hand-computed cases, its laws, and a slow twin."""

from fractions import Fraction

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from eval.metrics import share
from rag.checking.agreement import cohen_kappa

labels = st.sampled_from("abcd")
samples = st.lists(st.tuples(labels, labels), max_size=30)


def pairs(table: list[list[int]]) -> list[tuple[int, int]]:
    """The pairs that a table counts: what was given by row, what was expected by column."""
    return [
        (row, column)
        for row, counts in enumerate(table)
        for column, n in enumerate(counts)
        for _ in range(n)
    ]


def accuracy(sample: list[tuple]) -> float | None:
    return share([given == expected for given, expected in sample])


@pytest.mark.parametrize(
    ("table", "right", "kappa"),
    [
        ([[20, 5], [10, 15]], 0.7, 0.4),  # by chance: .5 · .6 + .5 · .4 = .5
        ([[45, 15], [25, 15]], 0.6, 3 / 23),  # .6 · .7 + .4 · .3 = .54
        ([[25, 35], [5, 35]], 0.6, 7 / 27),  # the same share, less of it by chance: .46
        ([[25, 13, 12], [12, 2, 16], [3, 15, 2]], 0.29, -6 / 65),  # three labels; .20 + .09 + .06
        ([[0, 1], [1, 0]], 0, -1),
        ([[90, 10], [0, 0]], 0.9, 0),  # who says the same of all things knows nothing
    ],
)
def test_hand_computed(table, right, kappa):
    assert accuracy(pairs(table)) == right
    assert cohen_kappa(pairs(table)) == pytest.approx(kappa)


def test_what_cannot_be_told_is_none():
    assert accuracy([]) is cohen_kappa([]) is None
    assert cohen_kappa([("a", "a")] * 3) is None
    assert cohen_kappa([("a", "b")] * 3) == 0


def slow_kappa(sample: list[tuple[str, str]]) -> Fraction | None:
    """By every pairing of one item's given label with another's (or its own) expected label."""
    if not sample:
        return None
    crossed = [one[0] == other[1] for one in sample for other in sample]
    observed = Fraction(sum(one == other for one, other in sample), len(sample))
    chance = Fraction(sum(crossed), len(crossed))
    return None if chance == 1 else (observed - chance) / (1 - chance)


@given(samples)
def test_kappa_equals_its_slow_twin(sample):
    slow = slow_kappa(sample)
    assert cohen_kappa(sample) == (slow if slow is None else pytest.approx(float(slow)))


@given(st.lists(labels))
def test_perfect_agreement_is_1(chosen):
    assume(len(set(chosen)) > 1)
    sample = [(label, label) for label in chosen]
    assert accuracy(sample) == cohen_kappa(sample) == 1


@given(samples, st.permutations("wxyz"), st.randoms())
def test_neither_order_nor_names_nor_sides_matter(sample, names, random):
    renamed = dict(zip("abcd", names, strict=True))
    other = [(renamed[expected], renamed[given]) for given, expected in sample]
    random.shuffle(other)
    assert accuracy(other) == accuracy(sample)
    assert cohen_kappa(other) == cohen_kappa(sample)


@given(samples)
def test_kappa_is_never_above_accuracy(sample):
    kappa = cohen_kappa(sample)
    assume(kappa is not None)
    assert -1 <= kappa <= accuracy(sample)

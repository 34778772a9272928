"""Metrics against hand-computed cases and slow twins."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eval.metrics import hit_at, mrr_at, ndcg_at, recall_at

papers = st.sampled_from("abcdefgh")
rankings = st.lists(papers, max_size=12)
relevants = st.sets(papers, min_size=1)


def test_hand_computed():
    ranking = ["x", "a", "y", "b"]
    assert hit_at(1, ranking, {"a", "b"}) == 0
    assert hit_at(2, ranking, {"a", "b"}) == 1
    assert recall_at(3, ranking, {"a", "b"}) == 0.5
    assert mrr_at(10, ranking, {"a", "b"}) == 0.5
    gained, best = 1 / math.log2(3) + 1 / math.log2(5), 1 + 1 / math.log2(3)
    assert ndcg_at(10, ranking, {"a", "b"}) == pytest.approx(gained / best)


def test_a_paper_counts_once():
    assert ndcg_at(10, ["a", "a", "b"], {"a", "b"}) == 1
    assert recall_at(2, ["x", "x", "a"], {"a"}) == 1


def slow_ndcg(k: int, ranking: list[str], relevant: set[str]) -> float:
    """By the textbook: gains by rank, then the same for the best order of all papers."""

    def dcg(order: list[str]) -> float:
        total = 0.0
        for position in range(min(k, len(order))):
            if order[position] in relevant:
                total += math.log(2) / math.log(position + 2)
        return total

    seen: list[str] = []
    for paper in ranking:
        if paper not in seen:
            seen.append(paper)
    return dcg(seen) / dcg(sorted("abcdefgh", key=lambda paper: paper not in relevant))


@given(st.integers(1, 10), rankings, relevants)
def test_ndcg_equals_its_slow_twin(k, ranking, relevant):
    assert ndcg_at(k, ranking, relevant) == pytest.approx(slow_ndcg(k, ranking, relevant))


@given(st.integers(1, 10), rankings, relevants)
def test_all_lie_in_the_unit_interval_and_agree_on_nothing_found(k, ranking, relevant):
    values = [metric(k, ranking, relevant) for metric in (hit_at, recall_at, mrr_at, ndcg_at)]
    assert all(0 <= value <= 1 for value in values)
    assert len({value == 0 for value in values}) == 1

"""Several rankings become one, by reciprocal ranks."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.retrieval import fuse_rankings
from rag.types import Hit, Paper, Passage

PAPERS = [Paper(f"Paper {letter}", "Owls.") for letter in "abcdefgh"]


def ranking(*papers: int, best: float = 0.9) -> list[Hit]:
    """These papers with falling scores."""
    passages = [(PAPERS[place], Passage(PAPERS[place].paper_id, 0, 5)) for place in papers]
    return [Hit(paper, best / rank, passage) for rank, (paper, passage) in enumerate(passages, start=1)]


rankings = st.builds(
    lambda papers, best: ranking(*papers, best=best),
    st.lists(st.integers(0, len(PAPERS) - 1), unique=True, min_size=1),
    st.floats(0.01, 1),
)


def scores(hits: list[Hit]) -> list[tuple[str, float]]:
    return [(hit.paper.title, hit.score) for hit in hits]


@given(rankings)
def test_one_ranking_keeps_its_order_and_its_scores(hits):
    assert fuse_rankings([hits]).hits == hits


@given(st.lists(rankings, min_size=2, max_size=5), st.randoms())
def test_the_order_of_the_rankings_does_not_matter(given_rankings, random):
    fused = fuse_rankings(given_rankings)
    random.shuffle(given_rankings)
    other = fuse_rankings(given_rankings)
    assert scores(fused.hits) == scores(other.hits)
    assert fused.related == other.related


@given(st.lists(rankings, min_size=1, max_size=5))
def test_each_paper_is_ranked_once_with_a_score_from_0_to_1_that_falls(given_rankings):
    fused = fuse_rankings(given_rankings)
    values = [hit.score for hit in fused.hits]
    assert values == sorted(values, reverse=True)
    assert all(0 < value <= 1 for value in values)
    ids = [hit.paper.paper_id for hit in fused.hits]
    assert len(ids) == len({*ids})
    assert {*ids} == {hit.paper.paper_id for hits in given_rankings for hit in hits} >= fused.related


@given(rankings, st.integers(2, 5))
def test_what_all_rankings_say_is_kept(hits, count):
    fused = fuse_rankings([hits] * count)
    assert [hit.paper for hit in fused.hits] == [hit.paper for hit in hits]
    assert fused.hits[0].score == 1
    assert fused.related == fuse_rankings([hits]).related


@given(rankings, rankings, st.floats(0.01, 1))
def test_ranks_count_and_scores_do_not(one, other, best):
    again = ranking(*(PAPERS.index(hit.paper) for hit in other), best=best)
    assert scores(fuse_rankings([one, other]).hits) == scores(fuse_rankings([one, again]).hits)


def test_the_first_of_most_rankings_beats_one_that_all_have_far_down():
    orders = [(0, 1, 2, 3, 7), (0, 4, 5, 6, 7), (0, 6, 5, 4, 7), (1, 2, 3, 4, 7)]
    assert fuse_rankings([ranking(*order) for order in orders]).hits[0].paper == PAPERS[0]


def test_a_hit_comes_from_the_ranking_that_scores_it_highest():
    far = [Hit(PAPERS[0], 0.2, Passage(PAPERS[0].paper_id, 0, 1))]
    near = [Hit(PAPERS[0], 0.7, Passage(PAPERS[0].paper_id, 0, 4))]
    for both in ([far, near], [near, far]):
        (hit,) = fuse_rankings(both).hits
        assert hit.passage == near[0].passage


def test_a_paper_is_related_if_one_ranking_has_it_near_its_best():
    first, second, third = (PAPERS[place].paper_id for place in (0, 1, 2))
    assert fuse_rankings([ranking(0, 1, 2)]).related == {first}  # scores 0.9, 0.45, 0.3
    assert fuse_rankings([ranking(0, 1, 2), ranking(2, 0, 1)]).related == {first, third}
    assert second not in fuse_rankings([ranking(0, 1), ranking(0, 2)]).related


@pytest.mark.parametrize("empty", [[], [[]], [[], []]])
def test_of_nothing_comes_nothing(empty):
    fused = fuse_rankings(empty)
    assert (list(fused.hits), fused.related) == ([], frozenset())

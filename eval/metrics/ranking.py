"""Measures of a ranking against the relevant papers. Each paper counts once; relevance is binary."""

import math
from collections.abc import Collection, Sequence


def hit_at(k: int, ranking: Sequence[str], relevant: Collection[str]) -> float:
    """1 if one of the first `k` is relevant, else 0: success at `k`."""
    return float(any(paper in relevant for paper in _once(ranking)[:k]))


def recall_at(k: int, ranking: Sequence[str], relevant: Collection[str]) -> float:
    """Share of the relevant papers among the first `k`.

    Manning, Raghavan and Schütze, 2008, "Introduction to Information Retrieval", chapter 8.
    """
    retrieved = sum(paper in relevant for paper in _once(ranking)[:k])
    return retrieved / len(set(relevant))


def mrr_at(k: int, ranking: Sequence[str], relevant: Collection[str]) -> float:
    """1 / rank of the first relevant paper, 0 where none is among the first `k`.

    The reciprocal rank of Voorhees, 1999, "The TREC-8 Question Answering Track Report".
    """
    ranks = (rank for rank, paper in enumerate(_once(ranking)[:k], start=1) if paper in relevant)
    return 1 / next(ranks, math.inf)


def ndcg_at(k: int, ranking: Sequence[str], relevant: Collection[str]) -> float:
    """Discounted cumulative gain over that of the best ranking.

    Järvelin and Kekäläinen, 2002, "Cumulated gain-based evaluation of IR techniques".
    """
    gains = [paper in relevant for paper in _once(ranking)[:k]]
    best = [True] * min(k, len(set(relevant)))
    return _discounted(gains) / _discounted(best)


def _discounted(gains: Sequence[bool]) -> float:
    return sum(gain / math.log2(rank + 1) for rank, gain in enumerate(gains, start=1))


def _once(ranking: Sequence[str]) -> list[str]:
    return list(dict.fromkeys(ranking))

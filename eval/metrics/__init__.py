"""The metrics: pure functions that give one number per question, each with its definition.

A metric that does not apply to a question is None: neither 0 nor 1, and not part of the mean.
"""

from eval.metrics.abstention import abstention_recall, over_refusal
from eval.metrics.citations import (
    Supports,
    citation_precision,
    citation_validity,
    is_supported,
    needed_markers,
    share,
)
from eval.metrics.facts import fact_recall, holds
from eval.metrics.pages import page_hit, page_recall
from eval.metrics.ranking import hit_at, mrr_at, ndcg_at, recall_at
from eval.metrics.sets import set_f1, set_precision, set_recall

__all__ = [
    "Supports",
    "abstention_recall",
    "citation_precision",
    "citation_validity",
    "fact_recall",
    "hit_at",
    "holds",
    "is_supported",
    "mrr_at",
    "ndcg_at",
    "needed_markers",
    "over_refusal",
    "page_hit",
    "page_recall",
    "recall_at",
    "set_f1",
    "set_precision",
    "set_recall",
    "share",
]

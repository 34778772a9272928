"""The metrics by name: what each measures, and which direction is better. One list for all reports."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Metric:
    """`better` is 1 if more is better, -1 if less is, 0 if neither; `unit` is "" for values in [0, 1].

    `is_judged`: it leaves out sentences that nobody judged, and their number stands beside its mean.
    """

    name: str
    says: str
    better: Literal[-1, 0, 1] = 1
    unit: Literal["", "words", "requests", "s"] = ""
    is_judged: bool = False


def _by_name(*metrics: Metric) -> dict[str, Metric]:
    return {metric.name: metric for metric in metrics}


METRICS = _by_name(
    Metric("hit@1", "one of the right papers is the first retrieved"),
    Metric("hit@5", "one of the right papers is among the first five"),
    Metric("mrr@10", "1 / rank of the first right paper"),
    Metric("ndcg@10", "discounted cumulative gain over that of the best ranking"),
    Metric("recall@10", "share of the right papers among the first ten"),
    Metric("set_precision", "share of the cited papers that belong to the complete set"),
    Metric("set_recall", "share of the complete set that is cited"),
    Metric("set_f1", "harmonic mean of the two"),
    Metric("fact_recall", "share of the expected facts that the answer says"),
    Metric("page_hit", "a citation is on a page that answers"),
    Metric("filter_accuracy", "the years taken from the question's words are the expected ones"),
    Metric("words", "length of the answer without markers", better=0, unit="words"),
    Metric("faithfulness", "share of the sentences that are quoted or found supported", is_judged=True),
    Metric("verbatim", "share of the sentences that are the text of a cited paper"),
    Metric("names_and_numbers", "share of the sentences whose names and numbers stand in the cited papers"),
    Metric("citation_validity", "share of the quotes that stand in their paper"),
    Metric("abstention_recall", "refused, where the papers do not answer"),
    Metric("over_refusal", "refused, where the papers do answer", better=-1),
    Metric("requests", "requests to models for the answer", better=-1, unit="requests"),
    Metric("seconds", "wall time of the answer", better=-1, unit="s"),
)
"""The deterministic layer. All but `seconds` are the same whenever the same answers are scored."""

JUDGED = _by_name(
    Metric("judge_faithfulness", "share of the sentences that the judge finds supported", is_judged=True),
    Metric("judge_citation_precision", "share of the markers that are needed (ALCE)", is_judged=True),
    Metric(
        "judge_citation_recall", "share of the sentences that the papers they cite support", is_judged=True
    ),
    Metric("judge_correctness", "agreement with the reference answer"),
    Metric("judge_relevancy", "the answer is about the question"),
)
"""The judge layer: verdicts of a language model, never mixed with the above."""

RANKING = ("hit@1", "hit@5", "mrr@10", "ndcg@10", "recall@10")
SETS = ("set_precision", "set_recall", "set_f1")
EVIDENCE = ("verbatim", "names_and_numbers", "citation_validity")
"""Metrics of the retrieved papers, of the papers cited for a list, and of what the cited papers say."""

MAIN = ("hit@1", "hit@5", "set_f1", "fact_recall", "faithfulness", "abstention_recall", "over_refusal")
"""The metrics of the deterministic layer that are shown where there is no room for all."""

"""The metrics by name: what each measures, and which direction is better. One list for all reports."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Metric:
    """`better` is 1 if more is better, -1 if less is, 0 if neither; `unit` is "" for values in [0, 1]."""

    name: str
    says: str
    better: Literal[-1, 0, 1] = 1
    unit: Literal["", "words", "s"] = ""


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
    Metric("filter_accuracy", "the years taken from the question's words are the expected ones"),
    Metric("words", "length of the answer without markers", better=0, unit="words"),
    Metric("faithfulness", "share of the claims that what they cite supports"),
    Metric("citation_precision", "share of the markers that are needed (ALCE)"),
    Metric("citation_recall", "share of the sentences that the papers they cite support (ALCE)"),
    Metric("citation_validity", "share of the markers whose quote stands in its paper"),
    Metric("abstention_recall", "refused, where the papers do not answer"),
    Metric("over_refusal", "refused, where the papers do answer", better=-1),
    Metric("seconds", "wall time of the answer", better=-1, unit="s"),
)
"""The deterministic layer, without a language model. All but `seconds` are the same for each run."""

JUDGED = _by_name(
    Metric("judge_faithfulness", "share of the claims that what they cite supports, says the judge"),
    Metric("judge_citation_precision", "share of the markers that are needed (ALCE), says the judge"),
    Metric(
        "judge_citation_recall", "share of the sentences that the papers they cite support, says the judge"
    ),
    Metric("judge_correctness", "agreement with the reference answer, says the judge"),
    Metric("judge_relevancy", "the answer is about the question, says the judge"),
)
"""The judge layer: verdicts of a language model, never mixed with the above."""

RANKING = ("hit@1", "hit@5", "mrr@10", "ndcg@10", "recall@10")
SETS = ("set_precision", "set_recall", "set_f1")
SUPPORT = ("faithfulness", "citation_precision", "citation_recall", "citation_validity")
"""Metrics of the retrieved papers, of the papers cited for a list, and of sentences and citations."""

MAIN = ("hit@1", "hit@5", "set_f1", "fact_recall", "faithfulness", "abstention_recall", "over_refusal")
"""The metrics of the deterministic layer that are shown where there is no room for all."""

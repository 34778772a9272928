"""The metrics of one answer: what its question's case knows against what it says."""

from collections.abc import Mapping
from dataclasses import dataclass

from eval.cases import Turn
from eval.metrics import (
    Statement,
    citation_precision,
    citation_recall,
    citation_validity,
    fact_recall,
    faithfulness,
    hit_at,
    mrr_at,
    ndcg_at,
    recall_at,
    set_f1,
    set_precision,
    set_recall,
)
from rag.library import Library
from rag.markers import without_markers
from rag.support import Judge, support
from rag.types import Answer, Citation, Claim, Filters, Paper

LIST = "list"  # the tag of questions that are answered by a set of papers

METRICS = (
    "hit@1",
    "hit@5",
    "mrr@10",
    "ndcg@10",
    "recall@10",
    "set_precision",
    "set_recall",
    "set_f1",
    "fact_recall",
    "filter_accuracy",
    "words",
    "faithfulness",
    "citation_precision",
    "citation_recall",
    "citation_validity",
    "abstention_recall",
    "over_refusal",
    "seconds",
)

Scores = dict[str, float | None]
"""A value a metric, in the order of METRICS; None where the metric does not apply."""


def score(turn: Turn, answer: Answer, library: Library, judge: Judge) -> Scores:
    """Every metric of one answer from this library."""
    key = _find(turn, library)
    papers = library.catalog.papers([citation.paper_id for citation in answer.citations])
    scores: Scores = dict.fromkeys(METRICS)
    scores |= _ranking(key, answer) | _abstention(turn, answer)
    if LIST in turn.tags:
        scores |= _cited_set(key, answer)
    if turn.facts and turn.answerable:
        said = without_markers(answer.text) if answer.status != "refused" else ""
        scores["fact_recall"] = fact_recall(said, turn.facts)
    if turn.expected_filters is not None:
        years = Filters(answer.filters.from_year, answer.filters.to_year)
        scores["filter_accuracy"] = float(years == turn.expected_filters.as_filters())
    if answer.status != "refused":
        scores["words"] = float(len(without_markers(answer.text).split()))
        scores |= _support(answer, papers, judge)
    scores["seconds"] = answer.seconds["total"]
    return scores


@dataclass(frozen=True)
class _Key:
    """The papers of a turn by their ids in a library; one that it does not hold by its title."""

    relevant: frozenset[str]
    ignored: frozenset[str]


def _find(turn: Turn, library: Library) -> _Key:
    found = library.catalog.find([*turn.papers, *turn.ignore])
    return _Key(
        relevant=frozenset(found.get(paper, paper) for paper in turn.papers),
        ignored=frozenset(found.get(paper, paper) for paper in turn.ignore),
    )


def _ranking(key: _Key, answer: Answer) -> Scores:
    if not key.relevant:
        return {}
    ranking = [paper.paper_id for paper in answer.papers if paper.paper_id not in key.ignored]
    return {
        "hit@1": hit_at(1, ranking, key.relevant),
        "hit@5": hit_at(5, ranking, key.relevant),
        "mrr@10": mrr_at(10, ranking, key.relevant),
        "ndcg@10": ndcg_at(10, ranking, key.relevant),
        "recall@10": recall_at(10, ranking, key.relevant),
    }


def _cited_set(key: _Key, answer: Answer) -> Scores:
    if not key.relevant:
        return {}
    is_refused = answer.status == "refused"
    cited = set() if is_refused else {citation.paper_id for citation in answer.citations} - key.ignored
    return {
        "set_precision": set_precision(cited, key.relevant),
        "set_recall": set_recall(cited, key.relevant),
        "set_f1": set_f1(cited, key.relevant),
    }


def _abstention(turn: Turn, answer: Answer) -> Scores:
    name = "over_refusal" if turn.answerable else "abstention_recall"
    return {name: float(answer.status == "refused")}


def _support(answer: Answer, papers: Mapping[str, Paper], judge: Judge) -> Scores:
    cited = {citation.number: papers.get(citation.paper_id) for citation in answer.citations}
    statements = [_statement(claim, cited) for claim in answer.claims]
    broken = {c.number for c in answer.citations if not _stands(c, papers.get(c.paper_id))}

    def supports(claim: str, text: str) -> bool:
        return support(claim, [text], judge).supported

    markers = [number for claim in answer.claims for number in claim.citations]
    written, unknown = answer.markers.written, answer.markers.unknown
    return {
        "faithfulness": faithfulness([claim.supported for claim in answer.claims]),
        "citation_precision": citation_precision(statements, unknown, supports),
        "citation_recall": citation_recall(statements, supports),
        "citation_validity": citation_validity(written, unknown, sum(n in broken for n in markers)),
    }


def _statement(claim: Claim, cited: Mapping[int, Paper | None]) -> Statement:
    papers = [cited.get(number) for number in claim.citations]
    return Statement(claim.text, tuple(f"{p.title} {p.abstract}" if p else "" for p in papers))


def _stands(citation: Citation, paper: Paper | None) -> bool:
    """Whether the quote is the paper's text at its offsets, to the character."""
    return paper is not None and paper.abstract[citation.start : citation.end] == citation.quote

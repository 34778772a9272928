"""Scores of answers from whole papers, beside those of `eval`: cited papers, pages and quotes."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks.papers.poppler import stands_on
from eval.cases import PageEvidence
from eval.metrics import fact_recall, page_recall, set_recall
from eval.metrics.registry import Metric
from eval.outcomes import Outcome, Outcomes, scored
from eval.rows import Row
from eval.run import Run
from eval.summary import mean
from rag.markers import without_markers

_OF_EVAL = ("hit@1", "hit@5", "page_hit", "over_refusal", "abstention_recall", "words")
_OURS = tuple(
    Metric(name, says)
    for name, says in (
        ("right_papers_cited", "share of the right papers that are cited"),
        (
            "pages_cited",
            "share of the pages of the evidence that are cited, where the answer needs several",
        ),
        ("facts", "share of the facts in the first words of the answer"),
        ("quotes_on_page", "share of the quotes from bodies that stand on their page"),
    )
)
_SEVERAL_PAGES = {"pages", "compare"}  # the tags of questions that need all of their evidence


def summarise_answers(
    run: Run, evidence: Mapping[str, Sequence[PageEvidence]], files: Mapping[str, Path], words: int
) -> dict[str, Any]:
    """Means with 95 % intervals, over all questions and by tag; `files` are the PDFs by paper id."""
    ours = {row.place: _outcomes(row, evidence[row.case_id], files, words) for row in run.rows}
    tags = sorted({tag for row in run.rows for tag in row.tags})
    return {
        "questions": len(run.rows),
        "errors": run.summary()["errors"],
        "metrics": _means(run.rows, run.summary()["metrics"], ours),
        "by_tag": {
            tag: _means([row for row in run.rows if tag in row.tags], run.summary()["by_tag"][tag], ours)
            for tag in tags
        },
    }


def _means(
    rows: Sequence[Row], of_eval: Mapping[str, Any], ours: Mapping[tuple[str, int], Outcomes]
) -> dict[str, Any]:
    own = {metric.name: mean(rows, metric, lambda row: ours[row.place]) for metric in _OURS}
    figures = {name: of_eval[name] for name in _OF_EVAL} | own
    return {name: {key: figure[key] for key in ("mean", "n", "ci95")} for name, figure in figures.items()}


def _outcomes(
    row: Row, evidence: Sequence[PageEvidence], files: Mapping[str, Path], words: int
) -> Outcomes:
    if row.answer is None:
        return {}
    citations = [] if row.answer["status"] == "refused" else row.answer["citations"]
    outcomes: Outcomes = {}
    if evidence:
        expected = {(place.paper, place.page) for place in evidence}
        cited = {(citation["paper_id"], citation["page"]) for citation in citations}
        papers = {citation["paper_id"] for citation in citations}
        outcomes["right_papers_cited"] = scored(set_recall(papers, set(row.expected.papers)))
        outcomes["facts"] = _facts(row, words)
        if _SEVERAL_PAGES & set(row.tags):
            outcomes["pages_cited"] = scored(page_recall(cited, expected))
    if quoted := [citation for citation in citations if citation["page"] and citation["paper_id"] in files]:
        standing = [stands_on(files[each["paper_id"]], each["page"], each["quote"]) for each in quoted]
        outcomes["quotes_on_page"] = scored(sum(standing) / len(standing))
    return outcomes


def _facts(row: Row, words: int) -> Outcome:
    answer = row.answer or {}
    text = "" if answer["status"] == "refused" else without_markers(answer["text"])
    return scored(fact_recall(" ".join(text.split()[:words]), row.expected.facts))

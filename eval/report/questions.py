"""A row as a report shows it: the expected answer beside the actual one."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import count
from typing import Any
from urllib.parse import quote

from eval.metrics import holds
from eval.outcomes import Outcome, Outcomes
from eval.report.faults import find_faults
from eval.rows import Row
from rag.identity import arxiv_key, doi_key
from rag.markers import without_markers
from rag.types import Claim

STATUSES = ("answered", "partial", "refused", "error")
_NOTHING: dict[str, Any] = {
    **dict.fromkeys(("status", "text", "reason", "resolved_question", "missing", "writer")),
    **dict.fromkeys(("claims", "citations", "papers", "notes"), ()),
    "usage": {},
    "seconds": {},
}
_COLUMNS = ("hit@1", "hit@5", "set_f1", "fact_recall", "faithfulness", "judge_faithfulness", "seconds")


@dataclass(frozen=True)
class ShownPaper:
    """A paper in a list, with its rank among the retrieved ones that count."""

    paper_id: str
    title: str
    rank: int | None = None
    is_right: bool = False
    score: float | None = None

    @property
    def link(self) -> str | None:
        """The address for an arXiv id or a DOI; None for other ids."""
        if key := arxiv_key(self.paper_id):
            return f"https://arxiv.org/abs/{quote(key)}"
        if key := doi_key(self.paper_id):
            return f"https://doi.org/{quote(key)}"
        return None


@dataclass(frozen=True)
class ShownQuestion:
    """One row; `tags` are indices into the run's list of tags."""

    row: Row
    tags: Sequence[int] = ()

    @cached_property
    def answer(self) -> Mapping[str, Any]:
        """The answer, or an empty one."""
        return _NOTHING | dict(self.row.answer or {})

    @property
    def status(self) -> str:
        """One of STATUSES; "error" where there is no answer."""
        status = self.answer["status"]
        return status if status in STATUSES else STATUSES[-1]

    @property
    def is_answered(self) -> bool:
        """Whether there is an answer."""
        return self.row.answer is not None

    @cached_property
    def outcomes(self) -> Outcomes:
        """The outcomes of both layers."""
        return self.row.outcomes | self.row.judged

    @cached_property
    def faults(self) -> list[str]:
        return find_faults(self.row)

    @cached_property
    def facts(self) -> list[tuple[str, bool]]:
        """The first form of each expected fact, and whether the answer has the fact."""
        text = "" if self.status == "refused" else without_markers(self.answer["text"] or "")
        return [(forms[0], any(holds(text, form) for form in forms)) for forms in self.row.expected.facts]

    @cached_property
    def expected_papers(self) -> list[ShownPaper]:
        """The right papers, each with its rank where it was retrieved."""
        ranks = {paper.paper_id: paper.rank for paper in self.papers}
        titles = self.row.expected.titles
        return [ShownPaper(id_, titles.get(id_, id_), ranks.get(id_)) for id_ in self.row.expected.papers]

    @cached_property
    def papers(self) -> list[ShownPaper]:
        """The retrieved papers in order, each once; ignored ones have no rank."""
        papers = {paper["paper_id"]: paper for paper in reversed(self.answer["papers"])}
        expected, rank = self.row.expected, count(1)
        return [
            ShownPaper(
                id_,
                papers[id_].get("title") or id_,
                None if id_ in expected.ignore else next(rank),
                id_ in expected.papers,
                papers[id_].get("score"),
            )
            for id_ in reversed(papers)
        ]

    @cached_property
    def claims(self) -> list[tuple[Claim, list[Mapping[str, Any]]]]:
        """Each claim with its quotes."""
        citations = self.answer["citations"]
        return [
            (Claim.from_dict(claim), [citations[place] for place in self._quotes(claim)])
            for claim in self.answer["claims"]
        ]

    @cached_property
    def further_citations(self) -> list[Mapping[str, Any]]:
        """The quotes of no claim, such as the sentence that shows why a question is refused."""
        used = {place for claim in self.answer["claims"] for place in self._quotes(claim)}
        return [each for place, each in enumerate(self.answer["citations"]) if place not in used]

    def _quotes(self, claim: Mapping[str, Any]) -> list[int]:
        """The places of a claim's quotes; in runs of earlier versions those of its numbers."""
        citations = self.answer["citations"]
        if "quotes" in claim:
            return [place for place in claim["quotes"] if place < len(citations)]
        return [place for place, each in enumerate(citations) if each["number"] in claim["citations"]]

    @cached_property
    def layers(self) -> list["ShownLayer"]:
        """The layers that have outcomes."""
        layers = [ShownLayer("Metrics", self.row.outcomes), ShownLayer("Judge", self.row.judged)]
        return [layer for layer in layers if layer.outcomes]


@dataclass(frozen=True)
class ShownLayer:
    """The outcomes of one layer: those that apply, and the reasons why the others do not."""

    name: str
    outcomes: Outcomes

    @property
    def telling(self) -> list[tuple[str, Outcome]]:
        return [each for each in self.outcomes.items() if each[1].kind != "not applicable"]

    @property
    def inapplicable(self) -> dict[str, list[str]]:
        reasons: dict[str, list[str]] = {}
        for name, outcome in self.outcomes.items():
            if outcome.kind == "not applicable":
                reasons.setdefault(outcome.explanation, []).append(name)
        return reasons


def show_questions(rows: Sequence[Row], tags: Sequence[str]) -> list[ShownQuestion]:
    """The rows in the order of the run; `tags` are all tags of the run."""
    places = {tag: place for place, tag in enumerate(tags)}
    return [ShownQuestion(row, [places[tag] for tag in dict.fromkeys(row.tags)]) for row in rows]


def telling_columns(questions: Sequence[ShownQuestion]) -> list[str]:
    """The metrics that get a column: those that apply to any of the questions."""
    telling = {name for question in questions for layer in question.layers for name, _ in layer.telling}
    return [name for name in _COLUMNS if name in telling]

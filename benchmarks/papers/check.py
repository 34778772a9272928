"""Whether the questions fit the papers: each quote on its page, each fact there, none in the abstract."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from benchmarks.papers.collection import WholePaper
from benchmarks.papers.poppler import fold, in_lines, page_texts, stands_on
from eval.cases import Case, CaseTurn, PageEvidence
from eval.metrics import holds


def problems(cases: Sequence[Case], papers: Sequence[WholePaper], folder: Path) -> Iterator[str]:
    """What does not fit, one line each."""
    by_title = {paper.titles[0]: paper for paper in papers}
    for paper in papers:
        if not paper.in_folder(folder).exists():
            yield f"{paper.key}: there is no {paper.in_folder(folder)}: run benchmarks.papers.fetch"
            return
        if not paper.is_known_version(paper.in_folder(folder)):
            yield f"{paper.key}: not the version that the questions were written on"
    for case in cases:
        yield from (f"{case.id}: {problem}" for problem in _of_turn(case.turns[0], by_title, folder))


def _of_turn(turn: CaseTurn, by_title: dict[str, WholePaper], folder: Path) -> Iterator[str]:
    if unknown := set(turn.papers) - by_title.keys():
        yield f"no paper of the collection: {', '.join(sorted(unknown))}"
        return
    for evidence in turn.evidence:
        pdf = by_title[evidence.paper].in_folder(folder)
        if not evidence.page or not evidence.quote or not stands_on(pdf, evidence.page, evidence.quote):
            yield f"not on page {evidence.page} of {pdf.name}: {evidence.quote}"
    pages = " ".join(_page(evidence, by_title, folder) for evidence in turn.evidence)
    for forms in turn.facts:
        if not any(holds(in_lines(pages), form) or fold(form) in fold(pages) for form in forms):
            yield f"not on the pages of its evidence: {' / '.join(forms)}"
    abstracts = [abstract_of(by_title[title], folder) for title in turn.papers]
    if "single" in turn.tags and all(
        any(holds(abstracts[0], form) for form in forms) for forms in turn.facts
    ):
        yield f"the abstract answers it: {turn.facts}"


def _page(evidence: PageEvidence, by_title: dict[str, WholePaper], folder: Path) -> str:
    texts = page_texts(by_title[evidence.paper].in_folder(folder))
    return "".join(texts[page - 1 : page]) if (page := evidence.page) else ""


def abstract_of(paper: WholePaper, folder: Path) -> str:
    """The abstract as poppler reads it, "" where there is none. Raises ValueError where it is not found."""
    if not paper.abstract:
        return ""
    text = in_lines(page_texts(paper.in_folder(folder))[paper.abstract["page"] - 1])
    start = text.index(paper.abstract["begins"])
    return text[start : text.index(paper.abstract["ends"], start) + len(paper.abstract["ends"])]

"""Answers, papers and searches as HTML. Jinja escapes every text.

Texts of others never go through Gradio's Markdown, which would fetch the pictures that they name.
"""

import base64
import json
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path, PurePath
from typing import Any
from urllib.parse import urlsplit

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from eval.comparison import Comparison, wording
from ingest.annotating import OwnWords
from ingest.exports.bibtex import to_bibtex
from ingest.exports.links import link
from ingest.pipeline import Report
from rag.cited_papers import NOT_OF_PAPER, cited_papers, place_of
from rag.doubts import doubts, tally, verdict, why
from rag.drafts import REFUSAL
from rag.notes import UNCHECKED, offer_note
from rag.plain import plain, sentence
from rag.readable import readable, without_markup
from rag.types import Answer, Hit, Paper
from rag.writers.extractive import BY_CHOICE, NO_MODEL, ExtractiveWriter
from ui.authors import in_a_cell
from ui.export import to_markdown
from ui.particulars import particulars
from ui.parts import Group, Part, groups_of, pieces_of, rows_of
from ui.steps import going_on, steps_of, usage_parts
from ui.web.cards import Card, hint, shows
from ui.web.chats import Exchange
from ui.web.table import Table
from ui.web.viewing import address_of, hit_excerpts, version_of

_NO_WORDS = OwnWords()
_TOO_LARGE = "this answer is too large to be shown: ask again for less"
_NEAREST = 5  # papers shown below what is not answered
MOST_HTML = 3_000_000  # bytes of an exchange's page; that of a list has some 60,000


def answer_html(exchange: Exchange, anchor: str, papers: Mapping[str, Paper]) -> str:
    """An answer, or as much of it as is written; only one line if it is too large for a page.

    `anchor`, of letters and digits, begins the ids of its cards. `papers` holds its `shown_papers`.
    """
    shown = [papers[paper_id] for paper_id in shown_papers(exchange.answer) if paper_id in papers]
    if sum(len(paper.abstract) + sum(map(len, paper.authors)) for paper in shown) > MOST_HTML:
        papers = {}  # the quotes alone
    html = _whole_html(exchange, anchor, papers)
    if sys.getsizeof(html) <= MOST_HTML:  # one emoji makes four bytes of each character
        return html
    return _whole_html(replace(exchange, written="", answer=None, error=_TOO_LARGE), anchor, {})


def shown_papers(answer: Answer | None) -> list[str]:
    """The ids of the papers that the page shows of an answer, once for each place."""
    if not answer:
        return []
    near = answer.papers[: _NEAREST + len(answer.citations)] if answer.status != "answered" else ()
    cited = [paper.citation.paper_id for paper in cited_papers(answer)]
    return cited + [paper.paper_id for paper in near]


def _whole_html(exchange: Exchange, anchor: str, papers: Mapping[str, Paper]) -> str:
    answer = exchange.answer
    cited = cited_papers(answer) if answer else []
    cards = [Card(paper, papers.get(paper.citation.paper_id)) for paper in cited]
    by_number = {card.cited.number: card for card in cards}
    rows = rows_of(answer) if answer else []
    return _render(
        "answer.html.jinja",
        exchange=exchange,
        answer=answer,
        anchor=anchor,
        groups=_groups(exchange),
        rows=[(row.parts, by_number[row.citation.number]) for row in rows if row.citation],
        by_number=by_number,
        cards=cards,
        nearest=_nearest(answer, papers) if answer and answer.status != "answered" else (),
        exports=_exports(answer, papers) if answer else (),
    )


def _groups(exchange: Exchange) -> list[Group]:
    """The text so far, quotes grouped by paper; the words of a refusal stand in its banner."""
    if answer := exchange.answer:
        text = answer.text.removeprefix(REFUSAL).removesuffix(REFUSAL).strip("\n")
        return groups_of(replace(answer, text=text))
    written = tuple(pieces_of(exchange.written))
    return [Group((Part(None, written),))] if written else []


def _nearest(answer: Answer, papers: Mapping[str, Paper]) -> list[Paper]:
    """The papers nearest to the question, without those that are cited."""
    cited = {citation.paper_id for citation in answer.citations}
    ids = [paper.paper_id for paper in answer.papers if paper.paper_id not in cited]
    return [papers[paper_id] for paper_id in ids if paper_id in papers][:_NEAREST]


def _exports(answer: Answer, papers: Mapping[str, Paper]) -> Iterator[tuple[str, str, str, str, str]]:
    """The files for download: format, description, name, media type, content."""
    yield "Markdown", "the answer as Markdown", "answer.md", "text/markdown", to_markdown(answer, papers)
    ids = [citation.paper_id for citation in answer.citations]
    if cited := {paper_id: papers[paper_id] for paper_id in ids if paper_id in papers}:
        references = to_bibtex(cited.values())
        yield "BibTeX", "the cited papers as BibTeX", "references.bib", "application/x-bibtex", references
    whole = json.dumps(answer.to_dict(), ensure_ascii=False)
    yield "JSON", "the answer as JSON", "answer.json", "application/json", whole


def _notes(answer: Answer) -> list[str]:
    """The notes, except the one that offers years, for which the page has a button."""
    offer = offer_note(answer.offered_filters) if answer.offered_filters else None
    return [note for note in answer.notes if note != offer]


def _own_words(answer: Answer) -> str | None:
    """The note that says why no model wrote."""
    if answer.writer != ExtractiveWriter.name:
        return None
    return next((note for note in answer.notes if note in (NO_MODEL, BY_CHOICE)), None)


def _byline(answer: Answer) -> str:
    """Who wrote the answer, how long it took, and what it cost."""
    parts = []
    if answer.writer != ExtractiveWriter.name:
        parts.append(f"Written by {answer.writer}")
    elif answer.claims:
        parts.append("Quotes only")
    parts.append(f"{answer.seconds.get('total', 0.0):.1f} s")
    return " · ".join([*parts, *usage_parts(answer.usage)])


def hits_html(hits: Sequence[Hit], note: str | None) -> str:
    """A ranking, each paper with its scores and its best passage, below a note."""
    is_near = any(hit.is_near for hit in hits)
    return _render("hits.html.jinja", hits=hits, note=note, is_near=is_near, signals=SIGNALS)


SIGNALS = {
    "dense": ("meaning", "cosine of the query to the nearest passage"),
    "lexical": ("words", "BM25 of title and abstract"),
    "token": ("late interaction, paper", "each word piece of the query against the whole paper"),
    "passage": ("late interaction, passage", "the same against the best passage"),
}
"""The signals of a hit: a short name, and an explanation."""


def paper_html(paper: Paper, sources: Iterable[str], own: OwnWords = _NO_WORDS) -> str:
    """The page of a paper. Its sources are shown by their names, without their folders."""
    return _render(
        "paper.html.jinja",
        paper=paper,
        sources=[PurePath(source).name for source in sources],
        particulars=particulars(paper),
        notes=[(PurePath(source).name, note) for source, note in own.notes],
    )


def table_html(table: Table) -> str:
    """The table of papers."""
    return _render("papers.html.jinja", table=table, error=None)


def no_table_html(error: str) -> str:
    """What stands in the place of the table where no paper can be listed."""
    return _render("papers.html.jinja", table=None, error=error)


def report_html(report: Report) -> str:
    """The report of an ingest."""
    return _render("report.html.jinja", report=report)


def error_html(error: str, title: str = "") -> str:
    """An error, perhaps below a title."""
    return _render("error.html.jinja", error=error, title=title)


def chips_html(chips: Mapping[str, str]) -> str:
    """The settings in force, each a name and a value."""
    return _render("chips.html.jinja", chips=chips)


def trial_html(line: str) -> str:
    """The state of the trial of a model."""
    return _render("trial.html.jinja", line=line)


def comparison_html(comparison: Comparison) -> str:
    """Two runs side by side."""
    return _render("comparison.html.jinja", comparison=comparison, wording=wording)


def frame_html(page: str, title: str) -> str:
    """A whole page inside ours, in a frame that cannot reach ours."""
    return _render("frame.html.jinja", page=page, title=title)


def _render(template: str, **content: Any) -> str:
    return plain(_environment().get_template(template).render(content)).strip()


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    environment.globals |= {"refusal": REFUSAL, "no_model": NO_MODEL, "going_on": going_on}
    environment.globals |= {"unchecked": UNCHECKED, "not_of_paper": NOT_OF_PAPER}
    environment.globals |= {"shows": shows, "quotes_alone": ExtractiveWriter.name}
    environment.filters |= {"readable": readable, "sentence": sentence, "without_markup": without_markup}
    environment.filters |= {"base64": _base64, "verdict": verdict, "why": why, "host": _host, "link": link}
    environment.filters |= {
        "byline": _byline,
        "in_a_cell": in_a_cell,
        "notes": _notes,
        "own_words": _own_words,
    }
    environment.filters |= {"address": address_of, "version": version_of, "excerpts": hit_excerpts}
    environment.filters |= {
        "steps": steps_of,
        "doubts": doubts,
        "tally": tally,
        "place": place_of,
        "hint": hint,
    }
    return environment


def _base64(text: str) -> str:
    return base64.b64encode(text.encode("utf-8", "replace")).decode()


def _host(address: str) -> str:
    return urlsplit(address).hostname or address

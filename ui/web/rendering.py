"""Answers, papers and searches as HTML. Jinja escapes every text.

Gradio's own Markdown gets no text of others, as it would fetch the pictures that they name.
"""

import base64
import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path, PurePath
from typing import Any
from urllib.parse import urlsplit

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from eval.comparison import Comparison, wording
from ingest.pipeline import Report
from rag.answering import REFUSAL, offer_note
from rag.plain import plain, sentence
from rag.readable import readable, without_markup
from rag.types import Answer, Citation, Hit, Paper
from rag.writers.extractive import BY_CHOICE, NO_MODEL, ExtractiveWriter
from ui.authors import in_short
from ui.export import link, to_bibtex, to_markdown
from ui.parts import Group, Part, groups_of, pieces_of, rows_of
from ui.verdicts import doubt
from ui.web.chats import Exchange

_HERE = Path(__file__).parent
_TOO_LARGE = "this answer is too large to be shown: ask again for less"
_NEAREST = 5  # papers shown where nothing answers
MOST_HTML = 3_000_000  # bytes of an exchange's page; that of a list has some 60,000


@dataclass(frozen=True)
class Card:
    """A source: its citation, and the abstract around the quote if the quote still stands there."""

    citation: Citation
    paper: Paper | None

    @property
    def is_whole(self) -> bool:
        quoted = self.paper and self.paper.abstract[self.citation.start : self.citation.end]
        return quoted == self.citation.quote

    @property
    def before(self) -> str:
        return self.paper.abstract[: self.citation.start] if self.paper else ""

    @property
    def after(self) -> str:
        return self.paper.abstract[self.citation.end :] if self.paper else ""

    @property
    def address(self) -> str | None:
        return link(self.paper) if self.paper else None


@dataclass(frozen=True)
class ListedPaper:
    """A paper of a list, with its sentences."""

    group: Group
    card: Card

    @property
    def authors(self) -> tuple[str, ...]:
        return self.card.citation.authors or (self.card.paper.authors if self.card.paper else ())

    @property
    def authors_in_short(self) -> str:
        return in_short(self.authors, self.card.paper.author_count if self.card.paper else None)


@dataclass(frozen=True)
class Near:
    """A paper near the question."""

    paper: Paper

    @property
    def address(self) -> str | None:
        return link(self.paper)


@dataclass(frozen=True)
class Export:
    """A file for download."""

    name: str
    title: str
    file: str
    kind: str
    content: str

    @property
    def base64(self) -> str:
        return base64.b64encode(self.content.encode("utf-8", "replace")).decode()


def answer_html(exchange: Exchange, anchor: str, papers: Mapping[str, Paper]) -> str:
    """An answer, or as much of it as is written; one line instead where it is too large for a page.

    `anchor`, of letters and digits, begins the ids of its cards. `papers` holds its `shown_papers`.
    """
    answer = exchange.answer
    shown = [papers[paper_id] for paper_id in _shown_ids(answer) if paper_id in papers]
    if sum(len(paper.abstract) + sum(map(len, paper.authors)) for paper in shown) > MOST_HTML:
        papers = {}  # the quotes alone
    html = _whole_html(exchange, anchor, papers)
    if sys.getsizeof(html) <= MOST_HTML:  # one emoji makes four bytes of each character
        return html
    return _whole_html(replace(exchange, written="", answer=None, error=_TOO_LARGE), anchor, {})


def _whole_html(exchange: Exchange, anchor: str, papers: Mapping[str, Paper]) -> str:
    answer = exchange.answer
    cards = [Card(each, papers.get(each.paper_id)) for each in answer.citations] if answer else []
    by_number = {card.citation.number: card for card in cards}
    listed = rows_of(answer) if answer else []
    return _render(
        "answer.html.jinja",
        exchange=exchange,
        answer=answer,
        status=status_of(exchange),
        anchor=anchor,
        refusal=REFUSAL,
        own_words=_own_words(answer) if answer else None,
        no_model=NO_MODEL,
        groups=_groups(exchange),
        rows=[ListedPaper(each, by_number[each.citation.number]) for each in listed if each.citation],
        numbers=set(by_number),
        cards=cards,
        nearest=_nearest(answer, papers) if answer and answer.status != "answered" else (),
        notes=_notes(answer) if answer else (),
        byline=_byline(answer) if answer else "",
        exports=_exports(answer, papers) if answer else (),
    )


def _groups(exchange: Exchange) -> list[Group]:
    """The text so far, grouped by paper where it quotes; a refusal's words are left to its banner."""
    if answer := exchange.answer:
        text = answer.text.removeprefix(REFUSAL).removesuffix(REFUSAL).strip("\n")
        return groups_of(replace(answer, text=text))
    written = tuple(pieces_of(exchange.written))
    return [Group((Part(None, written),))] if written else []


def _notes(answer: Answer) -> list[str]:
    """The notes, but for the one that offers years: the page has a button for them."""
    offer = offer_note(answer.offered_filters) if answer.offered_filters else None
    return [note for note in answer.notes if note != offer]


def _own_words(answer: Answer) -> str | None:
    """The note that says why no model wrote."""
    if answer.writer != ExtractiveWriter.name:
        return None
    return next((note for note in answer.notes if note in (NO_MODEL, BY_CHOICE)), None)


def status_of(exchange: Exchange) -> str:
    """The answer's status; `writing` or `failed` where there is no answer."""
    if exchange.answer:
        return exchange.answer.status
    return "failed" if exchange.error else "writing"


def shown_papers(answer: Answer | None) -> list[str]:
    """The ids of the papers that the page shows of an answer."""
    return list(dict.fromkeys(_shown_ids(answer)))


def _shown_ids(answer: Answer | None) -> list[str]:
    """The ids of the papers that the page shows, once for each place."""
    if not answer:
        return []
    near = answer.papers[: _NEAREST + len(answer.citations)] if answer.status != "answered" else ()
    return [each.paper_id for each in answer.citations] + [each.paper_id for each in near]


def hits_html(hits: Sequence[Hit], note: str | None) -> str:
    """A ranking, each paper with its scores and its best passage, below a note."""
    linked = [(hit, link(hit.paper)) for hit in hits]
    return _render(
        "hits.html.jinja", hits=linked, note=note, is_near=any(hit.is_near for hit in hits), signals=SIGNALS
    )


SIGNALS = {
    "dense": ("meaning", "cosine of the query to the nearest passage"),
    "lexical": ("words", "BM25 of title and abstract"),
    "token": ("late interaction, paper", "each word piece of the query against the whole paper"),
    "passage": ("late interaction, passage", "the same against the best passage"),
}
"""The signals of a hit: a short name, and an explanation."""


def paper_html(paper: Paper, sources: Iterable[str]) -> str:
    """The page of a paper. Its sources are shown by their names, without their folders."""
    return _render(
        "paper.html.jinja",
        paper=paper,
        address=link(paper),
        sources=[PurePath(each).name for each in sources],
    )


def report_html(report: Report | None, error: str | None) -> str:
    """The report of an ingest, or its error."""
    return _render("report.html.jinja", report=report, error=error)


def chips_html(chips: Mapping[str, str]) -> str:
    """The settings in force, each a name and a value."""
    return _render("chips.html.jinja", chips=chips)


def comparison_html(comparison: Comparison | None, error: str | None) -> str:
    """Two runs side by side, or an error."""
    return _render("comparison.html.jinja", comparison=comparison, error=error, wording=wording)


def frame_html(page: str, title: str) -> str:
    """A whole page inside ours, in a frame that cannot reach ours."""
    return _render("frame.html.jinja", page=page, title=title)


def _nearest(answer: Answer, papers: Mapping[str, Paper]) -> list[Near]:
    cited = {citation.paper_id for citation in answer.citations}
    ids = [each.paper_id for each in answer.papers if each.paper_id not in cited]
    return [Near(papers[paper_id]) for paper_id in ids if paper_id in papers][:_NEAREST]


def _byline(answer: Answer) -> str:
    tokens = answer.usage.get("total_tokens")
    parts = [_writer(answer)] if answer.claims or answer.writer != ExtractiveWriter.name else []
    parts += [f"{answer.seconds.get('total', 0.0):.1f} s"]
    parts += [f"{tokens:,.0f} tokens"] if tokens else []
    parts += [f"${answer.usage['cost']:.4f}"] if "cost" in answer.usage else []
    return " · ".join(parts)


def _writer(answer: Answer) -> str:
    return "Quotes only" if answer.writer == ExtractiveWriter.name else f"Written by {answer.writer}"


def _exports(answer: Answer, papers: Mapping[str, Paper]) -> list[Export]:
    cited = {each.paper_id: papers[each.paper_id] for each in answer.citations if each.paper_id in papers}
    whole = json.dumps(answer.to_dict(), ensure_ascii=False)
    exports = [
        Export(
            "Markdown", "the answer as Markdown", "answer.md", "text/markdown", to_markdown(answer, papers)
        ),
        Export("JSON", "the answer as JSON", "answer.json", "application/json", whole),
    ]
    if cited:
        references = to_bibtex(cited.values())
        exports.insert(
            1,
            Export(
                "BibTeX", "the cited papers as BibTeX", "references.bib", "application/x-bibtex", references
            ),
        )
    return exports


def _render(template: str, **content: Any) -> str:
    return plain(_environment().get_template(template).render(content)).strip()


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(_HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    environment.filters |= {"host": _host, "sentence": sentence, "doubt": doubt}
    environment.filters |= {"readable": readable, "without_markup": without_markup}
    return environment


def _host(address: str) -> str:
    return urlsplit(address).hostname or address

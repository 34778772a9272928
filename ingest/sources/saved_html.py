"""Saved web pages: Hugging Face's Daily Papers and paper pages, and those that name a paper in their head.

UNTRIED on pages as a browser saves them: no real one was at hand. Hugging Face's pages carry their papers
as JSON in `data-props`; arXiv's and publishers' name one paper in `citation_…` tags or in JSON-LD; where
there is neither, an article's heading is taken for a title and its paragraph for the abstract.
"""

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ingest.sources.base import Entry, Reading, entry_from
from ingest.sources.loose import loose_record, plain_text
from ingest.sources.texts import WINDOWS, read_whole

if TYPE_CHECKING:
    from selectolax.lexbor import LexborHTMLParser

_MOST_PAPERS = 10_000
_MOST_VALUES = 200_000  # of a page's JSON
_DEEPEST, _MOST_ATTRIBUTES = 5_000, 5_000
# Those `alone` do not nest: they hold nothing, or a browser closes them by itself.
_TAG = re.compile(
    r"<(?P<closes>/?)(?P<alone>(?:p|li|dt|dd|tr|td|th|option|br|hr|img|input|link|meta|source|path|wbr)\b|(?=[a-z]))",
    re.IGNORECASE,
)
_ATTRIBUTE = re.compile(r"[\s/]*[^\s/>=]+(?:\s*=\s*(?:\"[^\"]*\"|'[^']*'|[^\s>]*))?|[\s/]*=[^\s>]*")
_META = {
    "title": ("citation_title", "dc.title"),
    "abstract": ("citation_abstract", "dc.description.abstract", "dcterms.abstract"),
    "published": ("citation_date", "citation_publication_date", "citation_online_date", "dc.date"),
    "doi": ("citation_doi",),
    "arxiv_id": ("citation_arxiv_id",),
}


def read_saved_html(path: Path, source: str, reading: Reading) -> Iterator[Entry]:
    """The papers of a page, each once; one whose abstract the page does not show is rejected."""
    for record in _records(path):
        yield entry_from(record, source, None)


def check_saved_html(path: Path, name: str, reading: Reading) -> None:
    """Raises ValueError where a page names no paper."""
    if not any(True for _ in _records(path)):
        raise ValueError(
            "is a web page on which no paper is found: save a page of Daily Papers, of one paper there or "
            "at arXiv, as “HTML only”"
        )


def is_html(start: str) -> bool:
    """Whether a text begins as a web page."""
    return (
        start[:2_000].lstrip().lower().startswith(("<!doctype html", "<html", "<head", "<!-- saved from"))
    )


def _records(path: Path) -> Iterator[dict[str, Any]]:
    """What the first way that finds a paper finds, each paper once."""
    from selectolax.lexbor import LexborHTMLParser

    text = read_whole(path, WINDOWS)
    if _is_tangled(text):
        raise ValueError("is no web page as browsers save them: save the page again, as “HTML only”")
    page = LexborHTMLParser(text)
    for find in (_embedded, _linked_data, _named_in_head, _laid_out):
        met: set[tuple[Any, Any]] = set()
        for record in find(page):
            key = (record["arxiv_id"], record["title"])
            if key not in met and len(met) < _MOST_PAPERS:
                met.add(key)
                yield record
        if met:
            return


def _is_tangled(text: str) -> bool:
    """Whether a page would take the parser minutes: its time grows with the square of how deep elements
    nest, and of how many attributes one has.
    """
    depth = place = 0
    while found := _TAG.search(text, place):
        if not found["alone"]:
            depth = max(depth - 1, 0) if found["closes"] else depth + 1
        place, attributes = found.end(), 0
        while attribute := _ATTRIBUTE.match(text, place):
            place, attributes = attribute.end(), attributes + 1
            if attributes > _MOST_ATTRIBUTES:
                return True
        if depth > _DEEPEST:
            return True
    return False


def _embedded(page: "LexborHTMLParser") -> Iterator[dict[str, Any]]:
    """The papers in the data of Hugging Face's components."""
    for node in page.css("[data-props]"):
        for told in _objects(node.attributes.get("data-props")):
            if isinstance(told.get("title"), str) and isinstance(told.get("id"), str) and "authors" in told:
                yield loose_record(
                    told["title"],
                    told.get("summary"),
                    published=[told.get("publishedAt")],
                    authors=told.get("authors"),
                    arxiv_id=told["id"],
                    organization=_name(told.get("organization")),
                )


def _linked_data(page: "LexborHTMLParser") -> Iterator[dict[str, Any]]:
    """The articles of JSON-LD."""
    for node in page.css("script[type='application/ld+json']"):
        for told in _objects(node.text()):
            if "Article" in str(told.get("@type"))[:200] and (told.get("headline") or told.get("name")):
                authors = told.get("author")
                yield loose_record(
                    told.get("headline") or told.get("name"),
                    told.get("abstract") or told.get("description"),
                    published=[told.get("datePublished")],
                    authors=[authors] if isinstance(authors, dict) else authors,
                    doi=told.get("doi") or told.get("sameAs"),
                    hints=[told.get("url"), told.get("@id"), told.get("identifier")],
                )


def _named_in_head(page: "LexborHTMLParser") -> Iterator[dict[str, Any]]:
    """The one paper that the page's head names."""
    told: dict[str, list[str]] = {}
    for node in page.css("meta[name][content]"):
        name, content = node.attributes.get("name") or "", node.attributes.get("content") or ""
        told.setdefault(name.lower(), []).append(content)
    first = {field: [told[name][0] for name in names if name in told] for field, names in _META.items()}
    if first["title"]:
        yield loose_record(
            first["title"][0],
            next(iter(first["abstract"]), None),
            published=first["published"],
            authors=told.get("citation_author"),
            doi=next(iter(first["doi"]), None),
            arxiv_id=next(iter(first["arxiv_id"]), None),
            hints=told.get("citation_pdf_url", []),
        )


def _laid_out(page: "LexborHTMLParser") -> Iterator[dict[str, Any]]:
    """Articles with a heading."""
    for article in page.css("article")[:_MOST_PAPERS]:
        heading, paragraph = article.css_first("h1, h2, h3"), article.css_first("p")
        link = article.css_first("a[href*='/papers/']")
        address = (link.attributes.get("href") or "") if link else ""
        if heading and plain_text(heading.text()):
            yield loose_record(
                heading.text(),
                paragraph.text() if paragraph else None,
                arxiv_id=address.rstrip("/").rpartition("/papers/")[2].partition("#")[0],
            )


def _objects(text: str | None) -> Iterator[Mapping[str, Any]]:
    """Each object in a text of JSON, the outer before the inner, in order."""
    try:
        waiting = [json.loads(text or "null")]
    except (ValueError, RecursionError):
        return
    for _ in range(_MOST_VALUES):
        if not waiting:
            return
        value = waiting.pop()
        if isinstance(value, dict):
            yield value
            waiting += reversed(value.values())
        elif isinstance(value, list):
            waiting += reversed(value)


def _name(value: Any) -> Any:
    if isinstance(value, Mapping):
        return value.get("fullname") or value.get("name")
    return value

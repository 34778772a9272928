"""A paper as an item of CSL-JSON, from which the other formats are made."""

import re
from collections.abc import Mapping
from typing import Any

from ingest.exports.links import arxiv_id_of, link
from ingest.sources.csl_fields import csl_date
from ingest.sources.json_values import first_of
from ingest.sources.loose import read_labels, read_names
from rag.plain import in_a_line
from rag.types import Paper

COLLECTIVE = re.compile(
    r",|\b(and|others|collaboration|community|consortium|group|initiative|labs?|network|project|team)\b",
    re.IGNORECASE,
)
_OF_OTHER_FORMS = ("custom", "id", "citation-key", "author", "issued", "title", "abstract")


def item_of(paper: Paper) -> dict[str, Any]:
    """The item without id and `custom`; the texts of the paper go before what its sources say."""
    item = {name: value for name, value in paper.csl.items() if name not in _OF_OTHER_FORMS}
    kind = item.pop("type", None) or ("article" if paper.arxiv_id else "document")
    known: dict[str, Any] = {"type": kind, "title": paper.title, "author": author_names(paper)}
    known |= {"issued": csl_date(paper.published)} | item
    if paper.doi:
        known["DOI"] = paper.doi
    if arxiv_id := arxiv_id_of(paper):
        known.setdefault("number", f"arXiv:{arxiv_id}")
    if address := link(paper):
        known.setdefault("URL", address)
    return {name: value for name, value in known.items() if value}


def author_names(paper: Paper) -> list[dict[str, str]]:
    """The authors as CSL has names: as a source wrote them, if those are they."""
    written = paper.csl.get("author")
    if written and read_names(written) == list(paper.authors):
        return [dict(name) if isinstance(name, Mapping) else name_parts(str(name)) for name in written]
    return [name_parts(name) for name in map(in_a_line, paper.authors) if name]


def name_parts(name: str) -> dict[str, str]:
    """The parts of a name with the given name first; that of a group stays whole."""
    words = name.split()
    if len(words) < 2 or COLLECTIVE.search(name):
        return {"literal": name}
    start = next((place for place in range(1, len(words) - 1) if words[place].islower()), len(words) - 1)
    family = next(
        place for place in range(start, len(words)) if not words[place].islower() or place == len(words) - 1
    )
    parts = {
        "given": " ".join(words[:start]),
        "non-dropping-particle": " ".join(words[start:family]),
        "family": " ".join(words[family:]),
    }
    return {part: text for part, text in parts.items() if text}


def text_in(item: Mapping[str, Any], name: str) -> str:
    """A field of an item as one line; "" for what is no text or number."""
    value = first_of(item.get(name))
    return in_a_line(str(value)) if isinstance(value, str | int) and not isinstance(value, bool) else ""


def number_in(item: Mapping[str, Any]) -> str:
    """The number of the work itself, which is not that at arXiv."""
    number = text_in(item, "number")
    return "" if number.startswith("arXiv:") else number


def keywords_of(paper: Paper) -> tuple[str, ...]:
    """The tags, or else the keywords that a source, such as PubMed, has of the paper."""
    keywords = map(in_a_line, read_labels(text_in(paper.csl, "keyword")))
    return paper.tags or tuple(filter(None, keywords))


def labels_text(labels: tuple[str, ...]) -> str:
    """Labels in one text, which `read_labels` reads."""
    text = "; ".join(in_a_line(label).replace(";", ",") for label in labels)
    return f"{text};" if len(labels) == 1 and "," in text else text

"""Papers as RIS."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from ingest.exports.holdings import Holding
from ingest.exports.items import item_of, keywords_of, number_in, text_in
from ingest.exports.keys import Keys
from ingest.exports.links import link
from ingest.sources.json_values import list_of, objects_of
from ingest.sources.reference_types import RIS_TYPES, name_of_secondary_title
from ingest.sources.references import RETRACTED_BY
from ingest.sources.ris import RIS_LINE
from rag.plain import in_a_line
from rag.types import Paper

_CODES = {kind: code for code, kind in reversed(RIS_TYPES.items())}
_GENERIC = "GEN"
_TAG = re.compile(r"(?!ER)[A-Z][A-Z0-9]")
_FIELDS = {
    "volume": "VL",
    "number-of-volumes": "NV",
    "issue": "IS",
    "number": "IS",
    "edition": "ET",
    "section": "SE",
    "publisher": "PB",
    "publisher-place": "CY",
    "ISSN": "SN",
    "ISBN": "SN",
    "language": "LA",
    "genre": "M3",
    "source": "DB",
    "call-number": "CN",
    "title-short": "ST",
    "container-title-short": "J2",
    "event-title": "C3",
    "DOI": "DO",
    "PMID": "AN",
}
Line = tuple[str, str]
"""A tag and its text."""


def ris_texts(holdings: Iterable[Holding]) -> Iterator[str]:
    """A record for each paper, or for each that sources have of it in RIS, with an empty line behind it."""
    keys = Keys()
    for holding in holdings:
        read = [
            (record, written)
            for _, record, kept in holding.custom("ris")
            if (written := _written(kept, keys)) is not None
        ]
        for record, written in read:
            yield _record([*written, *_own(holding.additions(record))])
        if not read:
            yield _record(_made(holding.paper, keys))


def _written(kept: Mapping[str, Any], keys: Keys) -> list[Line] | None:
    """The lines that a record keeps, with an ID of their own; None where they could not be read back."""
    lines = [tuple(line) for line in list_of(kept.get("lines")) if isinstance(line, list)]
    if not all(len(line) == 2 and all(isinstance(part, str) for part in line) for line in lines):
        return None
    tags = [tag for tag, _ in lines]
    if tags[:1] != ["TY"] or "TY" in tags[1:] or not all(map(_TAG.fullmatch, tags)):
        return None
    return [(tag, keys.keep(text) if tag == "ID" else text) for tag, text in lines]


def _record(lines: Iterable[Line]) -> str:
    texts = (f"{tag}  - {_value(text)}" for tag, text in dict.fromkeys(lines) if text)
    return "\n".join((*texts, "ER  - \n\n"))


def _value(text: str) -> str:
    """A text in its lines; in one, where a reader would take one of them for another field."""
    first, *others = map(in_a_line, text.split("\n"))
    return in_a_line(text) if any(map(RIS_LINE.match, others)) else "\n".join((first, *others))


def _own(paper: Paper) -> Iterator[Line]:
    """The user's own tags and notes, and a retraction."""
    yield from (("KW", in_a_line(tag)) for tag in paper.tags)
    yield from (("RN", in_a_line(paragraph)) for paragraph in paper.note.split("\n\n"))
    if paper.retracted:
        yield "N1", RETRACTED_BY + paper.retracted


def _made(paper: Paper, keys: Keys) -> Iterator[Line]:
    """The lines of a record that is made."""
    item = item_of(paper)
    yield "TY", _CODES.get(str(item["type"]), _GENERIC)
    yield "ID", keys.make(paper) if paper.key else ""
    yield "TI", in_a_line(paper.title)
    for role, tag in {"author": "AU", "editor": "ED", "translator": "A4"}.items():
        yield from ((tag, _name(name)) for name in objects_of(item.get(role)))
    if paper.published:
        yield "PY", paper.published[:4]
        yield "DA", paper.published.replace("-", "/")
    kind = str(item["type"])
    yield "T2", text_in(item, name_of_secondary_title(kind))
    if name_of_secondary_title(kind) != "collection-title":
        yield "T3", text_in(item, "collection-title")
    for name, tag in _FIELDS.items():
        yield tag, number_in(item) if name == "number" else text_in(item, name)
    first, _, last = text_in(item, "page").partition("-")
    yield from (("SP", first), ("EP", last))
    for address in (text_in(item, "URL"), link(paper) if paper.arxiv_id else ""):
        yield "UR", address or ""
    yield "AB", "" if paper.is_digest else in_a_line(paper.abstract)
    yield "M2", text_in(item, "note")
    yield from _own(replace(paper, tags=keywords_of(paper)))


def _name(name: Mapping[str, Any]) -> str:
    """The name with the family name first; a group's has no comma."""
    family = " ".join(filter(None, (text_in(name, "non-dropping-particle"), text_in(name, "family"))))
    given, suffix = text_in(name, "given"), text_in(name, "suffix")
    if not family:
        return text_in(name, "literal").replace(",", "") or given
    return ", ".join(filter(None, (family, given or " ", suffix) if suffix else (family, given)))

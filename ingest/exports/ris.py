"""Papers as RIS."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from ingest.exports.holdings import Holding
from ingest.exports.items import item_of, number_in, text_in
from ingest.exports.keys import Keys
from ingest.exports.links import link
from ingest.sources.json_values import list_of, objects_of
from ingest.sources.reference_types import RIS_TYPES, name_of_secondary_title
from ingest.sources.references import RETRACTED_BY
from rag.plain import in_a_line
from rag.types import Paper

_CODES = {kind: code for code, kind in reversed(RIS_TYPES.items())}
_GENERIC = "GEN"
_TAG = re.compile(r"[A-Z][A-Z0-9]")
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
}
_MADE_OF = {"TY", "ER", "ID", "LB"}


def ris_texts(holdings: Iterable[Holding]) -> Iterator[str]:
    """A record for each paper, or for each that sources have of it in RIS, with an empty line behind it."""
    keys = Keys()
    for holding in holdings:
        read = [(record, kept) for _, record, kept in holding.custom("ris")]
        for record, kept in read:
            yield _record(_with_own(record, holding), keys, kept)
        if not read:
            yield _record(holding.paper, keys, {})


def _with_own(record: Paper, holding: Holding) -> Paper:
    """A source's record with the user's own tags and notes, and what is known of a retraction."""
    added = holding.additions(record)
    return replace(
        record,
        tags=record.tags + added.tags,
        note="\n\n".join(filter(None, (record.note, added.note))),
        retracted=record.retracted or added.retracted,
    )


def _record(paper: Paper, keys: Keys, kept: Mapping[str, Any]) -> str:
    item = item_of(paper)
    code = next(iter(_values(kept.get("TY"))), "") or _CODES.get(str(item["type"]), _GENERIC)
    pairs = [
        ("TY", code),
        ("ID", keys.make(paper) if paper.key else ""),
        *_lines(paper, item, code),
        *_kept(kept),
        ("ER", ""),
    ]
    lines = (f"{tag}  - {in_a_line(text)}" for tag, text in dict.fromkeys(pairs) if text or tag == "ER")
    return "\n".join(lines) + "\n\n"


def _lines(paper: Paper, item: Mapping[str, Any], code: str) -> Iterator[tuple[str, str]]:
    yield "TI", paper.title
    for role, tag in {
        "author": "A3" if code == "EDBOOK" else "AU",
        "editor": "ED",
        "translator": "A4",
    }.items():
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
    yield from (("KW", tag) for tag in paper.tags)
    yield from (("RN", paragraph) for paragraph in paper.note.split("\n\n"))
    yield "AB", "" if paper.is_digest else paper.abstract
    yield "N1", text_in(item, "note")
    if paper.retracted:
        yield "N1", RETRACTED_BY + paper.retracted


def _kept(kept: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """The lines that CSL has no name for, as a source has them."""
    for tag, values in kept.items():
        if _TAG.fullmatch(tag) and tag not in _MADE_OF:
            yield from ((tag, value) for value in _values(values))


def _values(values: Any) -> list[str]:
    return [value for value in list_of(values) if isinstance(value, str)]


def _name(name: Mapping[str, Any]) -> str:
    """The name with the family name first; a group's has no comma."""
    family = " ".join(filter(None, (text_in(name, "non-dropping-particle"), text_in(name, "family"))))
    given, suffix = text_in(name, "given"), text_in(name, "suffix")
    if not family:
        return text_in(name, "literal").replace(",", "") or given
    return ", ".join(filter(None, (family, given or " ", suffix) if suffix else (family, given)))

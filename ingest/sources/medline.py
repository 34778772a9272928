"""MEDLINE's tagged lines, as PubMed saves citations (`.nbib`)."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ingest.sources.base import Entry, ReadOptions
from ingest.sources.csl_fields import csl_date, csl_item, csl_names
from ingest.sources.loose import loose_record, read_date
from ingest.sources.reference_types import MEDLINE_TYPES
from ingest.sources.retraction import retraction_notice
from ingest.sources.tagged_lines import TaggedRecord, entry_of, tagged_records

MEDLINE_LINE = re.compile(r"([A-Z]{2,4}) {0,2}- ?(.*)", re.ASCII)
_FIRST = {"PMID", "PMC", "OWN"}  # the tags that a record may begin with
_INITIALS = re.compile(r" (?=[A-Z]{1,4}(?: (?:Jr|Sr|\d\w\w))?$)")  # in "van der Berg JA Jr"
_IDENTIFIER = re.compile(r"(.*\S)\s*\[(\w+)\]")
_PMID = re.compile(r"PMID: ?(\d{1,9})")
_SIMPLE = {
    "container-title-short": "TA",
    "collection-title": "CTI",
    "volume": "VI",
    "issue": "IP",
    "page": "PG",
    "edition": "EN",
    "publisher": "PB",
    "publisher-place": "PL",
    "language": "LA",
    "ISBN": "ISBN",
    "PMID": "PMID",
    "PMCID": "PMC",
}


def read_medline(path: Path, source: str, options: ReadOptions) -> Iterator[Entry]:
    """The paper of each record, or a rejection with its line. Streams."""
    for record in tagged_records(path, MEDLINE_LINE, _is_start):
        yield entry_of(record, _fields(record), source)


def _is_start(tag: str, record: TaggedRecord, is_after_blank: bool) -> bool:
    """A blank line alone may stand within an abstract."""
    return (tag == "PMID" and record.has(tag)) or (is_after_blank and tag in _FIRST)


def _fields(record: TaggedRecord) -> dict[str, Any]:
    title, book, journal = record.take("TI", "TT"), record.take("BTI"), record.take("JT")
    said = record.rest()  # what stays in it is also kept as it is
    types = [text.lower() for text in said.get("PT", [])]
    dates = list(_dates(record.take("DP"), record.take("DEP"), said.get("EDAT", [])))
    usual = "article-journal" if not book else "chapter" if title else "book"
    csl: dict[str, Any] = {
        "type": next((MEDLINE_TYPES[text] for text in types if text in MEDLINE_TYPES), usual),
        "container-title": journal or (book if title else ""),
        "author": [*_names(record, "FAU", "AU"), *({"literal": name} for name in record.take_all("CN"))],
        "editor": list(_names(record, "FED", "ED")),
        "issued": csl_date(next(filter(read_date, dates), None)),
        "keyword": "; ".join(record.take_all("MH") + record.take_all("OT")),
        "ISSN": record.take("IS").partition(" (")[0],
    } | {name: record.take(tag) for name, tag in _SIMPLE.items()}
    notice = (said.get("RIN") or [""])[0]
    number = _PMID.search(notice)
    identifiers = _identifiers(said.get("LID", []) + said.get("AID", []))
    return loose_record(
        (title or book).removesuffix("."),
        record.take("AB"),
        published=dates,
        authors=csl["author"],
        doi=identifiers.get("doi"),
        hints=[identifiers.get("pii")],
        retracted=retraction_notice(notice, number[1] if number else "", types),
        csl=csl_item(csl, "medline", record.rest()),
    )


def _names(record: TaggedRecord, full: str, short: str) -> Iterator[dict[str, str]]:
    """The names in full, or else the short ones, such as "van der Berg JA"."""
    names, initials = record.take_all(full), record.take_all(short)
    yield from csl_names(names or (_INITIALS.sub(", ", name) for name in initials))


def _dates(cited: str, electronic: str, entered: list[str]) -> Iterator[str]:
    """The forms of the date, the one that is cited first; of "1998 Dec-1999 Jan" the first year."""
    yield from (
        " ".join(reversed(cited.split())),
        cited[:4],
        "-".join((electronic[:4], electronic[4:6], electronic[6:])),
        *entered,
    )


def _identifiers(values: list[str]) -> dict[str, str]:
    """Identifiers by their type, of values such as "10.1000/182 [doi]"."""
    return {match[2]: match[1] for value in values if (match := _IDENTIFIER.fullmatch(value[:1_000]))}

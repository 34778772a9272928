"""The record of a reference in RIS or EndNote's XML, which have the same fields under other names."""

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from ingest.sources.csl_fields import csl_date, csl_item, csl_names
from ingest.sources.loose import loose_record, read_date
from ingest.sources.reference_types import (
    name_of_number,
    name_of_secondary_title,
    name_of_serial,
    roles_of_persons,
)
from ingest.sources.tagged_lines import TaggedRecord

RETRACTED_BY = "Retracted: "
"""How a note in a file begins that says what retracts the paper; neither format has a field for it."""
Names = Mapping[str, tuple[str, ...]]
"""What a format calls each field, the best name first; other names are those of CSL."""
_AS_IN_CSL = (
    *("volume", "number-of-volumes", "edition", "section", "publisher", "publisher-place", "language"),
    *("title-short", "call-number", "genre", "source", "event-title"),
)
_SINGLE = (
    *(
        "title",
        "secondary-title",
        "tertiary-title",
        "short-title",
        "abstract",
        "number",
        "page",
        "last-page",
    ),
    *("serial", "year", "accessed", "doi"),
)
_PERSONS = ("authors", "second-authors", "third-authors", "fourth-authors", "editors")
_BETWEEN_TAGS = re.compile(r"[;\n]")
_KEY = re.compile(r"(?!\d+$)[^\s,{}]{1,100}")  # a number alone is EndNote's own
_OF_DOI = re.compile(r"(?:doi[: ]|10\.|https?://(?:dx\.)?doi\.org/)", re.IGNORECASE)
_HAS_ORGANIZATION = {"thesis", "report"}


def reference_record(
    record: TaggedRecord, names: Names, kind: str, said_kind: str, origin: str
) -> dict[str, Any]:
    """The record for `paper_from` of a reference.

    Its type is `kind` in CSL and `said_kind` in its format. What CSL has no name for is kept below the name
    of its origin.
    """
    said = record.rest()  # what is only looked up here is kept as well

    def every(name: str) -> list[str]:
        return record.take_all(*names.get(name, ()))

    def looked_up(name: str) -> list[str]:
        return [text for tag in names.get(name, ()) for text in said.get(tag, [])]

    texts = {name: record.take(*names[name]) for name in names if name in (*_AS_IN_CSL, *_SINGLE)}
    urls = [line.strip() for text in every("URL") for line in text.split("\n")]
    remarks, notes, tags = every("remarks"), every("note"), every("tags")
    published = _published(every("date"), texts["year"])
    csl = _csl(texts, kind) | _persons(every, kind, said_kind)
    csl |= {
        "URL": urls[0] if urls else "",
        "issued": csl_date(published),
        "accessed": csl_date(texts["accessed"]),
        "note": "\n\n".join(text for text in remarks if not text.startswith(RETRACTED_BY)),
    }
    others = record.rest() | ({names["URL"][0]: urls[1:]} if urls[1:] else {})
    return loose_record(
        texts["title"],
        texts["abstract"],
        published=[published],
        authors=csl["author"],
        doi=texts["doi"] or next(filter(_OF_DOI.match, [texts.get("genre", ""), *urls]), None),
        hints=[*urls, texts["secondary-title"], *remarks, *looked_up("hints")],
        organization=texts["publisher"] if kind in _HAS_ORGANIZATION else None,
        key=next(filter(_KEY.fullmatch, looked_up("key")), None),
        tags=[tag for text in tags for tag in _BETWEEN_TAGS.split(text)],
        note="\n\n".join(notes),
        retracted=next(
            (text[len(RETRACTED_BY) :] for text in remarks if text.startswith(RETRACTED_BY)), None
        ),
        csl=csl_item(csl, origin, others),
    )


def _csl(texts: Mapping[str, str], kind: str) -> dict[str, Any]:
    """The fields of CSL that are texts."""
    pages = [texts["page"]] + ([] if "-" in texts["page"] else [texts.get("last-page", "")])
    return {
        **{name: texts[name] for name in _AS_IN_CSL if name in texts},
        "type": kind,
        "collection-title": texts["tertiary-title"],
        name_of_secondary_title(kind): texts["secondary-title"] or texts["tertiary-title"],
        "container-title-short": texts["short-title"],
        name_of_number(kind): texts["number"],
        name_of_serial(texts["serial"], kind): texts["serial"],
        "page": "-".join(dict.fromkeys(filter(None, pages))),
    }


def _persons(every: Callable[[str], list[str]], kind: str, said_kind: str) -> dict[str, Any]:
    """The lists of persons under their roles in CSL."""
    roles = (*roles_of_persons(kind, said_kind), "editor")
    persons: dict[str, list[Any]] = {"author": []}
    for name, role in zip(_PERSONS, roles, strict=True):
        persons[role] = [*persons.get(role, []), *csl_names(every(name))]
    return persons


def _published(dates: Iterable[str], year: str) -> str | None:
    """The most exact date, of those in the year of publication if there are any."""
    forms = [form for date in dates for form in (date, f"{date} {year}")]
    known = list(filter(None, map(read_date, [*forms, year])))
    of_year = [date for date in known if date[:4] == year[:4]]
    return max(of_year or known, key=len, default=None)

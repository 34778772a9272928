"""The record of a reference in RIS or EndNote's XML, which have the same fields under other names."""

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from ingest.sources.csl_fields import csl_date, csl_item, csl_names
from ingest.sources.loose import loose_record, note_text, read_date
from ingest.sources.reference_types import (
    is_named,
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
_IN_BRACKETS = re.compile(r"\s{0,9}\([^()]{0,99}\)")  # 2469-9950 (ISSN)
_BETWEEN_TAGS = re.compile(r"[;\n]")
_KEY = re.compile(r"(?!\d+$)[^\s,{}]{1,100}")  # a number alone is EndNote's own
_OF_DOI = re.compile(r"(?:doi[: ]|10\.|https?://(?:dx\.)?doi\.org/)", re.IGNORECASE)
_HAS_ORGANIZATION = {"thesis", "report"}


def reference_record(
    record: TaggedRecord,
    names: Names,
    kind: str,
    type_name: str,
    format_name: str,
    kept: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """The record for `paper_from` of a reference.

    Its type is `kind` in CSL and `type_name` in its format. `kept`, or else what CSL has no name for, is
    kept below the name of the format.
    """
    rest = record.rest()  # what is only looked up here is kept as well

    def every(name: str) -> list[str]:
        return record.take_all(*names.get(name, ()))

    def looked_up(name: str) -> list[str]:
        return [text for tag in names.get(name, ()) for text in rest.get(tag, [])]

    texts = {name: record.take(*names[name]) for name in names if name in (*_AS_IN_CSL, *_SINGLE)}
    urls = [line.strip() for text in every("URL") for line in text.split("\n")]
    remarks, notes, tags = every("remarks"), every("note"), every("tags")
    retractions = [text for text in (*remarks, *notes) if text.startswith(RETRACTED_BY)]
    remarks, notes = ([text for text in words if text not in retractions] for words in (remarks, notes))
    published = _published(every("date"), texts["year"])
    csl = _csl(texts, kind) | _persons(every, kind, type_name)
    csl |= {
        "URL": urls[0] if urls else "",
        "issued": csl_date(published),
        "accessed": csl_date(texts["accessed"]),
        "note": "\n\n".join(remarks),
    }
    if not csl["page"] and name_of_number(kind) == "issue":
        csl["page"] = next(iter(looked_up("article-number")), "")
    others = kept or record.rest() | ({names["URL"][0]: urls[1:]} if urls[1:] else {})
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
        note="\n\n".join(note_text(text) if "</" in text else text for text in notes),
        retracted=retractions[0].removeprefix(RETRACTED_BY) if retractions else None,
        csl=csl_item(csl, format_name, others),
    )


def _csl(texts: Mapping[str, str], kind: str) -> dict[str, Any]:
    """The fields of CSL that are texts."""
    pages = [texts["page"]] + ([] if "-" in texts["page"] else [texts.get("last-page", "")])
    return {
        **{name: texts[name] for name in _AS_IN_CSL if name in texts},
        "genre": "" if is_named(kind, texts.get("genre", "")) else texts["genre"],
        "type": kind,
        "collection-title": texts["tertiary-title"],
        name_of_secondary_title(kind): texts["secondary-title"] or texts["tertiary-title"],
        "container-title-short": texts["short-title"],
        name_of_number(kind): texts["number"],
        name_of_serial(texts["serial"], kind): _IN_BRACKETS.sub("", texts["serial"]),
        "page": "-".join(dict.fromkeys(filter(None, pages))),
    }


def _persons(every: Callable[[str], list[str]], kind: str, type_name: str) -> dict[str, Any]:
    """The lists of persons under their roles in CSL."""
    roles = (*roles_of_persons(kind, type_name), "editor")
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

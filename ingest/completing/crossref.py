"""Crossref: what publishers say of their works, and the notices that retract them."""

from collections.abc import Iterable, Sequence
from typing import Any
from urllib.parse import quote

from ingest.completing.service import Fields, Work, by_doi, json_object
from ingest.sources.csl_fields import csl_date, csl_item, date_in_parts
from ingest.sources.json_values import first_of, object_of, objects_of
from ingest.sources.loose import plain_text, read_date
from ingest.sources.retraction import retraction_of, works_retracted_by
from ingest.sources.service import RetryPolicy
from ingest.sources.web_service import WebService

ADDRESS = "https://api.crossref.org/"
_PAUSE = 1.0  # seconds; Crossref takes one list a second from those it does not know
_MOST_NOTICES = "1000"  # of a request
_DATES = ("issued", "published", "published-print", "published-online")
_TYPES = {
    "journal-article": "article-journal",
    "proceedings-article": "paper-conference",
    "book-chapter": "chapter",
    "book-section": "chapter",
    "book-part": "chapter",
    "book": "book",
    "monograph": "book",
    "edited-book": "book",
    "reference-book": "book",
    "reference-entry": "entry",
    "posted-content": "article",
    "dissertation": "thesis",
    "report": "report",
    "standard": "standard",
    "dataset": "dataset",
    "peer-review": "review",
}  # CSL's names
_TEXTS = {
    "container-title": "container-title",
    "volume": "volume",
    "issue": "issue",
    "page": "page",
    "number": "article-number",
    "publisher": "publisher",
    "publisher-place": "publisher-location",
    "ISSN": "ISSN",
    "ISBN": "ISBN",
    "language": "language",
}  # by CSL's names


class Crossref:
    """Asked for the works of a list of DOIs, then for the notices that retract some of them."""

    source = "crossref"

    def __init__(
        self,
        address: str = ADDRESS,
        mailto: str | None = None,
        pause: float = _PAUSE,
        retries: RetryPolicy = RetryPolicy(),
    ) -> None:
        """`mailto` is an e-mail address that Crossref may write to."""
        self._web = WebService("Crossref", address, pause, retries, {"mailto": mailto})

    def listed(self, dois: Sequence[str]) -> dict[str, Fields]:
        """What Crossref says of the works that it knows, by DOI. Raises SourceError."""
        works = self._filtered("doi", dois, {"rows": str(len(dois))})
        retracted = {doi: retraction_of(work) for doi, work in works.items()}
        if unsure := [doi for doi in dois if doi in works and not retracted[doi]]:
            retracted |= self._notices(unsure)
        return {doi: _fields(work, retracted.get(doi)) for doi, work in works.items()}

    def single(self, doi: str) -> dict[str, Fields]:
        """The same of one work, by its own record alone. Raises SourceError."""
        work = self._web.ask(f"works/{quote(doi, safe='')}", {}, lambda text: json_object(text, "message"))
        return {doi: _fields(work, retraction_of(work)) for doi, work in by_doi([work]).items()}

    def _filtered(self, name: str, dois: Iterable[str], options: dict[str, str]) -> dict[str, Work]:
        """The works that fulfil a filter by DOIs."""
        wanted = {"filter": ",".join(f"{name}:{doi}" for doi in dois), **options}
        return self._web.ask("works", wanted, _read_list)

    def _notices(self, dois: Sequence[str]) -> dict[str, str]:
        """What retracts those that a notice retracts."""
        options = {"rows": _MOST_NOTICES, "select": "DOI,update-to"}
        notices = self._filtered("updates", dois, options).values()
        return dict(evidence for notice in notices for evidence in works_retracted_by(notice))


def _read_list(answer: bytes) -> dict[str, Work]:
    message = json_object(answer, "message")
    return by_doi(object_of(message).get("items"))


def _fields(work: Work, retracted: str | None) -> Fields:
    dates = [date for name in _DATES if (date := read_date(date_in_parts(work.get(name))))]
    known = {name: _text(work.get(theirs)) for name, theirs in _TEXTS.items()}
    known["type"] = _TYPES.get(str(work.get("type")))
    known["event-title"] = _text(object_of(work.get("event")).get("name"))
    people = {"author": _names(work.get("author")), "editor": _names(work.get("editor"))}
    issued = {"issued": csl_date(dates[0]) if dates else None}
    return {
        "abstract": work.get("abstract"),
        "published": dates,
        "authors": work.get("author"),
        "retracted": retracted,
        "csl": csl_item({**known, **people, **issued}, Crossref.source, {}),
    }


def _text(value: Any) -> str | None:
    """A text in one line; Crossref gives several as lists, the main one first."""
    return plain_text(first_of(value)) or None


def _names(value: Any) -> list[dict[str, str]]:
    """The names of people in CSL's parts."""
    names = [
        {"literal": plain_text(person["name"])}
        if "name" in person
        else {part: plain_text(person[part]) for part in ("family", "given", "suffix") if part in person}
        for person in objects_of(value)
    ]
    return [name for name in names if any(name.values())]

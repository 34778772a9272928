"""Crossref: what publishers say of their works, and the notices that retract them."""

from collections.abc import Iterable, Sequence
from typing import Any
from urllib.parse import quote

from ingest.completing.service import Fields, Work, by_doi, is_listable, json_object
from ingest.sources.csl_fields import csl_item
from ingest.sources.loose import plain_text
from ingest.sources.retraction import retraction_of, works_retracted_by
from ingest.sources.service import RetryPolicy
from ingest.sources.web_service import RefusedError, WebService

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

    def __init__(self, address: str = ADDRESS, mailto: str | None = None, **options: Any) -> None:
        """`mailto` is an e-mail address that Crossref may write to; `options` are those of WebService."""
        pace = {"pause": _PAUSE, "retries": RetryPolicy()} | options
        self._web = WebService("Crossref", address, private={"mailto": mailto}, **pace)

    def works(self, dois: Sequence[str]) -> dict[str, Fields]:
        """What Crossref says of the works that it knows, by DOI. Raises SourceError."""
        listed = [doi for doi in dois if is_listable(doi)]
        works = self._listed("doi", listed, {"rows": str(len(listed))}) if listed else {}
        for doi in set(dois).difference(listed):
            works |= self._single(doi, is_only=len(dois) == 1)
        retracted = {doi: retraction_of(work) for doi, work in works.items()}
        if unsure := [doi for doi in listed if doi in works and not retracted[doi]]:
            retracted |= self._notices(unsure)
        return {doi: _fields(work, retracted.get(doi)) for doi, work in works.items()}

    def _single(self, doi: str, *, is_only: bool) -> dict[str, Work]:
        try:
            work = self._web.ask(f"works/{quote(doi, safe='')}", {}, lambda text: json_object(text, "message"))
        except RefusedError:
            if is_only:
                raise
            return {}
        return by_doi([work])

    def _listed(self, name: str, dois: Iterable[str], options: dict[str, str]) -> dict[str, Work]:
        """The works that fulfil a filter by DOIs."""
        wanted = {"filter": ",".join(f"{name}:{doi}" for doi in dois), **options}
        return self._web.ask("works", wanted, _read_list)

    def _notices(self, dois: Sequence[str]) -> dict[str, str]:
        """What retracts those that a notice retracts."""
        options = {"rows": _MOST_NOTICES, "select": "DOI,update-to"}
        notices = self._listed("updates", dois, options).values()
        return dict(evidence for notice in notices for evidence in works_retracted_by(notice))


def _read_list(answer: bytes) -> dict[str, Work]:
    message = json_object(answer, "message")
    return by_doi(message.get("items") if isinstance(message, dict) else None)


def _fields(work: Work, retracted: str | None) -> Fields:
    dates = [date for name in _DATES if (date := _date(work.get(name)))]
    known = {name: _text(work.get(theirs)) for name, theirs in _TEXTS.items()}
    known["type"] = _TYPES.get(str(work.get("type")))
    known["event-title"] = _text(event.get("name")) if isinstance(event := work.get("event"), dict) else None
    people = {"author": _names(work.get("author")), "editor": _names(work.get("editor"))}
    issued = {"issued": {"date-parts": [dates[0]]}} if dates else {}
    return {
        "abstract": work.get("abstract"),
        "published": ["-".join(map(str, date)) for date in dates],
        "authors": work.get("author"),
        "retracted": retracted,
        "csl": csl_item({**known, **people, **issued}, Crossref.source, {}),
    }


def _text(value: Any) -> str | None:
    """A text in one line; Crossref gives several as lists, the main one first."""
    value = value[0] if isinstance(value, list) and value else value
    return plain_text(value) or None


def _date(value: Any) -> list[int] | None:
    """Year, month and day of a date of Crossref's, as far as they are known."""
    parts = value.get("date-parts") if isinstance(value, dict) else None
    first = parts[0] if isinstance(parts, list) and parts else None
    numbers = first[:3] if isinstance(first, list) else []
    are_numbers = numbers and all(isinstance(number, int) and number < 10_000 for number in numbers)
    return numbers if are_numbers else None


def _names(value: Any) -> list[dict[str, str]]:
    """The names of people in CSL's parts."""
    people = [person for person in (value if isinstance(value, list) else []) if isinstance(person, dict)]
    names = [
        {"literal": plain_text(person["name"])}
        if "name" in person
        else {part: plain_text(person[part]) for part in ("family", "given", "suffix") if part in person}
        for person in people
    ]
    return [name for name in names if any(name.values())]

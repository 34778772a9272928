"""Retractions: what Crossref says of them on the work and on the notice, and PubMed on the work."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from ingest.sources.csl_fields import date_in_parts
from ingest.sources.json_values import object_of, objects_of
from ingest.sources.loose import read_date, read_doi
from rag.identity import doi_key

RETRACTED = "retracted"
"""Says that a paper is retracted where neither the notice nor its day is known."""
_RETRACTIONS = frozenset({"retraction", "removal", "withdrawal"})  # other updates correct a paper


def retraction_of(item: Mapping[str, Any]) -> str | None:
    """What says that the work of a Crossref item is retracted: the DOI of the notice, else its day.

    None for a work that is not retracted, such as a notice itself.
    """
    own = _doi(item)
    evidence = [_evidence(_doi(entry), own, entry) for entry in _retractions(item, "updated-by")]
    return next(filter(doi_key, evidence), evidence[0] if evidence else None)


def works_retracted_by(notice: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """The DOI of each work that a notice retracts, with what says so."""
    own = _doi(notice)
    for entry in _retractions(notice, "update-to"):
        if work := _doi(entry):
            yield work, _evidence(own, work, entry)


def retraction_notice(place: str, number: str, types: Iterable[str]) -> str | None:
    """What retracts a paper at PubMed: the notice's DOI, number or place, or RETRACTED."""
    if place or number:
        return read_doi(place) or (f"PMID {number}" if number else place)
    return RETRACTED if "retracted publication" in types else None


def _retractions(item: Mapping[str, Any], name: str) -> list[Mapping[str, Any]]:
    return [entry for entry in objects_of(item.get(name)) if entry.get("type") in _RETRACTIONS]


def _doi(item: Mapping[str, Any]) -> str | None:
    return doi_key(str(item.get("DOI")))


def _evidence(notice: str | None, work: str | None, entry: Mapping[str, Any]) -> str:
    """The notice's DOI; a work that says so itself has none but its own, and then the day counts."""
    return notice if notice and notice != work else _day(entry.get("updated")) or RETRACTED


def _day(value: Any) -> str | None:
    """The day of a date as Crossref writes it."""
    return read_date(date_in_parts(value)) or read_date(object_of(value).get("date-time"))

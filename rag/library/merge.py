"""Merges the records of a paper."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields, replace
from itertools import chain
from typing import Any

from rag.library.catalog_rows import folded_label
from rag.types import Paper

COMPLETING = ("crossref", "openalex")
"""Sources that only complete what others say of a paper, the one that goes first first."""
_DETAILS = ("author_count", "organization", "arxiv_id", "doi", "file", "key", "retracted")
_GAPS = ("author_count", "organization", "published", "retracted", "authors", "abstract")


def merged(records: Iterable[tuple[str, Paper]]) -> Paper:
    """The paper that pairs of source and record describe.

    Services that complete records only fill its gaps, and only if they describe the work of its DOI.
    """
    own: list[Paper] = []
    completing: dict[str, Paper] = {}
    for source, record in records:
        if source in COMPLETING:
            completing[source] = record
        else:
            own.append(record)
    paper = merge_records(own or list(completing.values()))
    for record in filter(None, map(completing.get, COMPLETING)):
        if record.doi == paper.doi:
            paper = _completed(paper, record)
    return paper


def _completed(paper: Paper, record: Paper) -> Paper:
    gaps: dict[str, Any] = {
        name: getattr(record, name) for name in _GAPS if getattr(paper, name) in (None, (), "")
    }
    completed = replace(paper, **gaps)
    csl = _standard(record.csl)
    if completed.authors != record.authors:
        csl.pop("author", None)
    if completed.published != record.published:
        csl.pop("issued", None)
    return replace(completed, csl=csl | {**paper.csl})


def merge_records(records: Sequence[Paper]) -> Paper:
    """The richest record, completed from the others.

    It gets the longest abstract, the longest list of authors (of equally long ones, that with the longest
    names), and the earliest of the most precise dates. The order of records matters only if two are equally
    rich. What was read in a paper's own file gives way to what other sources say. Tags, collections and
    notes are those of all records; the item of CSL-JSON is that which says most, without what CSL has no
    name for.
    """
    by_richness = sorted(records, key=_richness, reverse=True)
    richest = by_richness[0]
    authors = max(
        (record.authors for record in by_richness), key=lambda names: (len(names), len("".join(names)))
    )
    details: dict[str, Any] = {name: _first(by_richness, name) for name in _DETAILS}
    dates = [record.published for record in records if record.published]
    return replace(
        richest,
        abstract=max(by_richness, key=_telling).abstract,
        published=min(dates, key=lambda shown: (-len(shown), shown), default=None),
        authors=authors,
        tags=_together(record.tags for record in by_richness),
        collections=_together(record.collections for record in by_richness),
        note="\n\n".join(dict.fromkeys(record.note for record in by_richness if record.note)),
        csl=max((_standard(record.csl) for record in by_richness), key=len),
        **details,
    )


def _together(lists: Iterable[Sequence[str]]) -> tuple[str, ...]:
    """The labels of all lists, each once in any case."""
    labels: dict[str, str] = {}
    for label in chain.from_iterable(lists):
        labels.setdefault(folded_label(label), label)
    return tuple(labels.values())


def _standard(csl: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in csl.items() if name != "custom"}


def _richness(record: Paper) -> tuple[bool, int, int]:
    known = sum(getattr(record, field.name) not in (None, ()) for field in fields(record))
    return not record.file, known, len(record.abstract)


def _telling(record: Paper) -> tuple[bool, bool, int]:
    """Sorts records by what their abstracts are worth."""
    return bool(record.abstract), not record.file, len(record.abstract)


def _first(records: Sequence[Paper], name: str) -> str | int | None:
    return next((value for record in records if (value := getattr(record, name)) is not None), None)


def origins(records: Sequence[tuple[str, Paper]]) -> dict[str, list[str]]:
    """The sources of each known field of the merged paper, from pairs of source and record."""
    paper = merged(records)
    names = ("title", "abstract", "published", "authors", *_DETAILS, "tags", "collections", "csl")
    return {
        name: list(dict.fromkeys(source for source, record in records if _has(record, name, value)))
        for name in names
        if (value := getattr(paper, name)) not in (None, (), "", {})
    }


def _has(record: Paper, name: str, value: Any) -> bool:
    """Whether a record gives a field of the merged paper, or part of its labels or its item of CSL-JSON."""
    if name == "csl":
        return any(value.get(part) == given for part, given in _standard(record.csl).items())
    given = getattr(record, name)
    return bool(given == value) or (name in ("tags", "collections") and not set(value).isdisjoint(given))

"""Merges the records of a paper."""

from collections.abc import Sequence
from dataclasses import fields, replace
from typing import Any

from rag.types import Paper

_DETAILS = ("author_count", "organization", "arxiv_id", "doi", "file")


def merge_records(records: Sequence[Paper]) -> Paper:
    """The richest record, completed from the others.

    It gets the longest abstract, the longest list of authors (of equally long ones, that with the longest
    names), and the earliest of the most precise dates. The order of records matters only if two are equally
    rich. What was read in a paper's own file gives way to what other sources say.
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
        **details,
    )


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
    paper = merge_records([record for _, record in records])
    names = ("title", "abstract", "published", "authors", *_DETAILS)
    return {
        name: list(dict.fromkeys(source for source, record in records if getattr(record, name) == value))
        for name in names
        if (value := getattr(paper, name)) not in (None, (), "")
    }

"""The record in which the catalog keeps what a service says of a paper, and when it was asked."""

from dataclasses import replace
from datetime import date, timedelta

from ingest.completing.service import Fields
from ingest.sources.base import LONGEST_ABSTRACT, paper_from
from ingest.sources.loose import loose_record
from rag.types import Paper

_ASKED = "asked"  # the day, below the service's own name in `custom`
_FRESH = timedelta(days=30)  # until a service is asked again


def completing_record(
    paper: Paper, source: str, fields: Fields, day: date, before: Paper | None = None
) -> Paper:
    """What a service says of a paper; without fields, what it said before, or that it was asked in vain.

    It repeats the paper's id, title and DOI, by which it is known later that it belongs to the paper.
    """
    asked = {"custom": {source: {_ASKED: day.isoformat()}}}
    if not fields and before and before.doi == paper.doi:
        return replace(before, csl={**before.csl, **asked})
    given = loose_record(paper.title, **{"abstract": None, **fields})
    if len(given["abstract"]) > LONGEST_ABSTRACT:
        given["abstract"] = ""
    record = paper_from(given | {"title": paper.title})
    known = {name: getattr(paper, name) for name in ("title", "doi", "is_digest", "paper_id")}
    return replace(record, **known, arxiv_id=None, csl={**record.csl, **asked})


def is_fresh(record: Paper | None, paper: Paper, day: date) -> bool:
    """Whether a service was asked lately for the DOI that the paper has."""
    custom = record.csl.get("custom") if record and record.doi == paper.doi else None
    asked = [kept.get(_ASKED) for kept in custom.values() if isinstance(kept, dict)] if custom else []
    return any(isinstance(text, str) and text >= (day - _FRESH).isoformat() for text in asked)

"""An item of a Zotero library, wherever it was read, and the record of the paper that it describes."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from ingest.sources.base import Entry, Rejection, entry_from
from ingest.sources.loose import loose_record
from ingest.sources.zotero.csl import base_field, csl_of
from ingest.sources.zotero.notes import Annotation, line_of, text_of
from rag.identity import doi_key
from rag.plain import in_a_line

NO_PAPERS = frozenset({"attachment", "note", "annotation"})
"""The types of items that belong to papers."""
LONGEST_FIELD = 100_000  # characters; an abstract with more than its limit is rejected as such
_EXTRA = re.compile(
    r"^[ \t]*(doi|arxiv|citation key)[ \t]*:[ \t]*(\S.{0,300})$", re.IGNORECASE | re.MULTILINE
)


@dataclass(frozen=True)
class Creator:
    """A person, or an organisation, which has no given name. `kind` is Zotero's, such as `editor`."""

    kind: str
    family: str
    given: str = ""


@dataclass(frozen=True)
class Item:
    """`fields` have Zotero's names; `date` is the ISO form that Zotero makes of the field `date`.

    `notes` are HTML. `citation_key` is that of Better BibTeX, if the item has none itself.
    """

    key: str
    kind: str
    fields: Mapping[str, str]
    creators: Sequence[Creator] = ()
    date: str = ""
    tags: Sequence[str] = ()
    collections: Sequence[str] = ()
    notes: Sequence[str] = ()
    annotations: Sequence[Annotation] = field(default=(), repr=False)
    citation_key: str = ""
    retracted: str | None = None


def entry_of(item: Item, source: str) -> Entry:
    """The paper, or why it is none; its rejection names the item by its key."""
    entry = entry_from(_record(item), source, None)
    if isinstance(entry, Rejection):
        return replace(entry, reason=f"item {in_a_line(item.key)}: {entry.reason}")
    return entry


def _record(item: Item) -> dict[str, Any]:
    known = {base_field(name): value for name, value in item.fields.items()}
    extra = {name.lower(): value for name, value in _EXTRA.findall(known.get("extra", ""))}
    csl = csl_of(item.kind, item.fields, item.creators, item.date, item.key)
    words = [*map(text_of, item.notes), *map(line_of, item.annotations)]
    return loose_record(
        known.get("title"),
        known.get("abstractNote"),
        published=[item.date, known.get("date")],
        authors=csl.get("author"),
        doi=known.get("DOI") or extra.get("doi") or doi_key(known.get("url", "")),
        arxiv_id=item.fields.get("archiveID") or extra.get("arxiv"),
        hints=[known.get(name) for name in ("url", "number", "publicationTitle")],
        organization=item.fields.get("institution") or item.fields.get("university"),
        key=item.fields.get("citationKey") or extra.get("citation key") or item.citation_key,
        tags=item.tags,
        collections=item.collections,
        note="\n\n".join(filter(None, words)),
        retracted=item.retracted,
        csl=csl,
    )

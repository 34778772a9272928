"""CSL-JSON, which Zotero and others export: an array of records, or an object with them as its items."""

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from ingest.sources.arxiv_snapshot import is_snapshot, snapshot_record
from ingest.sources.base import Entry, ReadOptions, Rejection, entry_from, is_csl
from ingest.sources.csl_fields import date_in_parts, key_in_note
from ingest.sources.json_values import first_of, list_of, object_of
from ingest.sources.loose import loose_record
from ingest.sources.retraction import RETRACTED, retraction_of
from ingest.sources.texts import LONGEST_LINE, open_text

OWN_NAME = "askpapers"
"""Where an item that we export has, below `custom`, what CSL has no name for."""
_KEY = re.compile(r"\S{1,300}")
_READ = 1 << 18  # characters
_ITEMS = re.compile(r"\"(?:items|references)\"\s{0,20}:\s{0,20}\[")
_BETWEEN = re.compile(r"[\s,]*")
_DECODER = json.JSONDecoder(parse_int=lambda digits: int(digits) if len(digits) < 20 else None)


def read_csl_json(path: Path, source: str, options: ReadOptions) -> Iterator[Entry]:
    """The paper of each record; the line of a rejection is the number of the record. Streams."""
    number = 0
    try:
        for number, item in enumerate(_items(path), start=1):
            yield entry_from(_record(item), source, number)
    except (ValueError, RecursionError):
        yield Rejection(source, number + 1, "the JSON breaks here, and nothing further is read")


def is_csl_json(start: str) -> bool:
    """Whether a text begins as an array of objects, or an object of items."""
    return bool(re.match(r"\s*\[\s*[{\]]", start)) or _behind_items(start.lstrip()) > 0


def _behind_items(text: str) -> int:
    """Where the records of an outer object begin; 0 where the text is not such an object."""
    items = _ITEMS.search(text, 0, _READ) if text.startswith("{") else None
    is_outer = items is not None and not any(mark in text[1 : items.start()] for mark in "{[")
    return items.end() if items and is_outer else 0


def _items(path: Path) -> Iterator[Any]:
    """The records, one at a time in memory. Raises ValueError, RecursionError where the JSON is broken."""
    with open_text(path) as file:
        text = file.read(_READ).lstrip()
        place = _behind_items(text) or int(text.startswith("["))
        while True:
            between = _BETWEEN.match(text, place)
            place = between.end() if between else place
            if text.startswith("]", place):
                return
            try:
                item, place = _DECODER.raw_decode(text, place)
            except ValueError:  # broken, or cut: read on, by as much as there is
                left = len(text) - place
                more = file.read(max(left, _READ)) if left <= LONGEST_LINE else ""
                if not more:
                    if left:
                        raise
                    return
                text, place = text[place:] + more, 0
            else:
                yield item
                if place > _READ:
                    text, place = text[place:], 0


def _record(item: Any) -> Any:
    if not isinstance(item, Mapping):
        return item
    if is_snapshot(item):
        return snapshot_record(item)
    dates = [item.get(name) for name in ("issued", "published", "published-print", "created", "submitted")]
    own = object_of(object_of(item.get("custom")).get(OWN_NAME))
    record = loose_record(
        first_of(item.get("title")),
        first_of(item.get("abstract")),
        published=[form for date in dates for form in _dates(date)],
        authors=item.get("author") or item.get("authors"),
        doi=item.get("DOI") or item.get("doi"),
        arxiv_id=item.get("arxiv_id") or own.get("arxiv_id"),
        hints=[item.get(name) for name in ("number", "URL", "note", "container-title", "archive_location")],
        organization=item.get("organization") or own.get("organization"),
        author_count=own.get("author_count"),
        key=_key(item),
        tags=list_of(own.get("tags")),
        collections=list_of(own.get("collections")),
        note=own.get("note"),
        retracted=own.get("retracted") or retraction_of(item) or _status(item),
    )
    if "author_count" in own and own["author_count"] is None:
        record["author_count"] = None  # there are more than those that it names
    return record | {"csl": _kept(item, record)}


def _kept(item: Mapping[str, Any], record: Mapping[str, Any]) -> dict[str, Any] | None:
    """The item as it is, with its title, and an abstract that is read differently, below `custom`."""
    kept = {name: value for name, value in item.items() if name not in ("title", "abstract")}
    texts = {"title": item.get("title")}
    if item.get("abstract") not in (None, record["abstract"]):
        texts["abstract"] = item["abstract"]
    whole = kept | {"custom": {**object_of(item.get("custom")), "csl": texts}}
    return next(filter(is_csl, (whole, kept)), None)


def _key(item: Mapping[str, Any]) -> str | None:
    """The citation key: its own, Better BibTeX's in the note, or an id that is none of a database."""
    if isinstance(key := item.get("citation-key"), str) and key.strip():
        return key
    if in_note := key_in_note(item.get("note")):
        return in_note
    identifier = item.get("id")
    is_key = isinstance(identifier, str) and _KEY.fullmatch(identifier) and "://" not in identifier
    return identifier if is_key else None


def _status(item: Mapping[str, Any]) -> str | None:
    return RETRACTED if item.get("status") == RETRACTED else None


def _dates(value: Any) -> Iterator[Any]:
    """The forms of a date, the best first; outside CSL's own form, the value itself."""
    if not isinstance(value, Mapping):
        yield value
        return
    yield date_in_parts(value)
    yield from (value.get(name) for name in ("raw", "literal"))

"""Papers as CSL-JSON: an array of items, as they were read, else made of what is known."""

from collections.abc import Iterable, Iterator
from typing import Any

from ingest.exports.holdings import Holding
from ingest.exports.items import item_of, labels_text
from ingest.exports.keys import Keys
from ingest.sources.csl_json import OWN_NAME
from ingest.sources.json_values import object_of
from ingest.sources.retraction import RETRACTED
from rag.plain import json_text
from rag.types import Paper


def csl_texts(holdings: Iterable[Holding], written: Iterable[Holding] = ()) -> Iterator[str]:
    """The pieces of the array; `written` are the papers once more, whose items keep their ids."""
    keys = Keys({str(item["id"]) for holding in written for item in _read_items(holding) if item.get("id")})
    mark = "[\n"
    for holding in holdings:
        for item in _items(holding, keys):
            yield mark + json_text(item)
            mark = ",\n"
    yield "\n]\n" if mark != "[\n" else "[]\n"


def _items(holding: Holding, keys: Keys) -> Iterator[dict[str, Any]]:
    items = _read_items(holding)
    for item in items:
        identifier = item.pop("id", None)
        kept = keys.keep(str(identifier)) if identifier else keys.make(holding.paper)
        yield {"id": identifier if kept == str(identifier) else kept, **item}
    if not items:
        yield _made(holding.paper, keys.make(holding.paper))


def _read_items(holding: Holding) -> list[dict[str, Any]]:
    """The items that sources have of a paper, each once, with what the user added to them."""
    items: list[dict[str, Any]] = []
    for _, record, texts in holding.custom("csl"):
        item = {name: value for name, value in record.csl.items() if name not in ("custom", "type")}
        custom = {name: value for name, value in record.csl["custom"].items() if name != "csl"}
        if added := _added(record, holding):
            custom[OWN_NAME] = {**object_of(custom.get(OWN_NAME)), **added}
        abstract = texts.get("abstract") or record.abstract
        head = {name: record.csl[name] for name in ("id", "type") if name in record.csl}
        head |= {"title": texts.get("title") or record.title} | ({"abstract": abstract} if abstract else {})
        items.append(head | item | ({"custom": custom} if custom else {}))
    return [item for place, item in enumerate(items) if item not in items[:place]]


def _added(record: Paper, holding: Holding) -> dict[str, Any]:
    """What the user, or another source that knows of a retraction, adds to a record."""
    added, fields = holding.additions(record), dict[str, Any]()
    if added.tags:
        fields["tags"] = [*record.tags, *added.tags]
    if added.note:
        fields["note"] = "\n\n".join(filter(None, (record.note, added.note)))
    if added.retracted:
        fields["retracted"] = added.retracted
    return fields


def _made(paper: Paper, key: str) -> dict[str, Any]:
    item = item_of(paper)
    texts = {"type": item["type"], "title": paper.title}
    if paper.abstract:
        texts["annote" if paper.is_digest else "abstract"] = paper.abstract
    item = {"id": key, **texts, **item}
    if paper.tags:
        item.setdefault("keyword", labels_text(paper.tags))
    if paper.retracted:
        item["status"] = RETRACTED
    names = ("tags", "collections", "note", "retracted", "organization", "arxiv_id")
    own = {name: value for name in names if (value := getattr(paper, name))}
    if paper.author_count != (len(paper.authors) or None):
        own["author_count"] = paper.author_count
    return item | ({"custom": {OWN_NAME: own}} if own else {})

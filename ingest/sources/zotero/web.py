"""A library on Zotero's server, or a collection of it."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from ingest.sources.base import Attachment, Entry
from ingest.sources.json_values import list_of, object_of, objects_of
from ingest.sources.loose import read_date
from ingest.sources.zotero.collections import Collection, Collections
from ingest.sources.zotero.item import LONGEST_FIELD, NO_PAPERS, Creator, Item, entry_of
from ingest.sources.zotero.notes import LONGEST_HTML, Annotation
from ingest.sources.zotero.server import ZoteroServer
from rag.types import Paper

_ABOUT = (
    "key version itemType creators tags collections relations dateAdded dateModified parentItem deleted"
)
_NO_FIELDS = frozenset(_ABOUT.split())
_PDF = "application/pdf"
_OLDEST_FIRST = {"sort": "dateAdded", "direction": "asc"}  # what is new comes behind what was read
Data = Mapping[str, Any]


@dataclass(frozen=True)
class ZoteroWebSource:
    """The papers of a user's or a group's library on the server, as the owner's part of an address says it;
    those of a collection and the collections in it, if one is given; with their PDFs, if wanted.
    """

    owner: str
    collection: str = ""
    has_pdfs: bool = False
    server: ZoteroServer = field(default_factory=ZoteroServer)

    @property
    def name(self) -> str:
        owner = self.owner.removeprefix("users/")
        collection = f"/{self.collection}" if self.collection else ""
        return f"zotero:{owner}{collection}{';pdf' if self.has_pdfs else ''}"

    @property
    def stamp(self) -> str | None:
        """The version of the library, which the server is asked for; None if it does not answer."""
        return self.server.version(f"{self.owner}/items")

    def read(self) -> Iterator[Entry]:
        """Yield each paper, and perhaps its PDF. Raises SourceError."""
        collections = Collections(map(_collection, self.server.objects(f"{self.owner}/collections")))
        chosen = collections.chosen(self.collection) if self.collection else None
        kinds = " || ".join(sorted(NO_PAPERS))
        children = _Children(self.server.objects(f"{self.owner}/items", itemType=kinds, **_OLDEST_FIRST))
        for item in self.server.objects(f"{self.owner}/items/top", **_OLDEST_FIRST):
            data = item["data"]
            if data.get("deleted") or (chosen is not None and chosen.isdisjoint(_keys(data))):
                continue
            if _text(data, "itemType") not in NO_PAPERS:
                entry = entry_of(_item(item, children, collections.paths), self.name)
                yield entry
                if isinstance(entry, Paper):
                    yield from self._pdf(children.files[item["key"]], entry)
            elif _is_pdf(data):
                yield from self._pdf([item["key"]], None)

    def _pdf(self, keys: Sequence[str], paper: Paper | None) -> Iterator[Attachment]:
        """The first of some PDFs, to be fetched."""
        for key in keys[: self.has_pdfs]:
            address = f"{self.owner}/items/{key}/file"
            label = f"{self.server.address}/{address}"
            fetch = partial(self.server.fetch, address)
            yield Attachment(self.name, Path(address), paper, keeps=True, label=label, fetch=fetch)


def web_source(owner: str, collection: str, *, has_pdfs: bool) -> ZoteroWebSource:
    """A source on the server of the environment. Raises SourceError."""
    return ZoteroWebSource(owner, collection, has_pdfs, ZoteroServer.of_environment())


class _Children:
    """What belongs to papers, by their keys: notes, annotations in the order of their pages, and PDFs."""

    def __init__(self, objects: Iterator[Mapping[str, Any]]) -> None:
        self.notes: dict[str, list[str]] = defaultdict(list)
        self.files: dict[str, list[str]] = defaultdict(list)
        self._annotations: dict[str, list[tuple[str, Annotation]]] = defaultdict(list)
        self._attachments: dict[str, list[str]] = defaultdict(list)
        for each in objects:
            data, parent = each["data"], each["data"].get("parentItem")
            if data.get("deleted") or not isinstance(parent, str):
                continue
            kind = data.get("itemType")
            if kind == "annotation":
                self._annotations[parent].append((_text(data, "annotationSortIndex"), _annotation(data)))
                continue
            if note := _text(data, "note", LONGEST_HTML):
                self.notes[parent].append(note)
            if kind == "attachment":
                self._attachments[parent].append(each["key"])
            if _is_pdf(data):
                self.files[parent].append(each["key"])

    def annotations(self, item: str) -> list[Annotation]:
        """Those of all attachments of a paper."""
        lists = (self._annotations[key] for key in self._attachments[item])
        return [annotation for each in lists for _, annotation in sorted(each, key=lambda pair: pair[0])]


def _item(item: Mapping[str, Any], children: _Children, paths: Mapping[int | str, str]) -> Item:
    data, key = item["data"], item["key"]
    return Item(
        key,
        _text(data, "itemType"),
        {str(name): text for name in data.keys() - _NO_FIELDS if (text := _text(data, name))},
        creators=[_creator(each) for each in objects_of(data.get("creators"))],
        date=read_date(object_of(item.get("meta")).get("parsedDate")) or "",
        tags=sorted(_text(tag, "tag") for tag in objects_of(data.get("tags"))),
        collections=sorted(paths[each] for each in _keys(data) if each in paths),
        notes=children.notes[key],
        annotations=children.annotations(key),
    )


def _collection(each: Mapping[str, Any]) -> Collection:
    parent = each["data"].get("parentCollection")
    name = _text(each["data"], "name")
    return Collection(each["key"], each["key"], name, parent if isinstance(parent, str) else None)


def _creator(data: Data) -> Creator:
    name = _text(data, "name") or _text(data, "lastName")
    return Creator(_text(data, "creatorType"), name, _text(data, "firstName"))


def _annotation(data: Data) -> Annotation:
    text, comment = (_text(data, name, LONGEST_HTML) for name in ("annotationText", "annotationComment"))
    return Annotation(text, comment, _text(data, "annotationPageLabel"))


def _is_pdf(data: Data) -> bool:
    is_file = data.get("linkMode") in ("imported_file", "imported_url")  # the server has no linked ones
    return data.get("itemType") == "attachment" and is_file and data.get("contentType") == _PDF


def _keys(data: Data) -> list[str]:
    return [key for key in list_of(data.get("collections")) if isinstance(key, str)]


def _text(data: Data, name: str, most: int = LONGEST_FIELD) -> str:
    value = data.get(name)
    return value[:most] if isinstance(value, str) else ""

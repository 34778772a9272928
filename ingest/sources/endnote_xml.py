"""EndNote's XML, which Zotero, Mendeley and JabRef export too."""

from collections.abc import Iterator
from pathlib import Path, PureWindowsPath
from typing import Any
from xml.etree.ElementTree import Element

from ingest.sources.base import Attachment, Entry, ReadOptions, Rejection, shown_path
from ingest.sources.linked_files import linked_pdfs
from ingest.sources.reference_types import ENDNOTE_TYPES, UNKNOWN_TYPE
from ingest.sources.references import reference_record
from ingest.sources.tagged_lines import TaggedRecord, entry_of
from ingest.sources.texts import open_bytes
from ingest.sources.xml_records import open_xml, raise_marks, text_of, texts_of, xml_records
from rag.plain import plain
from rag.types import Paper

_NAMES = {
    "title": ("title",),
    "secondary-title": ("full-title", "secondary-title"),
    "tertiary-title": ("tertiary-title",),
    "short-title": ("abbr-1", "alt-title"),
    "title-short": ("short-title",),
    "abstract": ("abstract",),
    "authors": ("authors",),
    "second-authors": ("secondary-authors",),
    "third-authors": ("tertiary-authors",),
    "fourth-authors": ("subsidiary-authors",),
    "date": ("date",),
    "year": ("year",),
    "accessed": ("access-date",),
    "volume": ("volume",),
    "number-of-volumes": ("num-vols",),
    "number": ("number",),
    "page": ("pages",),
    "edition": ("edition",),
    "section": ("section",),
    "serial": ("isbn",),
    "publisher": ("publisher",),
    "publisher-place": ("pub-location",),
    "language": ("language",),
    "call-number": ("call-num",),
    "genre": ("work-type",),
    "source": ("remote-database-name",),
    "doi": ("electronic-resource-num",),
    "URL": ("related-urls", "web-urls"),
    "tags": ("keyword",),
    "remarks": ("notes",),
    "note": ("research-notes",),
    "key": ("label",),
    "hints": ("accession-num",),
    "article-number": ("custom7",),
}
# Elements around those that hold the values: a value has the name of the list that it is in.
_LISTS = {
    *("authors", "secondary-authors", "tertiary-authors", "subsidiary-authors", "translated-authors"),
    *("related-urls", "web-urls", "pdf-urls"),
}
_NOT_OF_PAPER = {"database", "source-app", "rec-number", "foreign-keys", "ref-type"}
_DEEPEST = 3


def read_endnote_xml(path: Path, source: str, options: ReadOptions) -> Iterator[Entry]:
    """The paper of each record, followed by the PDFs that it names and that are there, or a rejection with
    its line. Streams.

    An upload names no files: they would be the server's.
    """
    with open_xml(open_bytes(path)) as file:
        for line, element in xml_records(file, "record"):
            if isinstance(element, str):
                yield Rejection(source, line, element)
                continue
            entry = entry_of(record := _tagged(element, line), _fields(record, element), source)
            yield entry
            if isinstance(entry, Paper) and source == shown_path(path):
                addresses = texts_of(element, "urls/pdf-urls/url")
                for pdf in linked_pdfs(addresses, path, _libraries(element)):
                    yield Attachment(source, pdf, entry, options.keep)


def _fields(record: TaggedRecord, element: Element) -> dict[str, Any]:
    type_name = _kind(element).lower()
    return reference_record(
        record, _NAMES, ENDNOTE_TYPES.get(type_name, UNKNOWN_TYPE), type_name, "endnote"
    )


def _tagged(element: Element, line: int) -> TaggedRecord:
    """The texts in a record by the names of their elements."""
    raise_marks(style for style in element.iter("style") if "superscript" in style.get("face", ""))
    record = TaggedRecord(line)
    record.add("ref-type", _kind(element))
    for name, text in _texts(element):
        first, *others = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
        record.add(name, plain(first))
        for other in others:
            record.add(None, plain(other))
    return record


def _kind(element: Element) -> str:
    kind = element.find("ref-type")
    return "" if kind is None else kind.get("name") or text_of(kind)


def _texts(element: Element, depth: int = 0) -> Iterator[tuple[str, str]]:
    for child in element:
        if child.tag in _NOT_OF_PAPER:
            continue
        if depth < _DEEPEST and any(inner.tag != "style" for inner in child):
            yield from _texts(child, depth + 1)
        elif text := text_of(child):
            yield (element.tag if element.tag in _LISTS else child.tag), text


def _libraries(element: Element) -> Iterator[str]:
    """The name of the library that a record comes from, without the ending."""
    for name in texts_of(element, "database"):
        yield PureWindowsPath(name).stem

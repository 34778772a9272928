"""The records in a file of XML, read one at a time.

The text is cut at the tags of records, and each record is parsed by itself: memory stays small, a broken
record spoils no other, and a document type, with whatever entities it declares, is never looked at.
"""

import io
import re
from collections.abc import Iterable, Iterator
from typing import BinaryIO, TextIO
from xml.etree.ElementTree import Element, ParseError, TreeBuilder
from xml.parsers.expat import errors as expat_errors

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import DefusedXMLParser

from ingest.sources.texts import LONGEST_LINE, WINDOWS, marked_encoding
from rag.closing import closing_on_error
from rag.plain import plain

_READ = 1 << 16  # characters
_LONGEST_TAG = 40  # characters of the name of a record, with its mark
_TOO_LONG = f"the record has more than {LONGEST_LINE:,} characters"
_MOST_TAGS = 200_000  # in a record; a paper of 3,000 authors has some 40,000
_DECLARED = re.compile(
    rb"\s*<\?xml\s[^<>]{0,100}?encoding\s?=\s?[\"'](iso-8859-\d{1,2}|windows-125\d|gbk|gb18030|big5|shift_jis|"
    rb"euc-jp|euc-kr|koi8-r)[\"']",
    re.IGNORECASE,
)

_BROKEN = {
    expat_errors.XML_ERROR_NO_ELEMENTS: "it breaks off",
    expat_errors.XML_ERROR_UNCLOSED_TOKEN: "it breaks off",
    expat_errors.XML_ERROR_TAG_MISMATCH: "a tag is closed that is not open",
    expat_errors.XML_ERROR_UNDEFINED_ENTITY: "an entity is not defined",
}

XmlRecord = tuple[int, Element | str]
"""The line where a record begins, and the record, or why it cannot be read."""


def open_xml(stream: BinaryIO) -> TextIO:
    """The text of a stream that can seek, in the encoding that it declares, which closes with it."""
    with closing_on_error(stream):
        start = stream.read(200)
        stream.seek(0)
        declared = _DECLARED.match(start)
        encoding = marked_encoding(start) or (declared[1].decode() if declared else "utf-8")
        return io.TextIOWrapper(stream, encoding, WINDOWS)


def xml_records(file: TextIO, *names: str) -> Iterator[XmlRecord]:
    """Each element of one of these names, none of which lies in another."""
    for line, text in _pieces(file, re.compile(rf"<(/?)(?:{'|'.join(names)})(?=[\s/>])")):
        yield line, _TOO_LONG if text is None else _parsed(text, line)


def text_of(element: Element | None) -> str:
    """All text in an element, without the white space around it."""
    return "" if element is None else "".join(element.itertext()).strip()


def texts_of(element: Element, path: str) -> list[str]:
    """The texts of all elements at a path, each once."""
    return list(dict.fromkeys(filter(None, map(text_of, element.iterfind(path)))))


def raise_marks(elements: Iterable[Element]) -> None:
    """Mark superscripts in their text, as 10<sup>5</sup> is not 105: `plain_text` reads the mark."""
    for element in elements:
        element.text = f"<sup>{element.text or ''}"
        element.tail = f"</sup>{element.tail or ''}"


class _Piece:
    """The text of a record, as it is put together; one that gets too long is not kept."""

    def __init__(self, line: int) -> None:
        self._line, self._size = line, 0
        self._parts: list[str] = []

    def add(self, text: str) -> None:
        self._size += len(text)
        if self._size <= LONGEST_LINE:
            self._parts.append(text)
        else:
            self._parts.clear()

    def whole(self) -> tuple[int, str | None]:
        return self._line, "".join(self._parts) if self._size <= LONGEST_LINE else None


def _pieces(file: TextIO, tag: re.Pattern[str]) -> Iterator[tuple[int, str | None]]:
    """The text of each record with its first line; None for one that is too long.

    A record without an end tag ends before the next one; an end tag alone is a record of its own.
    """
    piece, line = None, 1
    for text, mark in _split(file, tag):
        if piece:
            piece.add(text)
        line += text.count("\n")
        if not mark:
            continue
        is_end = mark.startswith("</")
        if piece and not is_end:
            yield piece.whole()
            piece = None
        piece = piece or _Piece(line)
        piece.add(f"{mark}>" if is_end else mark)
        if is_end:
            yield piece.whole()
            piece = None
    if piece:
        yield piece.whole()


def _split(file: TextIO, tag: re.Pattern[str]) -> Iterator[tuple[str, str]]:
    """The text in pieces, each with the tag that ends it, up to its name, or with none."""
    text = ""
    while more := file.read(_READ):
        text += more
        place = 0
        for match in tag.finditer(text):
            yield text[place : match.start()], match[0]
            place = match.end()
        kept = max(place, len(text) - _LONGEST_TAG)  # a tag may be cut here
        yield text[place:kept], ""
        text = text[kept:]
    yield text, ""


def _parsed(text: str, line: int) -> Element | str:
    """The element in a text, or why it is none."""
    if text.count("<") > _MOST_TAGS:
        return f"the record has more than {_MOST_TAGS:,} tags"
    if text.startswith("</"):
        return "a broken record: its beginning is missing"
    parser = DefusedXMLParser(target=TreeBuilder(), forbid_dtd=True)
    try:
        parser.feed(plain(text))
        element: Element = parser.close()
    except ParseError as error:
        problem = _BROKEN.get(expat_errors.messages[error.code], "it is not XML")
        return f"a broken record: {problem} (line {line + error.position[0] - 1})"
    except DefusedXmlException:
        return "a broken record: it declares entities"
    raise_marks(element.iter("sup"))
    return element

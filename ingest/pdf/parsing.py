"""Reads the PDF of a paper into its text in reading order, with the place of each word."""

import ctypes
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from unicodedata import category

import numpy as np
import pypdfium2

from ingest.pdf.blocks import write
from ingest.pdf.characters import PageReader
from ingest.pdf.columns import gutters_of, in_reading_order, lines_of
from ingest.pdf.document import Document, Front
from ingest.pdf.faults import PdfError
from ingest.pdf.frames import Frame
from ingest.pdf.front import read_front
from ingest.pdf.furniture import without_furniture
from ingest.pdf.lines import Line
from ingest.pdf.opening import open_pdf
from ingest.pdf.pages import PrintedPage
from ingest.pdf.sheets import Sheet, sheets_of
from rag.body import Body, Page, Runs

MOST_PAGES = 5_000
MOST_CHARACTERS = 20_000_000
_SAMPLE = 20_000  # characters
_MOST_PICTURES = 0.3
_FEWEST_LETTERS = 20  # a page of a scan, by hand or by machine, has stamps and no more


def parse(path: Path, most_pages: int = MOST_PAGES, most_characters: int = MOST_CHARACTERS) -> Document:
    """The paper in a PDF. Raises PdfError, whose text says what is wrong, and what to do."""
    with open_pdf(path) as document:
        count = len(document)
        if count == 0:
            raise PdfError("has no pages")
        if count > most_pages:
            raise PdfError(f"has {count:,} pages, more than the {most_pages:,} that are read: split it")
        pages = list(_pages(document, most_characters))
        labels = [document.get_page_label(place) for place in range(count)]
        metadata = document.get_metadata_dict()
    front = _front(pages[:2], metadata)
    frames, sheets = [page.frame for page in pages], sheets_of(pages)
    pages.clear()
    return Document(front, _body(sheets, frames, labels))


def _front(pages: Sequence[PrintedPage], metadata: Mapping[str, str]) -> Front:
    """What the first two sheets say of the paper, their running heads and feet included."""
    sheets = sheets_of(pages)[:2]
    gutters = gutters_of(sheets)
    lines = [
        replace(line, page=number + 1)
        for number, sheet in enumerate(sheets)
        for line in lines_of(sheet, gutters[number], number)
    ]
    return read_front(lines, metadata, [page.turned for page in pages[:1]])


def _pages(document: pypdfium2.PdfDocument, most: int) -> Iterator[PrintedPage]:
    """What is printed on each page. Raises PdfError where there are more than so many characters."""
    reader = PageReader()
    total = unread = 0
    for place in range(len(document)):
        try:
            page = document[place]
            text_page = page.get_textpage()
        except pypdfium2.PdfiumError:
            unread += 1
            yield PrintedPage.nothing()
            continue
        total += text_page.count_chars()
        if total > most:
            raise PdfError(f"has more than {most:,} characters: split it")
        yield PrintedPage.of(reader.read(_address(page), _address(text_page)))
        text_page.close()
        page.close()
    if unread == len(document):
        raise PdfError("is damaged, and none of its pages can be read: fetch it again")


def _address(handle: pypdfium2.PdfPage | pypdfium2.PdfTextPage) -> int:
    return ctypes.cast(handle.raw, ctypes.c_void_p).value or 0


def _body(sheets: list[Sheet], frames: Sequence[Frame], labels: Sequence[str | None]) -> Body:
    on_pages = [sheet.page for sheet in sheets]
    lines, printed = _lines(sheets)
    if sum(len(line.text) for line in lines) < _FEWEST_LETTERS:
        raise PdfError("is a scan without text: run OCR over it, such as `ocrmypdf in.pdf out.pdf`")
    writing = write(lines)
    if not _is_readable(writing.text):
        raise PdfError("has fonts that do not say which letters they show: run OCR over it")
    numbers: dict[int, list[str]] = {}
    for page, number in zip(on_pages, printed, strict=True):
        if number is not None:
            numbers.setdefault(page, []).append(number)
    return Body(
        writing.text,
        tuple(writing.blocks),
        tuple(
            Page(*frame.sides, labels[place] or "–".join(numbers.get(place + 1, [])) or None)
            for place, frame in enumerate(frames)
        ),
        _seen(writing.runs, frames),
    )


def _is_readable(text: str) -> bool:
    """Whether few of its characters are pictures, to which fonts that hide their letters map them."""
    counts = Counter(text[:_SAMPLE])
    pictures = sum(count for character, count in counts.items() if category(character) == "So")
    return pictures < _MOST_PICTURES * counts.total()


def _lines(sheets: list[Sheet]) -> tuple[list[Line], list[str | None]]:
    """The lines of all sheets in reading order, and the printed number of each sheet."""
    gutters = gutters_of(sheets)
    lines = [lines_of(sheet, gutters[number], number) for number, sheet in enumerate(sheets)]
    kept, printed = without_furniture(sheets, lines)
    ordered = [
        line for number, on_sheet in enumerate(kept) for line in in_reading_order(on_sheet, gutters[number])
    ]
    return ordered, printed


def _seen(runs: Runs, frames: Sequence[Frame]) -> Runs:
    """Runs with boxes of pages as they are seen, where text is turned."""
    boxes = runs.boxes.copy()
    for number, frame in enumerate(frames, 1):
        if frame.turns:
            places = runs.pages == number
            boxes[places] = frame.seen(boxes[places].astype(np.float64))
    return Runs(runs.starts, runs.ends, runs.pages, runs.lines, boxes)

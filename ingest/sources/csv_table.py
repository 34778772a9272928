"""Tables as text with commas, semicolons or tabs: from Zotero, Scopus, a spreadsheet."""

import csv
import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path

from ingest.sources.base import Attachment, Entry, ReadOptions, Rejection, entry_from, shown_path
from ingest.sources.columns import Columns, find_columns, has_columns
from ingest.sources.linked_files import pdf_in
from ingest.sources.texts import LONGEST_LINE, WINDOWS, numbered_lines
from rag.types import Paper

_DELIMITERS = ",;\t|"
_HEADER_LINES = 20  # in which the header ends, though names of columns break lines
_MOST_CELLS = 2_000
_DEFUSED = re.compile(r"^'(?=[=+\-@\t])")  # how a table keeps a text from being a formula
_DECLARED = re.compile(r"sep=(.)\s*\Z")  # how a spreadsheet is told the delimiter, in the first line


def read_csv(path: Path, source: str, options: ReadOptions) -> Iterator[Entry]:
    """The paper of each row, followed by its PDF if it names one; the line of a rejection is where the row
    begins. Streams.
    """
    delimiter, header, first = _header(path, options.columns)
    columns = find_columns(header, options.columns)
    folder = path.parent if source == shown_path(path) else None
    for line, row in _rows(path, delimiter):
        if isinstance(row, str):
            yield Rejection(source, line, row)
        elif line > first and any(cell.strip() for cell in row):
            paper = _entry(row, len(header), columns, source, line)
            yield paper
            pdf = pdf_in(columns.linked(row.__getitem__), folder) if folder else None
            if pdf and isinstance(paper, Paper):
                yield Attachment(source, pdf, paper, options.keep)


def check_csv(path: Path, options: ReadOptions) -> None:
    """Raises ValueError where no column holds titles or abstracts."""
    _, header, _ = _header(path, options.columns)
    find_columns(header, options.columns)


def is_csv(start: str) -> bool:
    """Whether a text begins with a header that has columns of papers."""
    lines = start.splitlines(keepends=True)[:_HEADER_LINES]
    return any(has_columns(header, {}) for _, header, _ in _headers(lines))


def _entry(row: Sequence[str], width: int, columns: Columns, source: str, line: int) -> Entry:
    while len(row) > width and not row[-1].strip():
        row = row[:-1]
    if len(row) != width:
        return Rejection(source, line, f"the row has {len(row):,} cells, and the header {width:,}")
    return entry_from(columns.record(lambda place: _DEFUSED.sub("", row[place])), source, line)


def _header(path: Path, columns: Mapping[str, str]) -> tuple[str, list[str], int]:
    """The delimiter, the header and its line. Raises ValueError for a file that has none."""
    lines = [line or "" for _, line in islice(numbered_lines(path, WINDOWS), _HEADER_LINES)]
    headers = sorted(
        _headers(lines), key=lambda header: (not has_columns(header[1], columns), -len(header[1]))
    )
    if not headers:
        raise ValueError("has no row that names its columns: put one before the first paper")
    return headers[0]


def _headers(lines: Sequence[str]) -> Iterator[tuple[str, list[str], int]]:
    """The first row of cells by each delimiter."""
    declared = _DECLARED.match(lines[0][:20]) if lines else None
    for delimiter in declared[1] if declared else _DELIMITERS:
        rows = csv.reader(lines[1:] if declared else lines, delimiter=delimiter)
        try:
            header = next((row for row in rows if any(row)), None)
        except csv.Error:
            continue
        if header and len(header) <= _MOST_CELLS:
            yield delimiter, [cell.strip() for cell in header], rows.line_num + bool(declared)


def _rows(path: Path, delimiter: str) -> Iterator[tuple[int, list[str] | str]]:
    """Each row with its first line, or the problem there."""
    csv.field_size_limit(LONGEST_LINE)  # process-wide; the default is too short for some texts
    too_long: list[int] = []

    def lines() -> Iterator[str]:
        for number, line in numbered_lines(path, WINDOWS):
            if line is None:
                too_long.append(number)
            yield line or "\n"

    rows = csv.reader(lines(), delimiter=delimiter)
    while True:
        line = rows.line_num + 1
        try:
            row = next(rows)
        except StopIteration:
            return
        except csv.Error:
            yield line, "not a row of a table: is a quotation mark not closed?"
            continue
        while too_long:
            yield too_long.pop(), f"the line has more than {LONGEST_LINE:,} characters"
        yield line, row if len(row) <= _MOST_CELLS else f"the row has more than {_MOST_CELLS:,} cells"

"""Rows of tables, whose cells may have several lines."""

from collections.abc import Sequence
from dataclasses import replace

from ingest.pdf.lines import Line
from ingest.pdf.table_lines import cells_of

Cell = list[Line]

_NEXT_LINE = 1.35  # of the size of letters: lines of one cell are no further apart


def rows_by_cells(lines: Sequence[Line]) -> list[list[Cell]]:
    """The rows of a table's lines; a line that only goes on cells of the row above joins it."""
    rows: list[list[Cell]] = []
    for line in lines:
        cells = [replace(line, words=words) for words in cells_of(line)]
        if rows and (places := _continued(rows[-1], cells)):
            for place, cell in zip(places, cells, strict=True):
                rows[-1][place].append(cell)
        else:
            rows.append([[cell] for cell in cells])
    return rows


def _continued(row: Sequence[Cell], cells: Sequence[Line]) -> list[int]:
    """The cells of a row that a line's cells go on, in words; none where they begin a row of their own."""
    first = row[0][-1]
    last = max((cell[-1] for cell in row), key=lambda line: line.baseline)
    is_below = 0 < cells[0].baseline - last.baseline < _NEXT_LINE * last.size
    if len(row) < 2 or not is_below or cells[0].box[0] < first.box[2]:
        return []
    places: list[int] = []
    for cell in cells:
        above = [place for place, parts in enumerate(row) if _overlap(parts[-1], cell)]
        if len(above) != 1 or not _goes_on(row[above[0]][-1].text, cell.text):
            return []
        places += above
    return places


def _goes_on(text: str, after: str) -> bool:
    """Whether a text in words goes on with another one."""
    is_open = text[-1:].isalpha() or text[-1:] in "-,"
    return (is_open and after[:1].isalpha()) or (text[-1:] != "." and after[:1].islower())


def _overlap(line: Line, other: Line) -> bool:
    return line.box[0] < other.box[2] and other.box[0] < line.box[2]

"""Which lines are rows of tables."""

from collections.abc import Sequence
from itertools import pairwise

from ingest.pdf.headings import NUMBERED
from ingest.pdf.lines import Line, Word, is_prose
from ingest.pdf.marks import BULLET, CAPTION, EQUATION_NUMBER, MARKER
from ingest.pdf.profiles import LineKind, Profile, gap_above, same_column

_MOST_BETWEEN = 6  # lines
_UNDER = 1.5  # points: how far the lines of a cell begin from one another
_CELL_GAP = 1.15  # of the size of letters


def cells_of(line: Line) -> list[list[Word]]:
    """The words of a line, in groups that wide gaps separate."""
    cells: list[list[Word]] = []
    for word in line.words:
        if cells and word.box[0] - cells[-1][-1].box[2] < _CELL_GAP * max(word.size, line.size * 0.8):
            cells[-1].append(word)
        else:
            cells.append([word])
    return cells


def settle_rows(lines: Sequence[Line], kinds: list[LineKind], profile: Profile) -> None:
    """Lines with wide gaps are rows of a table where several of them follow one another."""
    cells = [
        cells_of(line) if kinds[place] in ("text", "formula") else [] for place, line in enumerate(lines)
    ]
    tabular = [len(parts) >= 2 and not _is_labelled(parts) and not _is_stretched(parts) for parts in cells]
    place = 0
    while place < len(lines):
        if not tabular[place]:
            place += 1
            continue
        end = place + 1
        row = place
        while end < len(lines) and _goes_on(lines, tabular, end, profile, cells[row]):
            row = end if tabular[end] else row
            end += 1
        while not tabular[end - 1] and not _goes_on_cell(lines[end - 1], cells[row]):
            end -= 1
        run = range(place, end)
        count = sum(tabular[row] for row in run)
        others = sum(not tabular[other] and not _goes_on_cell(lines[other], cells[place]) for other in run)
        widest = max(len(cells[row]) for row in run)
        formulas = sum(kinds[row] == "formula" for row in run)
        if widest == 2 and not _are_aligned([cells[row] for row in run if tabular[row]]):
            place = end
            continue
        if formulas < 0.5 * count and (count >= 3 or (count >= 2 and widest >= 3)) and count >= others:
            for row in run:
                kinds[row] = "row"
        place = end


def fill_tables(lines: Sequence[Line], kinds: list[LineKind], profile: Profile) -> None:
    """Lines between rows, close to them and not at the left of their column, are rows, too."""
    last: int | None = None
    for place, kind in enumerate(kinds):
        if kind != "row":
            continue
        if last is not None and 0 < place - last - 1 <= _MOST_BETWEEN:
            between = range(last + 1, place)
            if all(
                kinds[other] in ("text", "formula")
                and lines[other].box[0] > lines[other].column[0] + 2 * profile.size
                for other in between
            ) and all(
                gap_above(lines[other], lines[other - 1], profile) < 1.5 for other in (*between, place)
            ):
                for other in between:
                    kinds[other] = "row"
        last = place


def _are_aligned(rows: Sequence[Sequence[Sequence[Word]]]) -> bool:
    """Whether the second cells of most rows begin, or end, at one place."""
    for corner in (0, 2):
        places = sorted(cells[1][0 if corner == 0 else -1].box[corner] for cells in rows)
        middle = places[len(places) // 2]
        if sum(abs(place - middle) < 4 for place in places) >= 0.6 * len(places):
            return True
    return False


def _goes_on_cell(line: Line, row: Sequence[Sequence[Word]]) -> bool:
    """Whether a line stands under a cell of a row, but for its first, and so goes on with it."""
    return any(abs(cell[0].box[0] - line.box[0]) < _UNDER for cell in row[1:])


def _goes_on(
    lines: Sequence[Line],
    tabular: Sequence[bool],
    place: int,
    profile: Profile,
    row: Sequence[Sequence[Word]],
) -> bool:
    """Whether a table goes on with a line: a row, a line of a cell, or a short line between rows."""
    line, before = lines[place], lines[place - 1]
    if not same_column(before, line) or gap_above(line, before, profile) > 2.6:
        return False
    if tabular[place] or (_goes_on_cell(line, row) and gap_above(line, before, profile) < 1.4):
        return True
    is_short = len(line.words) < 8
    return is_short and any(tabular[place + 1 : place + 3]) and not CAPTION.match(line.text)


def _is_stretched(cells: Sequence[Sequence[Word]]) -> bool:
    """Whether a line is prose whose spaces are all stretched."""
    gaps = [after[0].box[0] - cell[-1].box[2] for cell, after in pairwise(cells)]
    prose = sum(is_prose(word) for cell in cells for word in cell)
    words = sum(len(cell) for cell in cells)
    return (
        len(cells) >= 0.7 * words
        and prose > 0.7 * words
        and max(gaps) < min(1.3 * min(gaps) + 0.5, 2.5 * cells[0][0].size)
    )


def _is_labelled(cells: Sequence[Sequence[Word]]) -> bool:
    """Whether the gap only sets off the number of a heading, the mark of an item, or a formula's number."""
    if len(cells) != 2:
        return False
    first, second = (" ".join(word.text for word in cell) for cell in cells)
    return bool(
        (NUMBERED.match(first + " x") and len(cells[0]) == 1)
        or MARKER.match(first)
        or BULLET.match(first)
        or EQUATION_NUMBER.fullmatch(second)
    )

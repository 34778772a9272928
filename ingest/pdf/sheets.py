"""Sheets: pages, or the halves of pages that show two pages of a report side by side."""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from ingest.pdf.drawings import are_pages, fonts_of_prose, without_drawings
from ingest.pdf.frames import Frame
from ingest.pdf.lines import Word, gaps_of, rows_of
from ingest.pdf.pages import PrintedPage

_WIDE = 1.15  # width to height of a page that may show two
_MIDDLE = (0.42, 0.58)
_FEWEST_NUMBERS = 6
_NUMBERED = 0.6  # of the rows
_FEWEST_OF_RULER = 15


@dataclass(frozen=True)
class Sheet:
    """The rows of a page, or of half of it; `page` counts from 1."""

    page: int
    width: float
    height: float
    rows: list[list[Word]]


def sheets_of(pages: Sequence[PrintedPage]) -> list[Sheet]:
    """The sheets of pages: one of each, or two of a page that shows two pages of a report side by side."""
    prose_fonts, is_form_text = fonts_of_prose(pages), are_pages(pages)
    return [
        sheet
        for number, page in enumerate(pages, 1)
        for sheet in _sheets(number, page.frame, without_drawings(page, is_form_text, prose_fonts))
    ]


def _sheets(page: int, frame: Frame, pieces: Sequence[Word]) -> list[Sheet]:
    rows = rows_of(pieces)
    middle = _fold(rows, frame.width, frame.height)
    if middle is None:
        return [Sheet(page, frame.width, frame.height, _without_line_numbers(rows))]
    halves = (
        [piece for piece in pieces if piece.box[2] <= middle],
        [piece for piece in pieces if piece.box[2] > middle],
    )
    return [
        Sheet(page, frame.width / 2, frame.height, _without_line_numbers(rows_of(half))) for half in halves
    ]


def _fold(rows: Sequence[Sequence[Word]], width: float, height: float) -> float | None:
    """Where a page is folded that shows two: no row crosses its middle, and text stands on both sides."""
    if width < _WIDE * height or len(rows) < 10:
        return None
    left, right = (share * width for share in _MIDDLE)
    start, end, both = left, right, 0
    for row in rows:
        if row[0].box[0] >= right or row[-1].box[2] <= left:
            continue
        gaps = [(max(a, left), min(b, right)) for a, b in gaps_of(row) if b > left and a < right]
        before = [piece.box[2] for piece in row if piece.box[2] <= left]
        after = [piece.box[0] for piece in row if piece.box[0] >= right]
        if not gaps:
            ends = max((piece.box[2] for piece in row), default=0.0)
            starts = min(piece.box[0] for piece in row)
            if ends < right:
                gaps = [(max(left, ends), right)]
            elif starts > left:
                gaps = [(left, min(right, starts))]
            else:
                return None
        widest = max(gaps, key=lambda gap: gap[1] - gap[0])
        start, end = max(start, widest[0]), min(end, widest[1])
        both += bool(before and after) or len(row) > 1
    return (start + end) / 2 if end - start > 0.02 * width and both >= 3 else None


def _without_line_numbers(rows: list[list[Word]]) -> list[list[Word]]:
    """Rows without the numbers of lines that some papers print in a margin."""
    for at_left in (True, False):
        numbers = _margin_numbers(rows, at_left)
        if len(numbers) < max(_FEWEST_NUMBERS, _NUMBERED * len(rows) / _step(numbers)) and not _is_ruler(
            numbers
        ):
            continue
        edge = median(piece.box[2] if at_left else piece.box[0] for piece in numbers)
        numbers = [
            piece
            for piece in numbers
            if abs((piece.box[2] if at_left else piece.box[0]) - edge) < 1.2 * piece.size
        ]
        if _grows(numbers):
            drop = set(map(id, numbers))
            rows = [kept for row in rows if (kept := [piece for piece in row if id(piece) not in drop])]
    return rows


def _margin_numbers(rows: Sequence[Sequence[Word]], at_left: bool) -> list[Word]:
    """The numbers at one end of rows that stand off from the rest of their row."""
    numbers: list[Word] = []
    for row in rows:
        piece, others = (row[0], row[1:]) if at_left else (row[-1], row[:-1])
        is_number = piece.text.isdecimal() and len(piece.text) < 5
        if is_number and (not others or _stands_off(piece, others)):
            numbers.append(piece)
    return numbers


def _is_ruler(numbers: Sequence[Word]) -> bool:
    """Whether many numbers stand at equal distances, whatever lines are beside them."""
    if len(numbers) < _FEWEST_OF_RULER:
        return False
    gaps = [after.baseline - piece.baseline for piece, after in itertools.pairwise(numbers)]
    usual = median(gaps)
    return sum(abs(gap - usual) < 0.5 for gap in gaps) > 0.8 * len(gaps)


def _stands_off(piece: Word, others: Sequence[Word]) -> bool:
    return (
        min(max(other.box[0] - piece.box[2], piece.box[0] - other.box[2]) for other in others)
        > 0.6 * piece.size
    )


def _step(numbers: Sequence[Word]) -> int:
    steps = [int(after.text) - int(number.text) for number, after in itertools.pairwise(numbers)]
    return max(1, round(median(steps))) if steps else 1


def _grows(numbers: Sequence[Word]) -> bool:
    values = [int(number.text) for number in numbers]
    grown = sum(1 <= after - value <= 10 for value, after in itertools.pairwise(values))
    return len(values) >= _FEWEST_NUMBERS and grown >= 0.9 * (len(values) - 1)

"""The columns of a sheet, and its lines in reading order."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from statistics import median

from ingest.pdf.lines import Line, Word, words_of
from ingest.pdf.sheets import Sheet

Gutter = tuple[float, float]
"""From where to where the white between two columns reaches."""

_APART = 0.8  # of the size of letters: what may be the white between two columns
_WIDEST = 6.0  # likewise: the white between columns is no wider
_SHORTEST = 0.17  # of the sheet's width; shorter pieces of rows are no lines of a column
_FEWEST_LINES = 8
_ALIGNED = 2.5  # points


@dataclass(frozen=True)
class _Segment:
    """The pieces of a row between two wide gaps."""

    left: float
    right: float
    row: int


def gutters_of(sheets: Sequence[Sheet]) -> list[list[Gutter]]:
    """The white between the columns of each sheet; what many sheets have counts for the others, too."""
    own = [_own_gutters(sheet) for sheet in sheets]
    common = _common([gutter for gutters in own for gutter in gutters], len(sheets))
    return [
        gutters or [gutter for gutter in common if _fits(sheet, gutter)]
        for sheet, gutters in zip(sheets, own, strict=True)
    ]


def lines_of(sheet: Sheet, gutters: Sequence[Gutter], number: int) -> list[Line]:
    """The lines of a sheet, rows cut between columns, from the top to the bottom."""
    if not sheet.rows:
        return []
    left = min(piece.box[0] for row in sheet.rows for piece in row)
    right = max(piece.box[2] for row in sheet.rows for piece in row)
    lines: list[Line] = []
    for row in sheet.rows:
        for part in _cut(row, gutters):
            line = Line(words_of(part), sheet.page, sheet=number)
            lines.append(replace(line, column=_column_of(line, gutters, left, right)))
    return lines


def in_reading_order(lines: Sequence[Line], gutters: Sequence[Gutter]) -> list[Line]:
    """Lines column by column; a line across columns stands between what is above it and below it."""
    if not gutters:
        return sorted(lines, key=lambda line: (line.baseline, line.box[0]))
    ordered: list[Line] = []
    band: list[Line] = []
    for line in sorted(lines, key=lambda line: line.baseline):
        if any(line.column[0] < start and end < line.column[1] for start, end in gutters):
            ordered += _by_column(band)
            ordered.append(line)
            band = []
        else:
            band.append(line)
    return ordered + _by_column(band)


def _by_column(band: Sequence[Line]) -> list[Line]:
    return sorted(band, key=lambda line: (line.column[0], line.baseline, line.box[0]))


def _segments(sheet: Sheet) -> list[_Segment]:
    segments: list[_Segment] = []
    for number, row in enumerate(sheet.rows):
        start, right, size = row[0].box[0], row[0].box[2], max(piece.size for piece in row)
        for piece in row[1:]:
            if piece.box[0] - right > _APART * size:
                segments.append(_Segment(start, right, number))
                start = piece.box[0]
            right = max(right, piece.box[2])
        segments.append(_Segment(start, right, number))
    return segments


def _own_gutters(sheet: Sheet) -> list[Gutter]:
    """The gaps on whose two sides many long lines end, and begin at one place, with few lines across."""
    if len(sheet.rows) < _FEWEST_LINES:
        return []
    segments = _segments(sheet)
    shortest = _SHORTEST * sheet.width
    long = [segment for segment in segments if segment.right - segment.left >= shortest]
    starts = Counter(round(segment.left) for segment in long)
    gutters: list[Gutter] = []
    for start, _ in starts.most_common(12):
        aligned = [segment for segment in long if abs(segment.left - start) <= _ALIGNED]
        begin = min((segment.left for segment in aligned), default=0.0)
        before = [
            segment.right
            for segment in long
            if segment.left < begin - shortest and begin - 0.12 * sheet.width < segment.right < begin - 3
        ]
        if len(aligned) < _FEWEST_LINES or len(before) < _FEWEST_LINES:
            continue
        end = _gutter_start(before)
        crossing = sum(segment.left < end - 1 and segment.right > begin - 1 for segment in segments)
        is_known = any(abs(begin - gutter[1]) < 0.1 * sheet.width for gutter in gutters)
        behind = sorted(
            segment.left
            for segment in long
            if max(end + 2, begin - 0.08 * sheet.width) < segment.left <= begin
        )
        begin = behind[len(behind) // 20] if behind else begin  # items may stand out to the left
        if end < begin - 3 and not is_known and crossing < 0.6 * min(len(aligned), len(before)):
            gutters.append((end, begin))
    return sorted(gutters)


def _gutter_start(rights: Sequence[float]) -> float:
    """Where most lines to the left of a gutter end."""
    ordered = sorted(rights)
    return ordered[int(0.9 * (len(ordered) - 1))]


def _common(gutters: Sequence[Gutter], sheets: int) -> list[Gutter]:
    """Gutters that stand at one place on many sheets."""
    groups: list[list[Gutter]] = []
    for gutter in sorted(gutters, key=lambda gutter: gutter[1]):
        if groups and gutter[1] - groups[-1][-1][1] < 4:
            groups[-1].append(gutter)
        else:
            groups.append([gutter])
    return [
        (median(start for start, _ in group), median(end for _, end in group))
        for group in groups
        if len(group) >= max(1, 0.25 * sheets)
    ]


def _fits(sheet: Sheet, gutter: Gutter) -> bool:
    """Whether lines of a sheet begin behind a gutter of other sheets, and most leave it white."""
    start, end = gutter
    segments = _segments(sheet)
    aligned = sum(abs(segment.left - end) <= _ALIGNED for segment in segments)
    crossing = sum(segment.left < start - 2 and segment.right > end + 2 for segment in segments)
    return aligned >= 2 and crossing <= aligned + 0.3 * len(segments)


def _cut(row: Sequence[Word], gutters: Sequence[Gutter]) -> list[list[Word]]:
    """The parts of a row that are lines of different columns."""
    parts: list[list[Word]] = []
    rest = list(row)
    for start, end in gutters:
        middle = (start + end) / 2
        before = [piece for piece in rest if (piece.box[0] + piece.box[2]) / 2 < middle]
        after = [piece for piece in rest if (piece.box[0] + piece.box[2]) / 2 >= middle]
        if not before or not after:
            continue
        white = min(piece.box[0] for piece in after) - max(piece.box[2] for piece in before)
        if white >= min(0.6 * (end - start), 2 * row[0].size) and white > 0.4 * row[0].size:
            parts.append(before)
            rest = after
    return [*parts, rest]


def _column_of(line: Line, gutters: Sequence[Gutter], left: float, right: float) -> tuple[float, float]:
    """From where to where the column, or the columns together, of a line reach."""
    starts = [left, *(gutter[1] for gutter in gutters)]
    ends = [*(gutter[0] for gutter in gutters), right]
    start, _, end, _ = line.box
    first = sum(start > (gutter[0] + gutter[1]) / 2 - 1 for gutter in gutters)
    last = max(first, sum(end > gutter[1] + 2 for gutter in gutters))
    if last == first + 1:
        # A line that only just leaves its column is too long, and no line across.
        into = (end - starts[last]) / max(1.0, ends[last] - starts[last])
        if into < 0.25 and start < starts[first] + 0.1 * (ends[first] - starts[first]):
            last = first
    return starts[first], ends[last]

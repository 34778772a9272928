"""Running heads and feet with their page numbers."""

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence

from ingest.pdf.lines import Line
from ingest.pdf.sheets import Sheet

_ZONE = 0.14  # of the height of a sheet, at its top and bottom
_ROWS = 3  # that may be furniture, at either end
_NEAR = 3.0  # points
_MOST_WORDS = 16
_NUMBER = re.compile(r"(?<![\w.,-])(?:\d{1,4}|[ivxl]{1,6})(?![\w,]|\.\d)")
_DIGITS = re.compile(r"\d+")
_ROMAN = {"i": 1, "v": 5, "x": 10, "l": 50}


def without_furniture(
    sheets: Sequence[Sheet], lines: Sequence[Sequence[Line]]
) -> tuple[list[list[Line]], list[str | None]]:
    """The lines of each sheet without running heads and feet, and the number that each sheet prints."""
    zones = [list(_in_zones(sheet, on_sheet)) for sheet, on_sheet in zip(sheets, lines, strict=True)]
    furniture = _repeated(zones) | _numbered(zones)
    places = Counter(
        (at_top, round(line.baseline / _NEAR))
        for zone in zones
        for at_top, line in zone
        if id(line) in furniture
    )
    for zone in zones:
        for at_top, line in zone:
            place = round(line.baseline / _NEAR)
            near = sum(places[at_top, place + step] for step in (-1, 0, 1))
            if near >= max(3, 0.4 * len(sheets)) and _is_outermost(line, zone, at_top):
                furniture.add(id(line))
    kept = [[line for line in on_sheet if id(line) not in furniture] for on_sheet in lines]
    return kept, _labels(zones)


def _in_zones(sheet: Sheet, lines: Sequence[Line]) -> Iterator[tuple[bool, Line]]:
    """Lines near the top and the bottom, and which of both."""
    baselines = sorted({round(line.baseline) for line in lines})
    for line in lines:
        if len(line.words) > _MOST_WORDS and not _DIGITS.search(line.text):
            continue
        if line.baseline < _ZONE * sheet.height and round(line.baseline) in baselines[:_ROWS]:
            yield True, line
        elif line.baseline > (1 - _ZONE) * sheet.height and round(line.baseline) in baselines[-_ROWS:]:
            yield False, line


def _is_outermost(line: Line, zone: Sequence[tuple[bool, Line]], at_top: bool) -> bool:
    others = [other.baseline for is_top, other in zone if is_top == at_top]
    edge = min(others) if at_top else max(others)
    return abs(line.baseline - edge) < _NEAR


def _repeated(zones: Sequence[Sequence[tuple[bool, Line]]]) -> set[int]:
    """Lines that stand at one place on several sheets, numbers aside."""
    groups: dict[tuple[bool, str], list[tuple[int, Line]]] = defaultdict(list)
    for sheet, zone in enumerate(zones):
        for at_top, line in zone:
            groups[at_top, _DIGITS.sub("#", line.text)].append((sheet, line))
    repeated: set[int] = set()
    for group in groups.values():
        for sheet, line in group:
            others = {
                other
                for other, same in group
                if other != sheet and abs(same.baseline - line.baseline) < _NEAR
            }
            if len(others) + 1 >= max(2, min(3, 0.3 * len(zones))):
                repeated.add(id(line))
    return repeated


def _numbered(zones: Sequence[Sequence[tuple[bool, Line]]]) -> set[int]:
    """Lines with the number of their page."""
    shift = _shift(zones)
    if shift is None:
        return set()
    return {
        id(line)
        for sheet, zone in enumerate(zones)
        for at_top, line in zone
        if sheet + shift in _numbers(line)
        and _is_outermost(line, zone, at_top)
        and len(line.words) <= _MOST_WORDS
    }


def _labels(zones: Sequence[Sequence[tuple[bool, Line]]]) -> list[str | None]:
    shift = _shift(zones)
    if shift is None:
        return [None] * len(zones)
    return [
        next((_numbers(line)[sheet + shift] for _, line in zone if sheet + shift in _numbers(line)), None)
        for sheet, zone in enumerate(zones)
    ]


def _shift(zones: Sequence[Sequence[tuple[bool, Line]]]) -> int | None:
    """The printed number of the first sheet, where the numbers on many sheets agree on it."""
    shifts = Counter(
        shift
        for sheet, zone in enumerate(zones)
        for shift in {number - sheet for _, line in zone for number in _numbers(line)}
    )
    if not shifts:
        return None
    shift, count = shifts.most_common(1)[0]
    return shift if count >= max(2, 0.4 * len(zones)) else None


def _numbers(line: Line) -> dict[int, str]:
    """The numbers in a line, and how they are printed; the only number in Roman digits is one alone."""
    if len(line.words) > _MOST_WORDS:
        return {}
    numbers: dict[int, str] = {}
    for match in _NUMBER.finditer(line.text):
        if match[0].isdecimal():
            numbers[int(match[0])] = match[0]
        elif match[0] == line.text:
            values = [_ROMAN[letter] for letter in match[0]]
            signed = [
                -value if place + 1 < len(values) and value < values[place + 1] else value
                for place, value in enumerate(values)
            ]
            numbers[sum(signed)] = match[0]
    return numbers

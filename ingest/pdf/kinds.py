"""What each line is: text, a heading, the start of a caption or of an item, a row, a listing, ..."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import median
from typing import Literal

from ingest.pdf.lines import Line, Word, is_prose

LineKind = Literal[
    "text", "heading", "caption", "item", "row", "listing", "formula", "footnote", "contents"
]

NUMBERED = re.compile(
    r"(?:(?:Appendix|Section|Chapter)\s+[A-Z\d]+[.:]?|\d{1,2}(?:\.\d{1,2}){0,4}[.:)]?|[A-Z](?:\.\d{1,2}){1,3}[.:)]?"
    r"|[A-Z][.:)]|[IVX]{1,5}[.:)])\s+(?=[^\W\d_]|\W{1,2}\w)"
)
KNOWN = re.compile(
    r"(?:[\divx.]+\s+)?(?:abstract|summary|introduction|references(?: cited)?|bibliography"
    r"|literature(?: cited)?|works cited|acknowledge?ments?|conclusions?|appendix|appendices|résumé"
    r"|zusammenfassung|literatur|références|bibliographie|referencias|bibliografía|agradecimientos"
    r"|danksagung|remerciements|references and notes|computational details)\W*",
    re.IGNORECASE,
)
_CAPTION = re.compile(
    r"(?:Fig(?:ure|\.)?|Tab(?:le|\.)|Algorithm|Scheme|Listing|Exhibit|Chart|Plate|Box|Abbildung|Tabelle|Figura|Tabla"
    r"|Tableau)\s*(?:\d{1,3}|[A-Z]\.?\d{1,3}|[IVX]{1,5})(?:\.\d{1,2})?[a-z]?\s*(?P<mark>[.:|]|[–—-]\s|$)?",
    re.IGNORECASE,
)
_BULLET = re.compile(r"[•◦▪‣∙●■□◆⁃➢✓*∗·⋄–—-]$")
_MARKER = re.compile(r"(?:\(?(?:\d{1,2}|[a-z]|[ivx]{1,5})[.)]|\[\w{1,8}\]|Q\d+[.:]?|Step \d+[.:]?)$")
_FOOTNOTE = re.compile(r"[\d*∗†‡§¶⁎#][\d*∗†‡§¶⁎]{0,2}")
_LEADERS = re.compile(r"(?:\.\s?){5,}")
_EQUATION_NUMBER = re.compile(r"\(\w{0,2}[.]?\d{1,3}(?:\.\d{1,3})?[a-z]?\)$")
_ENDS = re.compile(r"[.!?:;]['\"”’)\]]*$")
_NEAR_CONTENTS = 2.6  # of the usual distance of baselines
_MOST_OF_CONTENTS = 20  # words
_MOST_BETWEEN = 6  # lines
_UNDER = 1.5  # points: how far the lines of a cell begin from one another
CELL_GAP = 1.15  # of the size of letters


@dataclass(frozen=True)
class Profile:
    """The usual size of letters, and the usual distance of baselines, of a paper's text."""

    size: float
    pitch: float
    is_bold: bool
    font: str


def is_known_heading(text: str) -> bool:
    """Whether a line is a heading that all fields share, such as "References"."""
    return (text[:1].isupper() or text[:1].isdecimal()) and bool(KNOWN.fullmatch(text))


def profile_of(lines: Sequence[Line]) -> Profile:
    sizes: Counter[float] = Counter()
    fonts: Counter[str] = Counter()
    for line in lines:
        for word in line.words:
            if not word.is_fixed and not word.is_math:
                sizes[word.size] += len(word.text)
                fonts[word.font] += len(word.text)
    size = sizes.most_common(1)[0][0] if sizes else 10.0
    body = [line for line in lines if abs(line.size - size) < 0.3]
    steps = [
        after.baseline - line.baseline
        for line, after in pairwise(body)
        if same_column(line, after) and 0.9 * size < after.baseline - line.baseline < 2.6 * size
    ]
    bold = sum(len(line.text) for line in body if line.share("is_bold") > 0.8)
    letters = sum(len(line.text) for line in body)
    return Profile(
        size,
        median(steps) if steps else 1.2 * size,
        bold > 0.5 * letters,
        fonts.most_common(1)[0][0] if fonts else "",
    )


def same_column(line: Line, after: Line) -> bool:
    return line.sheet == after.sheet and line.column == after.column


def kinds_of(lines: Sequence[Line], profile: Profile) -> list[LineKind]:
    """The kind of each line, of lines in reading order."""
    kinds: list[LineKind] = [_first_guess(line, profile) for line in lines]
    _settle_contents(lines, kinds, profile)
    _settle_footnotes(lines, kinds, profile)
    _settle_listings(lines, kinds, profile)
    _settle_rows(lines, kinds, profile)
    _fill_tables(lines, kinds, profile)
    _settle_formulas(lines, kinds, profile)
    for place, line in enumerate(lines):
        if kinds[place] != "text":
            continue
        before = lines[place - 1] if place else None
        after = lines[place + 1] if place + 1 < len(lines) else None
        if _is_caption(line, before, profile):
            kinds[place] = "caption"
        elif is_heading(line, before, after, profile):
            kinds[place] = "heading"
        elif _is_item(line, before, after, profile):
            kinds[place] = "item"
    return kinds


def gap_above(line: Line, before: Line | None, profile: Profile) -> float:
    """The distance of a line from the one above, 1 being the usual one; 10 at the top of a column."""
    if before is None or not same_column(before, line) or line.baseline < before.baseline:
        return 10.0
    return (line.baseline - before.baseline) / (profile.pitch * max(0.75, line.size / profile.size))


def cells_of(line: Line) -> list[list[Word]]:
    """The words of a line, in groups that wide gaps separate."""
    cells: list[list[Word]] = []
    for word in line.words:
        if cells and word.box[0] - cells[-1][-1].box[2] < CELL_GAP * max(word.size, line.size * 0.8):
            cells[-1].append(word)
        else:
            cells.append([word])
    return cells


def ends_sentence(text: str) -> bool:
    return bool(_ENDS.search(text))


def is_heading(line: Line, before: Line | None, after: Line | None, profile: Profile) -> bool:
    """Whether a line stands out by its font, and by its number or the space around it."""
    text = line.text
    if len(line.words) > 18 or not any(letter.isalpha() for letter in text) or text.endswith((",", ";")):
        return False
    if sum(is_prose(word) for word in line.words) == 0:
        return False
    is_large = line.size > 1.07 * profile.size
    last = line.words[-1]
    goes_on_plain = is_prose(last) and not last.is_bold  # text behind a heading on the same line
    is_bold = line.share("is_bold") > 0.75 and not profile.is_bold and not goes_on_plain
    is_slanted = line.share("is_italic") > 0.85
    is_apart = gap_above(line, before, profile) > 1.25
    is_short = line.box[2] < line.column[1] - 0.08 * (line.column[1] - line.column[0])
    is_numbered = bool(NUMBERED.match(text))
    if is_known_heading(text) and (is_large or is_bold or is_apart):
        return True
    if (
        is_large
        and (is_apart or is_numbered or is_bold)
        and not (text.endswith(".") and len(line.words) > 10)
    ):
        return True
    if is_bold and (is_numbered or is_apart) and (is_short or is_numbered):
        return not text.endswith(".") or is_numbered or len(line.words) < 8
    if is_numbered and is_apart and is_short and text[-1] not in ".:" and _is_of_other_font(line, profile):
        return True
    below = gap_above(after, line, profile) if after is not None else 10.0
    is_capital = text.isupper() and len(text) > 5
    return (
        (is_slanted or is_capital)
        and is_apart
        and is_short
        and len(line.words) < 12
        and (is_numbered or (below > 1.1 and not ends_sentence(text) and text[0].isupper() and below < 9))
    )


def _is_of_other_font(line: Line, profile: Profile) -> bool:
    """Whether a line is in none of the usual font of the text, such as in small capitals."""
    letters = sum(len(word.text) for word in line.words if word.font == profile.font)
    return letters < 0.2 * len(line.text)


def _first_guess(line: Line, profile: Profile) -> LineKind:
    if _LEADERS.search(line.text) or _is_of_contents(line):
        return "contents"
    if line.share("is_fixed") > 0.6 and sum(is_prose(word) for word in line.words) < 3:
        return "listing"
    if _is_formula(line):
        return "formula"
    return "text"


def _is_of_contents(line: Line) -> bool:
    """Whether a line is a heading in a table of contents: a number first, and a page at the very right."""
    return len(line.words) > 2 and bool(NUMBERED.match(line.text)) and _has_page(line)


def _has_page(line: Line) -> bool:
    """Whether a line ends with a number at the very right."""
    last = line.words[-1]
    return (
        len(line.words) > 1
        and last.text.isdecimal()
        and last.box[0] - line.words[-2].box[2] > 2 * line.size
        and last.box[2] > line.column[1] - 2 * line.size
    )


def _settle_contents(lines: Sequence[Line], kinds: list[LineKind], profile: Profile) -> None:
    """Lines between lines of a table of contents are of it, and those with a page right below one."""
    for place in range(1, len(lines)):
        line, before = lines[place], lines[place - 1]
        if kinds[place] == "contents" or kinds[place - 1] != "contents":
            continue
        is_near = gap_above(line, before, profile) < _NEAR_CONTENTS
        goes_on = "contents" in kinds[place + 1 : place + 3] and len(line.words) < _MOST_OF_CONTENTS
        if is_near and (_has_page(line) or goes_on):
            kinds[place] = "contents"


def _is_formula(line: Line) -> bool:
    words = line.words
    prose = sum(len(word.text) for word in words if is_prose(word) and len(word.text) > 2)
    total = sum(len(word.text) for word in words)
    math = sum(word.is_math or any(letter in "=≤≥<>+−±×∑∏∫√∈∼≈→" for letter in word.text) for word in words)
    if prose > 0.4 * total:
        return False
    return math >= max(1, 0.2 * len(words)) or bool(_EQUATION_NUMBER.search(line.text) and len(words) < 4)


def _settle_listings(lines: Sequence[Line], kinds: list[LineKind], profile: Profile) -> None:
    """A few lines of a listing's font that go on a paragraph, at its left and in its distance, are text."""
    place = 0
    while place < len(lines):
        end = place
        while (
            end < len(lines)
            and kinds[end] == "listing"
            and (
                end == place
                or (
                    same_column(lines[end - 1], lines[end])
                    and gap_above(lines[end], lines[end - 1], profile) < 1.25
                )
            )
        ):
            end += 1
        if end == place:
            place += 1
            continue
        before = lines[place - 1] if place and kinds[place - 1] in ("text", "footnote") else None
        after = lines[end] if end < len(lines) and kinds[end] in ("text", "footnote") else None
        follows = (
            before is not None
            and _is_next(before, lines[place], profile)
            and not ends_sentence(before.text)
        )
        leads = after is not None and _is_next(lines[end - 1], after, profile)
        is_mixed = any(line.share("is_fixed") < 0.9 for line in lines[place:end])
        if (follows and (leads or end - place < 3)) or (leads and is_mixed and end - place < 3):
            kinds[place:end] = ["text"] * (end - place)
        place = end


def _is_next(line: Line, after: Line, profile: Profile) -> bool:
    """Whether a line stands below another as lines of one paragraph do."""
    return gap_above(after, line, profile) < 1.2 and not _is_indented(line, after)


def _is_indented(line: Line, other: Line | None) -> bool:
    return other is not None and abs(line.box[0] - other.box[0]) > 0.5 * line.size


def _settle_rows(lines: Sequence[Line], kinds: list[LineKind], profile: Profile) -> None:
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


def _fill_tables(lines: Sequence[Line], kinds: list[LineKind], profile: Profile) -> None:
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
    return is_short and any(tabular[place + 1 : place + 3]) and not _CAPTION.match(line.text)


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
        or _MARKER.match(first)
        or _BULLET.match(first)
        or _EQUATION_NUMBER.fullmatch(second)
    )


def _settle_formulas(lines: Sequence[Line], kinds: list[LineKind], profile: Profile) -> None:
    """A formula within the lines of a paragraph is text; a short line between two formulas is one."""
    for place, line in enumerate(lines):
        if kinds[place] == "formula":
            before = lines[place - 1] if place and kinds[place - 1] == "text" else None
            after = lines[place + 1] if place + 1 < len(lines) and kinds[place + 1] == "text" else None
            if _is_in_paragraph(line, before, after, profile):
                kinds[place] = "text"
    for place in range(1, len(lines) - 1):
        line = lines[place]
        if (
            kinds[place] == "text"
            and kinds[place - 1] == kinds[place + 1] == "formula"
            and len(line.words) < 6
        ):
            prose = sum(is_prose(word) for word in line.words)
            if prose <= 1 and line.box[0] > line.column[0] + line.size:
                kinds[place] = "formula"


def _is_in_paragraph(line: Line, before: Line | None, after: Line | None, profile: Profile) -> bool:
    """Whether a line of mostly symbols stands in a paragraph, between the given lines of text."""
    left, right = line.column
    is_left = line.box[0] < left + 0.6 * line.size
    fills = line.box[2] > right - 0.06 * (right - left)
    begins_with_word = is_prose(line.words[0]) and line.words[0].text[:1].islower()
    is_below = before is not None and same_column(before, line)
    if begins_with_word and (is_left or (is_below and before and line.box[0] - before.box[0] < 1)):
        return True
    follows = before is not None and gap_above(line, before, profile) < 1.15
    if follows and before and abs(line.box[0] - before.box[0]) < 1 and (is_left or fills):
        return True
    return is_left and fills and after is not None


def _is_caption(line: Line, before: Line | None, profile: Profile) -> bool:
    match = _CAPTION.match(line.text)
    if not match:
        return False
    is_set_off = line.words[0].is_bold or line.size < 0.95 * profile.size
    is_apart = gap_above(line, before, profile) > 1.3
    return bool(match["mark"] is not None or is_set_off) and (is_apart or is_set_off)


def _is_item(line: Line, before: Line | None, after: Line | None, profile: Profile) -> bool:
    first = line.words[0]
    if len(line.words) < 2:
        return bool(_BULLET.match(first.text)) and not first.is_math
    if _BULLET.match(first.text) and line.words[1].box[0] - first.box[2] > 0.2 * line.size:
        is_dash = first.text in "–—-·∗*⋄"
        return (
            not is_dash
            or line.box[0] > line.column[0] + 0.5 * line.size
            or gap_above(line, before, profile) > 1.2
        )
    if not _MARKER.match(first.text):
        return False
    hangs = (
        after is not None and same_column(line, after) and abs(after.box[0] - line.words[1].box[0]) < 1.5
    )
    is_apart = gap_above(line, before, profile) > 1.2
    return hangs or (is_apart or before is None or ends_sentence(before.text))


def _settle_footnotes(lines: Sequence[Line], kinds: list[LineKind], profile: Profile) -> None:
    """Small lines at the bottom of a column, from the first one with a mark on."""
    end = len(lines)
    for place in range(len(lines), 0, -1):
        is_last = place == len(lines) or not same_column(lines[place - 1], lines[place])
        if not is_last:
            continue
        end = start = place
        while start > 0 and (start == end or same_column(lines[start - 1], lines[start])):
            line = lines[start - 1]
            if line.size > 0.93 * profile.size or kinds[start - 1] not in (
                "text",
                "item",
                "listing",
                "formula",
            ):
                break
            start -= 1
        for first in range(start, end):
            if _FOOTNOTE.match(lines[first].text) and (
                gap_above(lines[first], lines[first - 1] if first else None, profile) > 1.25
                or first == start
            ):
                kinds[first:end] = ["footnote"] * (end - first)
                break

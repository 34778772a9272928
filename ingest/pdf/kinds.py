"""What each line is: text, a heading, the start of a caption or of an item, a row, a listing, ..."""

import re
from collections.abc import Sequence

from ingest.pdf.contents import is_of_contents, settle_contents
from ingest.pdf.displays import is_formula, settle_formulas, settle_listings
from ingest.pdf.headings import is_heading
from ingest.pdf.lines import Line, is_prose
from ingest.pdf.marks import BULLET, CAPTION, MARKER
from ingest.pdf.profiles import LineKind, Profile, ends_sentence, gap_above, same_column
from ingest.pdf.table_lines import fill_tables, settle_rows

_FOOTNOTE = re.compile(r"[\d*∗†‡§¶⁎#][\d*∗†‡§¶⁎]{0,2}")


def kinds_of(lines: Sequence[Line], profile: Profile) -> list[LineKind]:
    """The kind of each line, of lines in reading order."""
    kinds: list[LineKind] = [_first_guess(line, profile) for line in lines]
    settle_contents(lines, kinds, profile)
    _settle_footnotes(lines, kinds, profile)
    settle_listings(lines, kinds, profile)
    settle_rows(lines, kinds, profile)
    fill_tables(lines, kinds, profile)
    settle_formulas(lines, kinds, profile)
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


def _first_guess(line: Line, profile: Profile) -> LineKind:
    if is_of_contents(line):
        return "contents"
    if line.share("is_fixed") > 0.6 and sum(is_prose(word) for word in line.words) < 3:
        return "listing"
    if is_formula(line):
        return "formula"
    return "text"


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


def _is_caption(line: Line, before: Line | None, profile: Profile) -> bool:
    match = CAPTION.match(line.text)
    if not match:
        return False
    is_set_off = line.words[0].is_bold or line.size < 0.95 * profile.size
    is_apart = gap_above(line, before, profile) > 1.3
    return bool(match["mark"] is not None or is_set_off) and (is_apart or is_set_off)


def _is_item(line: Line, before: Line | None, after: Line | None, profile: Profile) -> bool:
    first = line.words[0]
    if len(line.words) < 2:
        return bool(BULLET.match(first.text)) and not first.is_math
    if BULLET.match(first.text) and line.words[1].box[0] - first.box[2] > 0.2 * line.size:
        is_dash = first.text in "–—-·∗*⋄"
        return (
            not is_dash
            or line.box[0] > line.column[0] + 0.5 * line.size
            or gap_above(line, before, profile) > 1.2
        )
    if not MARKER.match(first.text):
        return False
    hangs = (
        after is not None and same_column(line, after) and abs(after.box[0] - line.words[1].box[0]) < 1.5
    )
    is_apart = gap_above(line, before, profile) > 1.2
    return hangs or (is_apart or before is None or ends_sentence(before.text))

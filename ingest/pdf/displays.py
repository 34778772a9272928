"""Listings and formulas that stand apart from the lines of paragraphs."""

from collections.abc import Sequence

from ingest.pdf.lines import Line, is_prose
from ingest.pdf.marks import EQUATION_NUMBER
from ingest.pdf.profiles import LineKind, Profile, ends_sentence, gap_above, same_column


def is_formula(line: Line) -> bool:
    words = line.words
    prose = sum(len(word.text) for word in words if is_prose(word) and len(word.text) > 2)
    total = sum(len(word.text) for word in words)
    math = sum(word.is_math or any(letter in "=≤≥<>+−±×∑∏∫√∈∼≈→" for letter in word.text) for word in words)
    if prose > 0.4 * total:
        return False
    return math >= max(1, 0.2 * len(words)) or bool(EQUATION_NUMBER.search(line.text) and len(words) < 4)


def settle_listings(lines: Sequence[Line], kinds: list[LineKind], profile: Profile) -> None:
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


def settle_formulas(lines: Sequence[Line], kinds: list[LineKind], profile: Profile) -> None:
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

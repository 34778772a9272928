"""Lines in groups: paragraphs, headings, captions, rows, listings, formulas and footnotes."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from statistics import median

from ingest.pdf.headings import NUMBERED
from ingest.pdf.lines import Line
from ingest.pdf.profiles import LineKind, Profile, ends_sentence, gap_above, same_column

_WIDE_GAP = 1.42  # of the usual distance of baselines
_WIDEST_IN_SENTENCE = 2.3  # where a tall formula stands in a line
_INDENT = 0.8  # of the size of letters
_SHORT = 0.2  # of the width of the column


@dataclass
class Group:
    """Lines that belong together; `begins` where a paragraph begins with them for certain."""

    kind: LineKind
    lines: list[Line] = field(default_factory=list)
    begins: bool = True

    @property
    def text(self) -> str:
        return " ".join(line.text for line in self.lines)


def groups_of(lines: Sequence[Line], kinds: Sequence[LineKind], profile: Profile) -> list[Group]:
    groups: list[Group] = []
    for place, line in enumerate(lines):
        before = lines[place - 1] if place else None
        group = groups[-1] if groups else None
        if group is None or before is None or not _goes_on(group, before, line, kinds[place], profile):
            groups.append(Group(kinds[place], [line], _begins(line, kinds[place])))
        else:
            group.lines.append(line)
    return groups


def _begins(line: Line, kind: LineKind) -> bool:
    """Whether the first line of a group cannot go on a paragraph before it: an item, or indented."""
    return kind == "item" or (
        line.box[0] - line.column[0] > _INDENT * line.size and not line.text[:1].islower()
    )


def _goes_on(group: Group, before: Line, line: Line, kind: LineKind, profile: Profile) -> bool:
    """Whether a line goes on with the group of the line before it."""
    if group.kind == "heading":
        return kind == "heading" and _is_same_heading(before, line, profile)
    is_item = kind == "item"
    if group.kind in ("caption", "item", "footnote") and kind == "text":
        kind = group.kind
    if kind == "footnote" and group.kind == "footnote":
        return same_column(before, line) and not _is_note_start(before, line)
    if group.kind != kind or kind == "row":
        return False
    if line.page != before.page or not same_column(before, line) or line.baseline < before.baseline - 1:
        return kind == "listing" and line.sheet == before.sheet and line.column == before.column
    gap = gap_above(line, before, profile)
    if kind in ("listing", "formula"):
        return gap < 2.6
    if group.kind == "item" and is_item:
        return False
    if abs(line.size - before.size) > 0.12 * profile.size and len(line.words) > 2 and len(before.words) > 2:
        return gap < 1.3 and not ends_sentence(before.text)
    if line.text[:1].islower() and not ends_sentence(before.text):
        return gap < _WIDEST_IN_SENTENCE
    if gap > _WIDE_GAP:
        return False
    return not _starts_paragraph(group, before, line)


def _is_note_start(before: Line, line: Line) -> bool:
    first = line.words[0]
    is_raised = first.size < 0.86 * line.size or first.baseline < line.baseline - 1
    return line.text[:1] in "*∗†‡§¶" or (
        line.text[:1].isdigit() and (is_raised or (len(first.text) < 3 and ends_sentence(before.text)))
    )


def _is_same_heading(before: Line, line: Line, profile: Profile) -> bool:
    return (
        same_column(before, line)
        and abs(before.size - line.size) < 0.3
        and abs(before.share("is_bold") - line.share("is_bold")) < 0.5
        and gap_above(line, before, profile) < 1.35
        and not NUMBERED.match(line.text)
    )


def _starts_paragraph(group: Group, before: Line, line: Line) -> bool:
    """Whether a line is the first of a paragraph: by its indentation, or as the one before is short."""
    is_second = len(group.lines) == 1
    left = before.box[0] if is_second else min(other.box[0] for other in group.lines[-6:])
    is_end = ends_sentence(before.text)
    if line.box[0] - left > _INDENT * line.size:
        if is_second:  # or the first line of an item stands out to the left
            return is_end and _is_short(before)
        return is_end or (line.text[:1].isupper() and _is_short(before))
    outdent = (
        median(other.box[0] for other in group.lines[1:]) - line.box[0] if len(group.lines) > 1 else 0.0
    )
    if outdent > _INDENT * line.size and group.lines[0].box[0] < group.lines[1].box[0] - 0.5 * line.size:
        return group.kind != "item" or is_end
    return is_end and _is_short(before) and group.kind != "caption"


def _is_short(line: Line) -> bool:
    width = line.column[1] - line.column[0]
    return line.box[2] < line.column[1] - _SHORT * width

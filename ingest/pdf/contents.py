"""Lines of tables of contents, of lists of figures and of indexes."""

import re
from collections.abc import Sequence

from ingest.pdf.headings import NUMBERED
from ingest.pdf.lines import Line
from ingest.pdf.profiles import LineKind, Profile, gap_above

_LEADERS = re.compile(r"(?:\.\s?){5,}")
_NEAR_CONTENTS = 2.6  # of the usual distance of baselines
_MOST_OF_CONTENTS = 20  # words


def is_of_contents(line: Line) -> bool:
    """Whether a line has dots that lead to a page, or a number first and a page at the very right."""
    if _LEADERS.search(line.text):
        return True
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


def settle_contents(lines: Sequence[Line], kinds: list[LineKind], profile: Profile) -> None:
    """Lines between lines of a table of contents are of it, and those with a page right below one."""
    for place in range(1, len(lines)):
        line, before = lines[place], lines[place - 1]
        if kinds[place] == "contents" or kinds[place - 1] != "contents":
            continue
        is_near = gap_above(line, before, profile) < _NEAR_CONTENTS
        goes_on = "contents" in kinds[place + 1 : place + 3] and len(line.words) < _MOST_OF_CONTENTS
        if is_near and (_has_page(line) or goes_on):
            kinds[place] = "contents"

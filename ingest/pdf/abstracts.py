"""The abstract of a paper, under its heading or where the set of the type shows it."""

import re
from collections.abc import Iterator, Sequence

from ingest.pdf.cells import (
    ABSTRACT_HEADING,
    ABSTRACT_START,
    KEYWORDS,
    is_bold,
    is_heading,
    is_italic,
    joined,
    opens_abstract,
)
from ingest.pdf.lines import Line
from ingest.sources.base import LONGEST_ABSTRACT

_PARTS = re.compile(
    r"\W*(?:background|context|objectives?|aims?|purpose|introduction|rationale|hypothes[ie]s"
    r"|(?:materials? and |patients and )?methods?|methodology|design|setting|participants|patients"
    r"|subjects|interventions?|exposures?|main\b.*|measure\w*|data\b.*|results?|findings?"
    r"|interpretation|discussion|limitations?|significance|importance|conclusions?.*|implications"
    r"|relevance|funding|(?:trial )?registration.*|hintergrund|methoden|ergebnisse|schlussfolgerung\w*"
    r"|antecedentes|objetivos?|métodos|resultados|conclusiones|contexte|méthodes|résultats)"
    r"(?: and \w+)?\W*",
    re.IGNORECASE,
)
_END = re.compile(
    r"\W*(?:(?:©|\(c\) ?\d|copyright\b|corresponding author|correspondence(?: to)?:|e-?mail:"
    r"|acm reference format|received[:\s]\D*\d|article history|submitted:|manuscript received|doi:"
    r"|https?://doi\.org|permission to make|how to cite|cite this)|this work is licensed)",
    re.IGNORECASE,
)
_DOTS = re.compile(r"(?:\. ?){4}")  # of a table of contents
_FEWEST_WORDS, _FEWEST_UNMARKED = 8, 30
_FEWEST_LINES = 3


def headed_abstract(cells: Sequence[Line], context: str) -> str | None:
    """The text under, or behind, the word Abstract or its like."""
    for place, cell in enumerate(cells):
        start = _start(cell)
        if start is None:
            continue
        below = [after for after in cells[place + 1 :] if after.page == cell.page]
        beside = [
            other
            for other in cells[max(0, place - 4) : place]
            if other.page == cell.page
            and abs(other.baseline - cell.baseline) < 3
            and other.box[0] > cell.box[2]
        ]
        text = _text(start, _over_pages(list(_column(cell, start, beside + below)), cells), context)
        if text:
            return text
    return None


def shaped_abstract(block: Sequence[Line], body: Sequence[Line], size: float, context: str) -> str | None:
    """The first paragraphs, if they are set smaller, narrower, bolder or more slanted than the text."""
    text_lines = [line for line in body if abs(line.size - size) < 0.3 and len(line.text) > 35]
    if len(text_lines) < 5:
        return None
    lefts = sorted(line.box[0] for line in text_lines)
    rights = sorted(line.box[2] for line in text_lines)
    left, right = lefts[len(lefts) // 10], rights[-1 - len(rights) // 10]
    for start, cell in enumerate(block):
        run = [cell, *_column(cell, "", block[start + 1 :])] if _is_prose(cell) else []
        if len(run) < _FEWEST_LINES:
            continue
        middle = run[1:-1]
        is_narrower = (
            min(line.box[0] for line in run) > left + 7 and max(line.box[2] for line in run) < right - 7
        )
        is_smaller = all(line.size < size - 0.4 for line in middle)
        is_styled = all(map(is_bold, middle)) or all(map(is_italic, middle))
        text = joined([line.text for line in run], context)
        is_whole = len(text.split()) >= _FEWEST_UNMARKED and text[-1:] in ".!?)" and not _DOTS.search(text)
        is_abstract = (
            is_whole and len(text) <= LONGEST_ABSTRACT and (is_smaller or is_narrower or is_styled)
        )
        return text if is_abstract else None
    return None


def _start(cell: Line) -> str | None:
    """What stands behind the heading on its line; None where the line is no such heading."""
    if ABSTRACT_HEADING.fullmatch(cell.text):
        return ""
    match = ABSTRACT_START.match(cell.text)
    return cell.text[match.end() :] if match and opens_abstract(cell) else None


def _column(head: Line, start: str, cells: Sequence[Line]) -> Iterator[Line]:
    """The cells under a heading that belong to its text."""
    taken: list[Line] = [head] if start or not ABSTRACT_HEADING.fullmatch(head.text) else []
    size, previous = (head.size if taken else 0.0), head
    for place, cell in enumerate(cells):
        left, right = _sides([head, *taken])
        if cell.box[2] < left - 1 or cell.box[0] > right + 1:
            continue
        if not size:
            if cell.size > head.size + 2 or cell.box[1] - head.box[3] > 6 * head.size:
                return
            size = cell.size
        if len(taken) > 2 and (cell.box[0] < left - 2 * size - 8 or cell.box[2] > right + 2 * size + 8):
            return
        if _ends(cell, head, size, previous, taken, cells[place + 1 : place + 2]):
            return
        taken.append(cell)
        previous = cell
        yield cell


def _over_pages(lines: list[Line], cells: Sequence[Line]) -> list[Line]:
    """The lines with those at the top of the next page, if their last sentence goes on there."""
    if not lines or lines[-1].text.rstrip()[-1:] in ".!?)”":
        return lines
    left, right = _sides(lines)
    after = [
        cell for cell in cells if cell.page == lines[0].page + 1 and abs(cell.size - lines[-1].size) < 0.25
    ]
    if not after or after[0].box[0] < left - 3 or after[0].box[2] > right + 3 or is_heading(after[0]):
        return lines
    return [*lines, after[0], *_column(after[0], after[0].text, after[1:])]


def _ends(
    cell: Line, head: Line, size: float, previous: Line, taken: Sequence[Line], after: Sequence[Line]
) -> bool:
    gap = cell.box[1] - previous.box[3]
    is_between = not taken or taken[-1].text.rstrip()[-1:] in ".!?:;"
    if KEYWORDS.match(cell.text) or (is_between and _END.match(cell.text)):
        return True
    if bool(taken) and gap > 2.5 * size:
        return True
    if _PARTS.fullmatch(cell.text) and cell.size <= size + 0.3 and _is_part(cell, head, size, after):
        return False
    is_short = len(cell.text) < 4 or cell.box[2] - cell.box[0] < 3 * size
    if abs(cell.size - size) > 0.25 and not (is_short and cell.size < size):
        return True
    if not taken:
        return is_heading(cell)
    is_styled = is_bold(cell) != is_bold(taken[-1]) or is_italic(cell) != is_italic(taken[-1])
    stands_off = gap > 0.6 * size
    if is_heading(cell) and (is_styled or stands_off or cell.text.isupper()):
        return True
    width = max(line.box[2] - line.box[0] for line in taken)
    is_title = cell.box[2] - cell.box[0] < 0.75 * width and not cell.text.rstrip().endswith(
        (".", ":", ",", ";")
    )
    if is_styled and stands_off and ((is_title and is_bold(cell)) or _is_uniform(taken)):
        return True
    _, right = _sides(taken)
    left = min(line.box[0] for line in taken)
    return len(taken) > 2 and stands_off and (cell.box[0] < left - 5 or cell.box[2] > right + 5)


def _is_uniform(lines: Sequence[Line]) -> bool:
    return len(lines) > 2 and len({(is_bold(line), is_italic(line)) for line in lines[1:]}) == 1


def _is_part(cell: Line, head: Line, size: float, after: Sequence[Line]) -> bool:
    """Whether a heading is one within a structured abstract, not the first of the paper."""
    is_like_head = is_bold(cell) == is_bold(head) and abs(cell.size - head.size) < 0.3
    is_like_head = is_like_head and cell.text.isupper() == head.text.isupper()
    return not is_like_head and bool(after) and abs(after[0].size - size) < 0.25


def _sides(lines: Sequence[Line]) -> tuple[float, float]:
    return min(line.box[0] for line in lines), max(line.box[2] for line in lines)


def _text(start: str, lines: Sequence[Line], context: str) -> str | None:
    text = joined([*([start] if start else []), *(line.text for line in lines)], context)
    return text if len(text.split()) >= _FEWEST_WORDS and len(text) <= LONGEST_ABSTRACT else None


def _is_prose(cell: Line) -> bool:
    words = cell.text.split()
    small = sum(word[0].islower() for word in words)
    return len(words) >= 6 and 2 * small > len(words) and not re.search(r"@|\. ?\. ?\.", cell.text)

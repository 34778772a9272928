"""The title of a paper: the lines of its first page that look most like one."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import pairwise
from math import inf

from ingest.pdf.authors import INSTITUTION, names_in
from ingest.pdf.cells import (
    KEYWORDS,
    MARKS,
    body_size,
    is_bold,
    is_heading,
    joined,
    opens_abstract,
    opens_text,
    without_marks,
)
from ingest.pdf.imprint import date_in
from ingest.pdf.lines import Line
from ingest.sources.base import LONGEST_TITLE
from rag.identity import normalise_title

_LABEL = re.compile(
    r"\W*(?:(?:original|research|review|regular|short|technical|invited|full|special|brief|data|case"
    r"|working|discussion|letters?)\W+){0,3}(?:articles?|papers?|reports?|letters?|reviews?"
    r"|communications?|notes?|editorial|commentary|perspectives?|preprint|open access|manuscript|vignette"
    r"|research|thesis|dissertation|proceedings|series)\W*(?:no\.?|number)?\W*\d*\W*",
    re.IGNORECASE,
)
_PREPRINT = re.compile(
    r"preprint|contents lists available|journal homepage|peer.?review"
    r"|this (?:is an? (?:accepted|author|copy|draft|open|post|pre|version)|version|article|paper|work"
    r"|document)\b"
    r"|proc(?:eedings|\.) of|all rights reserved|creative commons"
    r"|downloaded from|published (?:by|in|online)|to appear in|submitted to|accepted (?:for|manuscript)"
    r"|available (?:online|at)|working paper|discussion paper|technical report|lecture notes",
    re.IGNORECASE,
)
_RESEARCH = re.compile(r"\bresearch\b", re.IGNORECASE)  # institutions do it, and titles name it
_ISSUE = re.compile(
    r"\b(?:vol(?:ume)?|issue|issn|isbn|no)\b\.? ?\d|https?://|www\.|\bdoi\b|homepage", re.IGNORECASE
)
_JUNK = re.compile(
    r"untitled.*|microsoft \w+.*"
    r"|.*\.(?:docx?|tex|dvi|pdf|p?s|eps[fi]?|indd|qx[dp]|txt|rtf|odt|rnw|rmd|png)\b.*"
    r"|cmr?\w*\d+|.*graphics output|.*\\.*|.*\bdoi:.*|.*no job name.*|[\w.-]*"
    r"|(?:slide|page|article|paper|title|main|manuscript|template|document)?\W*\d*\W*",
    re.IGNORECASE,
)
_NOTE = re.compile(rf"(?<=[^\W\d_]{{3}})[{re.escape(MARKS)}]+$")
_MOST_LOST = 9  # letters of a title that fonts may lose
_ENOUGH = 4  # letters
_LOWEST_SCORE = 0.5
_LOWEST = 0.72  # of the page
_MOST_ROWS = 200


@dataclass(frozen=True)
class Title:
    """The lines that make up a title."""

    lines: tuple[Line, ...]
    subtitle: str = ""
    note: str = ""
    """The sign of a note that is set like a part of it."""
    has_names: bool = False
    """Whether names stand below it."""
    spelling: str | None = None
    """The same words in small letters, where the lines are in capitals."""

    @cached_property
    def text(self) -> str:
        printed = self._printed.removesuffix(self.note)
        return self.spelling or printed + (f": {self.subtitle}" if self.subtitle else "")

    @property
    def _printed(self) -> str:
        return (
            joined([_NOTE.sub("", without_marks(line)) for line in self.lines])
            .strip(MARKS + " ")
            .rstrip(MARKS + " ,")
        )

    @property
    def size(self) -> float:
        return max(line.size for line in self.lines)

    @property
    def top(self) -> float:
        return min(line.box[1] for line in self.lines)

    @property
    def bottom(self) -> float:
        return max(line.box[3] for line in self.lines)


def printed_title(cells: Sequence[Line], metadata: str) -> Title | None:
    """The title on the first of these pages, or on the next where the first is a cover that names it."""
    first = cells[0].page
    title = _on_page(first, cells, metadata)
    inner = _on_page(first + 1, cells, metadata)
    cover = normalise_title(" ".join(cell.text for cell in cells if cell.page == first))
    key = normalise_title(inner.text) if inner and inner.has_names else ""
    is_cover = len(key) > 15 and key in cover and (title is None or not title.has_names)
    return inner if is_cover else title


def _on_page(page: int, cells: Sequence[Line], metadata: str) -> Title | None:
    """The best title of a page; the file's own title and the next page break ties."""
    size = body_size(cells)
    rows = _rows([cell for cell in cells if cell.page == page])
    end = next((place for place, row in enumerate(rows) if _ends_front(row, rows, place, size)), len(rows))
    foot = max(cell.box[3] for cell in cells)
    rows = [row for row in rows[: end or len(rows)] if row.box[1] < _LOWEST * foot][:_MOST_ROWS]
    groups = _groups(rows, size)
    text = _top_of_text(rows, size)
    others = normalise_title(" ".join(cell.text for cell in cells if cell.page > page))
    scored = [
        (_score(group, groups[place + 1 :], size, metadata, others, group.top > text), -place)
        for place, group in enumerate(groups)
        if _may_be(group)
    ]
    score, place = max(scored, default=(0.0, 0))
    if score < _LOWEST_SCORE:
        return None
    below = [group for group in groups[1 - place :] if _is_under(group, groups[-place])]
    title = _with_subtitle(groups[-place], below, rows, size, metadata)
    title = replace(title, has_names=_has_names_below(groups[-place], groups[1 - place :]))
    title = replace(title, note=_note(title, cells))
    if title.text.isupper():
        return _in_small_letters(title, cells, metadata)
    return replace(title, spelling=metadata) if _is_mended_by(title.text, metadata) else title


def _top_of_text(rows: Sequence[Line], size: float) -> float:
    """Where the first paragraph of at least three lines begins."""
    prose = [_is_prose(row, size) for row in rows]
    tops = (row.box[1] for place, row in enumerate(rows[:-2]) if all(prose[place : place + 3]))
    return next(tops, inf)


def _is_prose(row: Line, size: float) -> bool:
    words = row.text.split()
    return (
        len(words) > 6
        and abs(row.size - size) < 0.3
        and sum(word[0].islower() for word in words) > 0.6 * len(words)
    )


def _note(title: Title, cells: Sequence[Line]) -> str:
    """The sign at the end of a title that leads to a note in small print: a digit, or "a)"; "" for none."""
    match = re.search(r"(?<=[^\W\d])(?:\d|[a-h]\))$", title.text)
    if match is None:
        return ""
    sign = re.escape(match[0])
    notes = (cell.text for cell in cells if cell.size < 0.75 * title.size and cell.box[1] > title.bottom)
    return match[0] if any(re.match(rf"{sign} ?[^\W\d_]", text) for text in notes) else ""


def _is_mended_by(printed: str, own: str) -> bool:
    """Whether the file's title is the printed one with signs that fonts have lost, such as ligatures."""
    ours, theirs = normalise_title(printed), normalise_title(own)
    same_ends = ours[:5] == theirs[:5] and ours[-5:] == theirs[-5:]
    if ours == theirs or not same_ends or not 0 < len(theirs) - len(ours) < _MOST_LOST:
        return False
    letters = iter(theirs)
    return all(letter in letters for letter in ours)


def title_of(metadata: str) -> str | None:
    """The title that the file gives, unless it is the name of a program, a font or a file."""
    title = joined([metadata])
    is_title = (
        not _JUNK.fullmatch(title) and len(normalise_title(title)) > 9 and len(title) <= LONGEST_TITLE
    )
    return title if is_title else None


def _in_small_letters(title: Title, cells: Sequence[Line], metadata: str) -> Title:
    """A title in capitals as the next page or the file spells it, if in small letters."""
    key = normalise_title(title.text)
    later = [cell for cell in cells if cell.page > title.lines[0].page]
    rows = _rows(later)[:12]
    runs = (
        joined([row.text for row in rows[i:j]])
        for i in range(len(rows))
        for j in range(i + 1, min(i + 5, len(rows) + 1))
    )
    spelling = next(
        (text for text in (metadata, *runs) if normalise_title(text) == key and not text.isupper()), None
    )
    return replace(title, spelling=spelling)


def _is_under(below: Title, above: Title) -> bool:
    left, right = min(row.box[0] for row in above.lines), max(row.box[2] for row in above.lines)
    first = below.lines[0]
    return first.box[0] < right and first.box[2] > left and below.top >= above.bottom - 0.5 * above.size


def _rows(cells: Sequence[Line]) -> list[Line]:
    """Cells of one size on one baseline put together, from the top down."""
    rows: list[Line] = []
    for cell in sorted(cells, key=lambda cell: (cell.baseline, cell.box[0])):
        before = rows[-1] if rows else None
        if before and _is_beside(before, cell):
            rows[-1] = Line([*before.words, *cell.words], cell.page)
        else:
            rows.append(cell)
    return rows


def _is_beside(before: Line, cell: Line) -> bool:
    same_base = (
        abs(before.baseline - cell.baseline) < 0.25 * cell.size and abs(before.size - cell.size) < 0.5
    )
    return same_base and 0 <= cell.box[0] - before.box[2] < 2.5 * cell.size


def _ends_front(row: Line, rows: Sequence[Line], place: int, size: float) -> bool:
    """Whether the abstract, a heading or a paragraph begins here."""
    if opens_abstract(row) or KEYWORDS.match(row.text):
        return True
    return place > 0 and opens_text(row, size) and row.box[1] > rows[0].box[3]


def _groups(rows: Sequence[Line], size: float) -> list[Title]:
    groups: list[list[Line]] = []
    for row in rows:
        group = next((group for group in reversed(groups[-3:]) if _goes_on(group, row, size)), None)
        if group is None:
            groups.append([row])
        else:
            group.append(row)
    return [Title(tuple(group)) for group in groups]


def _goes_on(group: Sequence[Line], row: Line, size: float) -> bool:
    last = group[-1]
    gap = row.box[1] - last.box[3]
    is_large = last.size > 1.2 * size
    gaps = [after.box[1] - before.box[3] for before, after in pairwise(group)]
    is_close = last.size > 1.08 * size and gap < max(0.45 * row.size, *(each + 1 for each in gaps), 0.0)
    if abs(row.size - last.size) > 0.04 * last.size + 0.1 or gap < -0.5 * row.size:
        return False
    if row.box[0] > last.box[2] or row.box[2] < last.box[0]:
        return False
    widest = (1.7 if is_large else 0.9) * row.size
    if len(gaps) > 0:
        widest = max(max(gaps) + 0.35 * row.size, 1.4 * row.size if is_large else 0.0)
    is_other = is_bold(row) != is_bold(last) or (
        _is_capital(row.text) != _is_capital(last.text) and len(row.text) > 12
    )
    if gap > widest or (is_other and (not is_large or names_in(row.text))):
        return False
    if not (is_large or is_close) and (names_in(without_marks(row)) or date_in(row.text)):
        return False
    is_list = bool(re.search(r",| and | & |;", row.text)) and bool(names_in(without_marks(row)))
    is_name = gap > 0.5 * row.size and bool(names_in(without_marks(row))) and len(row.text) < 40
    return not (is_list or (is_name and not is_close))


def _is_capital(text: str) -> bool:
    """Whether nearly all letters of a text are capitals."""
    letters = [letter for letter in text if letter.isalpha()]
    return sum(map(str.isupper, letters)) > 0.85 * len(letters)


def _may_be(group: Title) -> bool:
    text = group.text
    letters = sum(map(str.isalpha, text))
    if letters < _ENOUGH or 2 * letters < len(text) or len(text) > LONGEST_TITLE or len(text.split()) > 60:
        return False
    if _LABEL.fullmatch(text) or is_heading(group.lines[0]) or "@" in text or _PREPRINT.match(text):
        return False
    is_date = date_in(text) is not None and len(text) < 30
    return not (is_date or re.match(r"(?:https?:|www\.|doi\b|arxiv:|\(c\)|©|by\b)", text, re.IGNORECASE))


def _score(
    group: Title, after: Sequence[Title], size: float, metadata: str, others: str, below_text: bool
) -> float:
    text, key = group.text, normalise_title(group.text)
    score = min(group.size / size, 2.5) + 0.3 * all(map(is_bold, group.lines))
    score += 1.0 * _has_names_below(group, after)
    own = normalise_title(metadata)
    if len(own) > 9 and (own == key or (len(key) > 9 and key in own)):
        score += 1.5
    below = [other for other in after[:4] if other.top - group.bottom < 1.6 * group.size]
    others_below = [other for other in after if other.size > 1.1 * size and _may_be(other)]
    is_head = bool(others_below) and group.size <= size
    score += 0.8 * (len(key) > 15 and key in others and not is_head)
    is_banner = any(not _ISSUE.search(other.text) and len(other.text.split()) > 2 for other in others_below)
    score -= 2.0 * (is_banner and any(_ISSUE.search(other.text) for other in below))
    score -= 1.5 * bool(_PREPRINT.search(text) or _ISSUE.search(text))
    score -= 1.0 * bool(INSTITUTION.search(_RESEARCH.sub("", text)) and len(text.split()) < 7)
    score -= 1.0 * bool(
        names_in(text) and re.search(r",| and | & |\d|\bby\b", text + without_marks(group.lines[0]))
    )
    score -= 0.6 * (len(text.split()) < 3 and text.isascii())
    score -= 1.0 * bool(
        re.search(r",| and | & ", group.lines[0].text) and names_in(without_marks(group.lines[0]))
    )
    score -= 1.5 * (below_text and group.size < 1.5 * size)
    score -= 0.5 * (text.endswith(".") and len(text.split()) > 12) + 1.0 * (group.size < size - 0.5)
    return score


def _has_names_below(title: Title, after: Sequence[Title]) -> bool:
    under = [other for other in after[:12] if _is_under(other, title)]
    near = [other for other in under if other.top - title.bottom < 9 * title.size][:3]
    return any(names_in(without_marks(line)) for other in near for line in other.lines[:2])


def _with_subtitle(
    title: Title, after: Sequence[Title], rows: Sequence[Line], size: float, metadata: str
) -> Title:
    """The title with lines below it that the file's title has, too, or that are set as a subtitle."""
    own, lines = normalise_title(metadata), list(title.lines)
    below = [row for row in rows if row.box[1] >= title.bottom - 2]
    for count in range(1, min(4, len(below) + 1)):
        whole = normalise_title(joined([row.text for row in (*lines, *below[:count])]))
        if len(own) > 15 and whole == own:
            return Title((*lines, *below[:count]))
    if len(after) > 1 and _is_subtitle(title, after[0], after[1], size):
        return Title(tuple(lines), subtitle=after[0].text)
    return title


def _is_subtitle(title: Title, below: Title, next_below: Title, size: float) -> bool:
    if not _may_be(below) or below.top - title.bottom > 1.3 * title.size or len(below.text.split()) < 3:
        return False
    if (
        names_in(below.text)
        or INSTITUTION.search(below.text)
        or re.search(r"\b(?:19|20)\d\d\b|,", below.text)
    ):
        return False
    is_set_off = below.size > size + 1.5 or all(map(is_bold, below.lines))
    return is_set_off and bool(names_in(without_marks(next_below.lines[0])))

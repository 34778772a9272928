"""Blocks: the kinds and sections of groups of lines, paragraphs joined over what interrupts them."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import groupby

from ingest.pdf.groups import Group, groups_of
from ingest.pdf.headings import is_known_heading
from ingest.pdf.kinds import kinds_of
from ingest.pdf.lines import Line
from ingest.pdf.profiles import LineKind, Profile, ends_sentence, profile_of
from ingest.pdf.tables import rows_by_cells
from ingest.pdf.writing import Vocabulary, Writing
from rag.body import BlockKind

_REFERENCES = re.compile(
    r"(?:[\divxlc.]+\s+)?(?:references(?: cited| and notes)?|bibliography|literature(?: cited)?|works cited"
    r"|literatur|literaturverzeichnis|références|bibliographie|referencias|bibliografía|referências|riferimenti)\W*",
    re.IGNORECASE,
)
_THANKS = re.compile(
    r"(?:[\divxlc.]+\s+)?(?:acknowledge?ments?|acknowledge?ment of \w+"
    r"|danksagung|remerciements|agradecimientos)\W*",
    re.IGNORECASE,
)
_INDEX = re.compile(r"(?:(?:author|name|subject)\s+)?index\W*", re.IGNORECASE)
_ABSTRACT = re.compile(r"(?:abstract|summary|zusammenfassung|résumé|resumen)\W*", re.IGNORECASE)
_RUN_IN_ABSTRACT = re.compile(r"(?:abstract|summary)\s*[.:—–-]", re.IGNORECASE)
_FIRST = re.compile(r"(?:Chapter\s+)?(?:0|1|I)(?:\.\d)?[.:)]?\s+\w")
_LONGEST_HEADING = 30  # words
_LONGEST_ABSTRACT = 500  # words
_KEYWORDS = re.compile(r"(?:key\s?words|index terms|keywords and phrases|jel|msc)\b", re.IGNORECASE)
_BREAKS: tuple[str, ...] = ("caption", "row", "footnote", "listing", "formula", "contents")
_KINDS: dict[str, BlockKind] = {
    "text": "paragraph",
    "item": "paragraph",
    "heading": "heading",
    "caption": "caption",
    "row": "row",
    "listing": "listing",
    "formula": "formula",
    "footnote": "footnote",
    "contents": "front",
}
_SCRAP = 10  # characters
_LONG_PARAGRAPH = 25  # words


@dataclass
class Piece:
    """A block before it is written."""

    kind: BlockKind
    lines: list[Line] = field(default_factory=list)
    section: str | None = None
    table: int | None = None  # the number of the table of a row


def write(lines: Sequence[Line]) -> Writing:
    """The text of lines in reading order, by blocks.

    A paragraph that a column, a page, a figure, a table or a footnote interrupts is one block, and what
    interrupts it follows. A displayed formula or a listing ends the block: what follows it, such as "where
    x is ...", is a block of its own, so that no quote leaps over what the page prints between its words.
    """
    profile = profile_of(lines)
    groups = groups_of(lines, kinds_of(lines, profile), profile)
    vocabulary = Vocabulary.of(lines)
    writing = Writing(vocabulary)
    pieces = _with_sections(_joined(groups), profile, vocabulary)
    for table, run in groupby(pieces, lambda piece: piece.table):
        if table is None:
            for piece in run:
                writing.add(piece.kind, piece.lines, piece.section)
        else:
            rows = list(run)
            lines_of_rows = [line for piece in rows for line in piece.lines]
            for place, row in enumerate(rows_by_cells(lines_of_rows)):
                writing.add_row(row, rows[0].section, is_next_row=place > 0)
    return writing


def _joined(groups: Sequence[Group]) -> list[Group]:
    """Groups with the paragraphs joined that columns, pages, figures, formulas or listings interrupt."""
    joined: list[Group] = []
    open_place: int | None = None  # of the paragraph that may go on
    for group in groups:
        if group.kind in ("text", "item") and open_place is not None:
            between = {other.kind for other in joined[open_place + 1 :] if not _is_scrap(other)}
            if _continues(joined[open_place], group, between):
                joined[open_place].lines += group.lines
                continue
        joined.append(group)
        if group.kind in ("text", "item"):
            open_place = len(joined) - 1
        elif group.kind not in _BREAKS:
            open_place = None
    return joined


def _is_scrap(group: Group) -> bool:
    """Whether a group is a part of a formula in a line: the limit of a sum, a root."""
    return group.kind == "formula" and len(group.text) < _SCRAP


def _continues(paragraph: Group, group: Group, between: set[LineKind]) -> bool:
    """Whether a group goes on with a paragraph before it, over what stands between."""
    before, line = paragraph.lines[-1], group.lines[0]
    is_lower = group.text.lstrip("(“\"'‘[")[:1].islower()
    if group.kind == "item" or (paragraph.kind == "item" and not is_lower):
        return False
    is_done = ends_sentence(before.text)
    if (
        not between
        and before.sheet == line.sheet
        and before.column == line.column
        and line.baseline > before.baseline
    ):
        return is_lower and not is_done
    if between & {"formula", "listing"}:
        return False
    if is_done:
        return is_lower and before.text[-1] in ":;"
    return is_lower or not group.begins


def _with_sections(groups: Sequence[Group], profile: Profile, vocabulary: Vocabulary) -> Iterator[Piece]:
    section: str | None = None
    part: BlockKind | None = "front"
    style: tuple[float, bool] = (0.0, False)
    abstract: list[Group] = []
    table = 0
    first = _first_of_text(groups, profile)
    for place, group in enumerate(groups):
        text = vocabulary.text_of(group.lines)
        kind = _KINDS[group.kind]
        is_heading = group.kind == "heading" and len(text.split()) <= _LONGEST_HEADING
        kind = "paragraph" if kind == "heading" and not is_heading else kind
        if part == "front" and place >= first:
            part = None
        if part == "abstract":
            abstract.append(group)
            words = sum(len(other.text.split()) for other in abstract)
            if (
                is_heading
                or _KEYWORDS.match(text)
                or words > _LONGEST_ABSTRACT
                or _is_wider(group, abstract[0])
            ):
                part = None
        if is_heading or (
            len(group.lines) == 1 and is_known_heading(text) and group.kind in ("text", "item")
        ):
            if _ABSTRACT.fullmatch(text) and place <= first:
                part = "abstract"
                yield Piece("heading", group.lines, text)
                continue
            if part == "references" and not _ends_references(group, text, style):
                yield Piece("references", group.lines, section)
                continue
            if part != "front":
                is_index = part == "references" and _INDEX.fullmatch(text)  # of words, as books have one
                part = "references" if is_index else _part_of(text)
                section, kind = text, "heading"
                style = (group.lines[0].size, group.lines[0].share("is_bold") > 0.5)
                yield Piece("heading", group.lines, section)
                continue
        if part == "front" and _RUN_IN_ABSTRACT.match(text):
            yield Piece("abstract", group.lines, None)
            continue
        if _KEYWORDS.match(text) and place <= first + 3 and kind == "paragraph":
            yield Piece("front", group.lines, section)
            continue
        if part is not None and kind in ("paragraph", "heading", "formula", "row", "listing"):
            kind = part
        table += int(kind == "row" and (not place or groups[place - 1].kind != "row"))
        yield Piece(kind, group.lines, section, table if kind == "row" else None)


def _is_wider(group: Group, abstract: Group) -> bool:
    """Whether a group reaches further to both sides than an abstract: text below an indented one."""
    lefts, _, rights, _ = zip(*(line.box for line in group.lines), strict=True)
    starts, _, ends, _ = zip(*(line.box for line in abstract.lines), strict=True)
    return bool(min(lefts) < min(starts) - 8 and max(rights) > max(ends) + 8)


def _part_of(text: str) -> BlockKind | None:
    if _REFERENCES.fullmatch(text):
        return "references"
    return "acknowledgements" if _THANKS.fullmatch(text) else None


def _ends_references(group: Group, text: str, style: tuple[float, bool]) -> bool:
    """Whether a heading stands above the references' one, or beside it."""
    size, is_bold = group.lines[0].size, group.lines[0].share("is_bold") > 0.5
    looks_alike = size >= style[0] - 0.3 and is_bold >= style[1]
    return looks_alike or bool(is_known_heading(text))


def _first_of_text(groups: Sequence[Group], profile: Profile) -> int:
    """The place of the first group that is no title, author, address or abstract."""
    abstract: int | None = None
    for place, group in enumerate(groups):
        if group.lines[0].page > 3:
            return place if abstract is None else abstract
        text = " ".join(group.text.split())
        is_alone = group.kind == "heading" or len(group.lines) == 1
        if (is_alone and _ABSTRACT.fullmatch(text)) or _RUN_IN_ABSTRACT.match(text):
            abstract = place + 1
            continue
        if group.kind == "heading" and (is_known_heading(text) or _FIRST.match(text)):
            return place
        is_long = len(text.split()) >= _LONG_PARAGRAPH and len(group.lines) > 2
        if (
            abstract is None
            and group.kind == "text"
            and is_long
            and abs(group.lines[0].size - profile.size) < 0.6
        ):
            if any(_is_abstract_heading(other) for other in groups[place + 1 : place + 12]):
                continue
            return place - 1 if place and groups[place - 1].kind == "heading" and place > 1 else place
    return 0 if abstract is None else abstract


def _is_abstract_heading(group: Group) -> bool:
    text = " ".join(group.text.split())
    is_alone = group.kind == "heading" or len(group.lines) == 1
    return bool((is_alone and _ABSTRACT.fullmatch(text)) or _RUN_IN_ABSTRACT.match(text))

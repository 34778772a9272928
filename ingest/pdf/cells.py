"""Pieces of the lines of a paper's first pages, and what they look like."""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import pairwise
from unicodedata import normalize

from ingest.pdf.lines import Line, Word
from rag.plain import in_a_line

_WIDEST_SPACE = 1.4  # sizes of the font; a wider one parts two cells
_TINY = 0.8  # of a line's size: superscripts and subscripts
MARKS = "*∗⁎†‡§¶‖#⋆★☆✩✉∥‹›◦•♯♦♠♣"
_NUMBERED = re.compile(r"(?:(?:\d{1,2}|[IVX]{1,4})(?:\.\d+)*[.:)]?|§ ?\d+\.?)\s+[^\W\d_]")
_DATED = re.compile(r"(?:19|20)\d\d\W*$")
_HEADING = re.compile(
    r"(?:\W|\d)*(?:introduction|introducción|introducao|introdução|einleitung|einführung|contents"
    r"|table of contents|inhaltsverzeichnis|table des matières|índice|references|bibliography|preface"
    r"|acknowledge?ments?|appendix|background|motivation|overview)\W*",
    re.IGNORECASE,
)
_ABSTRACT = (
    r"(?:a ?b ?s ?t ?r ?a ?c ?t|s ?u ?m ?m ?a ?r ?y|zusammenfassung|kurzfassung|r[ée]sum[ée]|resumen|resumo"
    r"|riassunto|sommario)"
)
ABSTRACT_HEADING = re.compile(rf"\W*(?:\d\W+)?{_ABSTRACT}\W*", re.IGNORECASE)
ABSTRACT_START = re.compile(rf"\W*{_ABSTRACT}\b\s*(?P<mark>[.:—–―-]*)\s*", re.IGNORECASE)
KEYWORDS = re.compile(
    r"\W*(?:key ?-?words?|index terms|schlüsselwörter|schlagwörter|mots[- ]clés?|palabras clave"
    r"|palavras[- ]chave|parole chiave|(?:jel|msc|pacs|ccs|ams)\b[\w\s]{0,25}[:.\d]|ccs concepts"
    r"|categories and subject descriptors|subject classification|\d{4} mathematics subject)",
    re.IGNORECASE,
)


def cells(lines: Iterable[Line]) -> list[Line]:
    """The lines, cut where a space is wide, from the top of each page down."""
    pieces = [piece for line in lines if line.words for piece in parts_of(line, _WIDEST_SPACE)]
    return sorted(pieces, key=lambda cell: (cell.page, cell.baseline, cell.box[0]))


def is_bold(line: Line) -> bool:
    return line.share("is_bold") > 0.5


def is_italic(line: Line) -> bool:
    return line.share("is_italic") > 0.5


def is_heading(line: Line) -> bool:
    """Whether this is the heading of a section, by its number or its name."""
    text = line.text.strip()
    return bool(
        _HEADING.fullmatch(text) or (_NUMBERED.match(text) and len(text) < 90 and not _DATED.search(text))
    )


def opens_text(line: Line, size: float) -> bool:
    """Whether the text, or its table of contents, begins here; affiliations have numbers, too."""
    if len(line.text) > 90 or not is_heading(line):
        return False
    is_set_off = is_bold(line) or line.size > size + 0.8 or line.text.isupper()
    return bool(_HEADING.fullmatch(line.text)) or (is_set_off and line.text.strip(" §")[:1] in "01I")


def opens_abstract(line: Line) -> bool:
    """Whether a line is the heading of an abstract, or begins with one."""
    match = ABSTRACT_START.match(line.text)
    if match is None:
        return False
    rest = line.text[match.end() :]
    first, last = line.words[0], line.words[-1]
    is_set_off = (first.font, first.is_bold, first.is_italic) != (last.font, last.is_bold, last.is_italic)
    return not rest or (
        rest[0].isupper() and line.text.strip()[0].isupper() and bool(match["mark"] or is_set_off)
    )


def without_marks(line: Line) -> str:
    """The text of a line without small signs and numbers, as those that lead to footnotes."""
    words = [word.text for word in line.words if not _is_mark(word, line.size)]
    return " ".join(words)


def body_size(lines: Sequence[Line]) -> float:
    """The size of most letters, on the second page if there is one with text."""
    counts: Counter[float] = Counter()
    for line in lines:
        counts[round(line.size, 1)] += len(line.text) * (2 if line.page > 1 else 1)
    return max(counts, key=lambda size: counts[size], default=10.0)


def joined(texts: Sequence[str], context: str = "") -> str:
    """Lines as one, with hyphens at their ends mended; compounds that the context has keep theirs."""
    text = texts[0] if texts else ""
    for after in texts[1:]:
        first = re.match(r"\w+", after)
        before = re.search(r"(\w+)[-\u00ad\u2010]$", text)
        if before and first and first[0][0].islower():
            is_compound = re.search(rf"\b{before[1]}[-\u2010]{first[0]}\b", context, re.IGNORECASE)
            text = (text if is_compound else text[:-1]) + after
        else:
            text += ("" if before else " ") + after
    return tidy(text)


def tidy(text: str) -> str:
    """A text as it is kept: composed, on one line, with letters for ligatures."""
    text = re.sub(r"[ﬀ-ﬆ]", lambda match: normalize("NFKC", match[0]), text)
    return normalize("NFC", in_a_line(_with_accents(text)))


def _with_accents(text: str) -> str:
    """Accents that stand before their letters, as old fonts have them, on these letters."""
    accents = {"¨": "\u0308", "´": "\u0301", "`": "\u0300", "ˆ": "\u0302", "˜": "\u0303", "ˇ": "\u030c"}
    return re.sub(
        r"(?<=[^\W\d_])\s?([¨´ˆ˜ˇ])\s?([^\W\d_])|\b([¨´])([^\W\d_])",
        lambda match: normalize("NFC", (match[2] or match[4]) + accents[match[1] or match[3]]),
        text,
    ).replace("ı\u0301", "í")


def _is_mark(word: Word, size: float) -> bool:
    if all(letter in MARKS or not letter.isprintable() for letter in word.text):
        return True
    return word.size < _TINY * size and len(word.text) < 6 and not re.search(r"[^\W\d_]{3}", word.text)


def parts_of(line: Line, widest: float) -> list[Line]:
    """A line cut where spaces are wider than so many sizes of its font."""
    ends = [
        place
        for place, (before, after) in enumerate(pairwise(line.words), 1)
        if after.box[0] - before.box[2] > widest * max(before.size, after.size)
    ]
    places = [0, *ends, len(line.words)]
    return [Line(line.words[start:end], line.page) for start, end in pairwise(places)]

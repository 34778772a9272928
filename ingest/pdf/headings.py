"""Headings of sections, by their words, numbers and fonts."""

import re

from ingest.pdf.lines import Line, is_prose
from ingest.pdf.profiles import Profile, ends_sentence, gap_above

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


def is_known_heading(text: str) -> bool:
    """Whether a line is a heading that all fields share, such as "References"."""
    return (text[:1].isupper() or text[:1].isdecimal()) and bool(KNOWN.fullmatch(text))


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

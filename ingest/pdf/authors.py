"""The names of a paper's authors, from the lines between its title and its text."""

import re
from collections.abc import Sequence

from ingest.pdf.cells import MARKS, is_bold, is_italic, parts_of, tidy, without_marks
from ingest.pdf.lines import Line
from ingest.sources.base import LONGEST_NAME, MOST_AUTHORS
from rag.identity import normalise_title

INSTITUTION = re.compile(
    r"\b(?:\w*universit\w*|univ|\w*institut\w*|d[eé]part\w*|\w*hochschule|faculty|facult[éa]\w*|fakultät"
    r"|fachbereich|seminar|lehrstuhl|college|school|[ée]cole|escuela|hospital|h[ôo]pital|clinic|klinik\w*"
    r"|\w*laborator\w*|labs?|cent(?:er|re|ro)|academy|foundation|research|company|inc|ltd|llc|gmbh|corp\w*"
    r"|project|team|council|ministry|bureau|society|association|group|division|organi[sz]ation|agency|bank)\b",
    re.IGNORECASE,
)
_PARTICLES = [
    "de",
    "da",
    "do",
    "dos",
    "das",
    "del",
    "della",
    "di",
    "du",
    "d'",
    "le",
    "la",
    "les",
    "los",
    "van",
    "von",
    "der",
    "den",
    "ten",
    "ter",
    "te",
    "vom",
    "zu",
    "zur",
    "zum",
    "el",
    "al",
    "bin",
    "ibn",
    "ben",
    "y",
    "e",
    "i",
    "af",
    "av",
    "san",
    "st",
    "st.",
    "and",
]
_DEGREES = (
    r"(?:ph\.? ?d|m\.? ?d|m\.? ?sc|b\.? ?sc|m\.? ?a|m\.? ?s|mph|d\.? ?phil|dr\.? ?med|dr\.? ?rer\.? ?nat"
    r"|mbbs|frcp\w*|facc|rn|dds|dvm|pharm\.? ?d|sc\.? ?d|msph|mba|ieee|fellow|(?:senior |student )?member)"
)
_DEGREE = re.compile(rf"(?:\s*,)*\s*\b{_DEGREES}\.?(?=\s*(?:[,;&]|and\b|$))", re.IGNORECASE)
_TITLES = re.compile(r"^(?:(?:dr|prof|professor|mr|mrs|ms|dipl|ing)\b\.?(?:-\w+\.?)?\s+)+", re.IGNORECASE)
_AND = re.compile(
    r"\s*[;|•·]\s*|\s*,\s*(?:and|AND|und|et|y|e|&)\s+|\s+(?:and|AND|und|et|y|e|with)\s+|\s*&\s*|\s*,\s*"
)  # a capital E is an initial
_BY = re.compile(
    r"^(?:written |edited )?(?:by|von|par|por|authors?|autoren|auteurs?)\b[:\s]\s*", re.IGNORECASE
)
_NOISE = re.compile(
    r"\([^()]*\)?|\[[^\]]*\]|\{[^}]*\}|<[^>]*>|\S*@\S*|https?://\S+|orcid\S*|\b\d{4}-\d{4}-\d{4}-\d{3}[\dX]\b",
    re.IGNORECASE,
)
_MARKED = re.compile(rf"[\d{re.escape(MARKS)}¹²³⁴⁵⁶⁷⁸⁹⁰ª]+(?:\s*,\s*[\d{re.escape(MARKS)}a-z]+\b)*")
_LETTERED = re.compile(r"(?<=\w\w)\s+[a-h](?:\s*,\s*[a-h]\b)*(?=\s*(?:[,;&]|and\b|$))")
_GROUP = re.compile(r",?\s*\b(?:on\s*behalf\s*of|for the\b|and the\b|im Namen\b|au nom\b).*", re.IGNORECASE)
_STOP = re.compile(r"(?<![^\W\d_a-z])\.$|^\.")  # not that of an initial
_NUMBER = re.compile(r"\d{3}|\d[./]\d")
_WORD = re.compile(r"[^\W\d_]+(?:[-'’.‐][^\W\d_]*)*\.?")
_MOST_WORDS = 5  # of a name, besides particles
_MOST_CELLS = 300
_WIDEST_SPACE = 0.7  # sizes of the font; a wider one parts two authors


def printed_names(block: Sequence[Line]) -> tuple[str, ...]:
    """The names at the beginning of the cells under a title; none where they cannot be read surely."""
    block = [part for cell in block[:_MOST_CELLS] for part in parts_of(cell, _WIDEST_SPACE)]
    first = next((cell for cell in block if _in_list(cell)), None)
    if first is None:
        return _names_with_institutions(block)
    letters = _letters_of_marks(block)
    in_blocks = any(not _in_list(cell) for cell in block if _is_right_under(cell, first))
    names: list[str] = []
    foot, previous = first.box[3], first
    for cell in block[block.index(first) :]:
        if cell.box[1] - foot > 4 * first.size:
            break
        foot = max(foot, cell.box[3])
        above = [line for line in block if _is_right_under(cell, line)]
        if above and (in_blocks or not any(_in_list(line) or _breaks_off(line) for line in above)):
            continue
        if not _is_alike(first, cell) or _is_institution(cell):
            continue
        parts = names_in(_text(cell), letters)
        is_next = cell.box[1] - previous.box[3] < first.size and re.search(",| and ", previous.text)
        if not parts and abs(cell.baseline - first.baseline) < 2:
            return ()
        if not parts and names and is_next:
            parts = _wrapped(names, _text(cell))
        names.extend(name for name in parts if name not in names)
        previous = cell if parts else previous
    return tuple(names[:MOST_AUTHORS])


def confirmed_names(metadata: str, page: str) -> tuple[str, ...]:
    """The names that the file gives, if the page has each of them."""
    names = names_in(metadata, frozenset())
    printed = normalise_title(page)
    return names if names and all(normalise_title(name) in printed for name in names) else ()


def names_in(text: str, marks: frozenset[str] = frozenset()) -> tuple[str, ...]:
    """The names of a list; none unless all of its parts are names."""
    text = _BY.sub("", _GROUP.sub("", _NOISE.sub(" ", text)).strip())
    if _NUMBER.search(text):
        return ()
    text = _DEGREE.sub("", _LETTERED.sub("", _MARKED.sub(",", text)))
    parts = [_STOP.sub("", part.strip(" ,;:" + MARKS)) for part in _AND.split(text)]
    parts = [_TITLES.sub("", part) for part in parts if len(part) > 1 or part.isupper()]
    parts = [_without_letter(part, marks) for part in parts if part not in marks]
    families, initials = parts[::2], parts[1::2]
    if (
        len(families) == len(initials)
        and all(map(_is_half, initials))
        and not any(" " in name for name in families)
    ):
        parts = [
            f"{given} {family}" for family, given in zip(families, initials, strict=True)
        ]  # "Genz, A."
    return tuple(map(_cased, parts)) if parts and all(map(_is_name, parts)) else ()


def _names_with_institutions(block: Sequence[Line]) -> tuple[str, ...]:
    """The names at the beginning of lines that go on with an institution, of lines in one font."""
    lines = [(cell, names) for cell in block if (names := _leading_names(_text(cell)))]
    alike = (name for cell, names in lines if _is_alike(lines[0][0], cell) for name in names)
    return tuple(dict.fromkeys(alike))[:MOST_AUTHORS]


def _leading_names(text: str) -> tuple[str, ...]:
    """The names before the first part of a text that is none, if an institution is in the rest.

    Names in capitals stand out from any rest in small letters.
    """
    parts = text.split(",")
    for count in range(len(parts) - 1, 0, -1):
        start, rest = ",".join(parts[:count]), ",".join(parts[count:])
        names = names_in(start)
        if names and (
            INSTITUTION.search(rest) or (start.replace(" and ", " ").isupper() != rest.isupper())
        ):
            return () if INSTITUTION.search(start) else names
    return ()


def _in_list(cell: Line) -> bool:
    text = _text(cell)
    return not _is_institution(cell) and bool(names_in(text))


def _is_right_under(cell: Line, above: Line) -> bool:
    """Whether a line stands on the next baseline under another one of its font."""
    is_beneath = above.box[0] < cell.box[2] and above.box[2] > cell.box[0]
    return is_beneath and 2 < cell.baseline - above.baseline < 1.6 * cell.size and _is_alike(above, cell)


def _breaks_off(line: Line) -> bool:
    return _text(line).endswith((",", "and", "&"))


def _is_institution(cell: Line) -> bool:
    return bool(INSTITUTION.search(_GROUP.sub("", cell.text)))


def _text(cell: Line) -> str:
    words = [word.text for word in cell.words if word.size >= 0.8 * cell.size or len(word.text) > 5]
    return tidy(" ".join(words) if words else without_marks(cell))


def _is_alike(first: Line, cell: Line) -> bool:
    same_size = abs(first.size - cell.size) < 0.6
    return same_size and is_bold(first) == is_bold(cell) and is_italic(first) == is_italic(cell)


def _wrapped(names: list[str], text: str) -> tuple[str, ...]:
    """The names of a line that begins with the end of the name before it."""
    whole = names_in(f"{names[-1]} {text}")
    if whole:
        names.pop()
    return whole


def _is_half(part: str) -> bool:
    return bool(re.fullmatch(r"(?:[^\W\d_]\.?[ -]?){1,4}", part)) and part[0].isupper()


def _is_name(part: str) -> bool:
    words = part.split()
    if len(words) < 2 or len(part) > LONGEST_NAME or INSTITUTION.search(part):
        return False
    if words[0].lower() == "the" or not all(_WORD.fullmatch(word) for word in words):
        return False
    capitals = [word for word in words if word.lower() not in _PARTICLES]
    whole = [word for word in capitals if len(word.strip(".")) > 1]
    return 1 < len(capitals) <= _MOST_WORDS and bool(whole) and all(word[0].isupper() for word in capitals)


def _cased(name: str) -> str:
    """Names in capitals, with small letters after the first of each."""
    if not name.isupper() or not re.search(r"[^\W\d_]{3}", name):
        return " ".join(name.split())
    words = [word.lower() if word.lower() in _PARTICLES else word.title() for word in name.split()]
    return " ".join(words)


def _letters_of_marks(block: Sequence[Line]) -> frozenset[str]:
    """The letters that lead from names to affiliations: those that begin one, glued to its first word."""
    text = " ; ".join(cell.text for cell in block)
    letters = re.findall(r"(?:^|[;,.]) ?([a-h]) ?(?=[A-Z]|https?:)", text)
    return frozenset(letters) if "a" in letters else frozenset()


def _without_letter(name: str, marks: frozenset[str]) -> str:
    return name[:-1].rstrip() if marks and name[-1:] in marks and " " in name.strip() else name

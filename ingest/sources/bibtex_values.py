"""Values of fields in BibTeX: texts in braces or quotes, numbers and names of strings, joined by `#`."""

import re
from collections.abc import Mapping

from rag.plain import in_a_line

LONGEST_VALUE = 400_000  # characters; the longest are lists of authors
_MARK = re.compile(r"(?<!\\)[{}\"#]")
_STRAY = re.compile(r"\s*[^\s#]")
_BARE = re.compile(r"[^{}\"#,=@%\n]*")
_ENTRY = re.compile(r"^\s*@\w*[ \t]*[{(]", re.MULTILINE)
_DELIMITERS = (("{", "}"), ('"', '"'))


def parts_of(raw: str) -> list[str]:
    """The parts that `#` joins, with their delimiters.

    Raises ValueError if something follows a closing brace or quote, because a comma is missing.
    """
    raw = raw.strip()
    parts, start, depth, is_quoted = [], 0, 0, False
    for match in _MARK.finditer(raw):
        mark = match[0]
        if mark == '"' and depth == 0:
            is_quoted = not is_quoted
        elif mark in "{}":
            depth += 1 if mark == "{" else -1
        if depth == 0 and not is_quoted and mark in '}"' and _STRAY.match(raw, match.end()):
            raise ValueError("a comma is missing behind a field")
        if depth or is_quoted or mark != "#":
            continue
        parts.append(raw[start : match.start()].strip())
        start = match.end()
    return [*parts, raw[start:].strip()]


def resolved(raw: str, strings: Mapping[str, str]) -> str:
    """The value with the names of strings replaced by their values; names that are not known stay.

    Raises ValueError, as `parts_of`.
    """
    parts = parts_of(raw)
    known = [strings.get(part.lower(), part) for part in parts]
    is_short = sum(map(len, known)) <= LONGEST_VALUE  # strings of strings grow without end
    return " # ".join(known) if is_short and known != parts else raw


def text_of(raw: str) -> str:
    """The text of a value, LaTeX and all. Raises ValueError, as `parts_of`."""
    return "".join(map(_inside, parts_of(raw)))[:LONGEST_VALUE]


def is_value(raw: str) -> bool:
    """Whether this is a whole value, which ends where it seems to."""
    if _ENTRY.search(raw):  # at which readers begin anew
        return False
    try:
        return all(_is_part(part) for part in parts_of(raw))
    except ValueError:
        return False


def is_balanced(text: str) -> bool:
    """Whether each brace is closed by one that comes later."""
    depth = 0
    for mark in _MARK.finditer(text):
        depth += {"{": 1, "}": -1}.get(mark[0], 0)
        if depth < 0:
            return False
    return depth == 0


def mended(raw: str) -> str:
    """A value in one line that prints the same text, without braces that have no partner."""
    text = text_of(raw)
    opened: list[int] = []
    alone: list[int] = []
    for mark in _MARK.finditer(text):
        if mark[0] == "{":
            opened.append(mark.start())
        elif mark[0] == "}" and opened:
            opened.pop()
        elif mark[0] == "}":
            alone.append(mark.start())
    places = {*opened, *alone}
    kept = "".join(character for place, character in enumerate(text) if place not in places)
    return f"{{{in_a_line(kept)}}}"


def _is_part(part: str) -> bool:
    if not _is_delimited(part):
        return bool(_BARE.fullmatch(part))
    inside, is_quoted = part[1:-1], part[0] == '"'
    return is_balanced(inside) and not inside.endswith("\\") and not (is_quoted and _has_quote(inside))


def _has_quote(text: str) -> bool:
    """Whether a quotation mark outside of braces would end the value."""
    depth = 0
    for mark in _MARK.finditer(text):
        depth += {"{": 1, "}": -1}.get(mark[0], 0)
        if mark[0] == '"' and depth == 0:
            return True
    return False


def _is_delimited(part: str) -> bool:
    return len(part) > 1 and (part[0], part[-1]) in _DELIMITERS


def _inside(part: str) -> str:
    return part[1:-1] if _is_delimited(part) else part

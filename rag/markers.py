"""Finds citation markers, in all the ways that models write them, in a stream of text.

A marker has square brackets: "[1]", "[1, 2]", "[1-3]", "【1†source】", "[^1]", "[key 1]",
"[Paper 1: its title]", "[1](https://...)". "(1)" is none, as it numbers an item.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

# Each gap can match in one way only, so that no text takes long to read.
_OPEN, _CLOSE = r"(?:\\?[\[【［]){1,2}[ \t]{0,3}", r"[ \t]{0,3}(?:\\?[\]】］]){1,2}"
_NOUN = r"(?:(?:keys?|papers?|sources?|ref(?:erence)?s?|abstracts?|doc(?:ument)?s?|citations?|cite)|[\^#@])"
_NUMBER = rf"(?:{_NOUN}[ \t:.#=-]{{0,3}})?\d{{1,9}}"
_BETWEEN = r"(?:[ \t]{0,3}(?:[,;&/+\-–—](?:[ \t]{0,3}and)?|and|to)[ \t]{0,3}|[ \t]{1,3})"
_TITLE = r"(?:[ \t]?[:†|][^\[\]【】［］\n]{0,120})?"  # a title, or line numbers
_LINK = r"(?:\((?:https?:|www\.|#)[^()\s]{0,300}\))?"
_MARKER = re.compile(
    rf"{_OPEN}({_NUMBER}(?:{_BETWEEN}{_NUMBER}){{0,19}}){_TITLE}{_CLOSE}{_LINK}",
    re.IGNORECASE,
)
_MAY_GROW = re.compile(r"(?:\\?|\([^()\s]{0,300})\Z")  # after a marker
_PARTIAL = re.compile(r"(?:\\?[\[【［]){1,2}[^\[\]【】［］\n]{0,240}\Z|\\\Z")
_HALF = re.compile(
    rf"[ \t]{{0,9}}{_OPEN}(?:{_NOUN}[ \t:.#=-]{{0,3}})?[\d ,;&/+\-–—]{{0,80}}\\?\Z", re.IGNORECASE
)
_RANGE = re.compile(r"(\d+)\s*(?:[-–—]|to)\s*\D{0,12}(\d+)", re.IGNORECASE)
_LONGEST_RANGE = 50
_BRACKETS = str.maketrans("[]【】［］", "()()()")
_FOREIGN = re.compile(r"\[[1-9]\d{0,2}(?:\s*,\s*[1-9]\d{0,2})*\]")
# Math that is still open at the end of a line; "$5" is a price.
_MATH = re.compile(r"(?<![\\$])(\$)(?=[^\s$\d])[^$\n]*\Z|(\\\()(?:(?!\\[()]).)*\Z")
_LONGEST_CODE = 200  # characters after a marker in which code or math may close
_LONGEST_LINE = 600  # characters before a marker in which it may open


@dataclass(frozen=True)
class Marker:
    """A marker that a model wrote: numbers of the papers that it was shown, from 1."""

    keys: tuple[int, ...]


def without_markers(text: str) -> str:
    """The text without what readers would take for our markers, such as a paper's own "[12]"."""
    *before, rest = _FOREIGN.split(text)
    return "".join([*map(str.rstrip, before), rest])


def neutral(text: str) -> str:
    """The text, at the same length, with round brackets around anything that reads as a marker."""
    return _MARKER.sub(lambda match: match[0].translate(_BRACKETS), text)


def find_markers(texts: Iterable[str]) -> Iterator[str | Marker]:
    """The text and the markers of a stream. Half a marker is held back until it is whole, or dropped.

    A number in brackets inside code or math ("`x[1]`", "$x_{[1]}$") stays text, in round brackets.
    """
    held, line = "", ""
    for text, is_last in with_end(texts):
        held, place = held + text, 0
        while match := _MARKER.search(held, place):
            before, after = held[place : match.start()], held[match.end() : match.end() + _LONGEST_CODE]
            in_code = _is_code(_last_line(line + before), after, is_last)
            if in_code is None or (not is_last and _MAY_GROW.match(held, match.end())):
                break
            if in_code:
                before += neutral(match[0])
            if before:
                yield before
            if not in_code:
                yield Marker(_keys(match[1]))
            line, place = _last_line(line + before), match.end()
        unclear = None if is_last else match or _PARTIAL.search(held, place)
        ready = held[place : unclear.start()] if unclear else held[place:]
        ready = _HALF.sub("", ready) if is_last else ready
        if ready:
            yield ready
        line, held = _last_line(line + ready), held[unclear.start() :] if unclear else ""


def with_end(texts: Iterable[str]) -> Iterator[tuple[str, bool]]:
    """Each text, then an empty one that is flagged as the last."""
    for text in texts:
        yield text, False
    yield "", True


def _last_line(text: str) -> str:
    """The last line of a text, or as much of it as may hold open code or math."""
    return text.rpartition("\n")[2][-_LONGEST_LINE:]


def _is_code(line: str, after: str, is_last: bool) -> bool | None:
    """Whether the place between `line` and `after` is inside code or math; None if not known yet.

    `after` are the next 200 characters, or as many as there are.
    """
    if line.count("`") % 2:
        closing = "`"
    elif ("$" in line or "\\(" in line) and (opening := _MATH.search(line)):
        closing = "$" if opening[1] else "\\)"
    else:
        return False
    rest, newline, _ = after.partition("\n")
    if closing in rest:
        return True
    return False if newline or is_last or len(after) >= _LONGEST_CODE else None


def _keys(inside: str) -> tuple[int, ...]:
    keys: list[int] = []
    for part in re.split(r"[,;&/+]|\band\b", inside):
        if span := _RANGE.search(part):
            first, last = sorted((int(span[1]), int(span[2])))
            keys += range(first, min(last, first + _LONGEST_RANGE) + 1)
        else:
            keys += map(int, re.findall(r"\d+", part))
    return tuple(dict.fromkeys(keys))

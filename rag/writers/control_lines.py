"""Finds the lines that a model addresses to the program: `Missing: ...`, `Premise: ...`, `Search: ...`."""

import re
from collections.abc import Iterable, Iterator
from itertools import islice

from rag.markers import find_markers, with_end
from rag.plain import cut
from rag.writers.base import Log

NOT_SAID = "the model finds no answer in the papers that it was sent"
PREMISE = "a paper contradicts what the question presupposes"

_NO_ANSWER = "the papers do not say"  # what a model writes if they hold no answer
_MOST_SEARCHES = 3
_LONGEST = 200  # characters of a control line that the answer quotes
# A control line begins a line or follows a sentence; a model may put it in bold or in a list.
_BEGINS = r"(?:\A|(?<=\n)|(?<=[.!?\])】*\"”]\s))[ \t>*_#-]{0,9}"
_NAMES = ("Missing", "Premise", "Search")
_CONTROL = re.compile(
    rf"{_BEGINS}(?:(?P<name>{'|'.join(_NAMES)})[ \t*_]*:(?P<line>[^\n]*)"
    rf"|{_NO_ANSWER}(?:[.!]+[*_\"”]*(?=\s|\Z)|[*_]*(?=\n|\Z)))",
    re.IGNORECASE,
)
_BEGUN = "|".join(
    re.escape(name[:length]) for name in (*_NAMES, _NO_ANSWER) for length in range(len(name), 0, -1)
)
_PART_OF_LINE = re.compile(rf"{_BEGINS}(?:(?:{_BEGUN})[ \t*_.!\"”]*)?\Z", re.IGNORECASE)
_NOTHING = re.compile(r"(?:none|nothing\b.*|no|n/a|null|-*)", re.IGNORECASE)


def without_control_lines(texts: Iterable[str], log: Log) -> Iterator[str]:
    """A stream without its control lines and the sentence `_NO_ANSWER`; the log keeps what they say."""
    text, place = "", 0
    for piece, is_last in with_end(texts):
        text += piece
        while (match := _CONTROL.search(text, place)) and (is_last or match.end() < len(text)):
            if match.start() > place:
                yield text[place : match.start()]
            _keep(match, log)
            place = match.end()
        held = match or (None if is_last else _PART_OF_LINE.search(text, place))
        ready = held.start() if held else len(text)
        if ready > place:
            yield text[place:ready]
        place = ready


def quotable_text(text: str) -> str:
    """The text of a control line as the answer quotes it: on one line, without markers, not too long."""
    words = "".join(piece for piece in find_markers([text]) if isinstance(piece, str)).split()
    return cut(re.sub(r"\s+(?=[.,;:!?])", "", " ".join(words)).strip(' *_"“”'), _LONGEST)


def _keep(match: re.Match[str], log: Log) -> None:
    if not match["name"]:
        log.refusal = log.refusal or NOT_SAID
        return
    name, line = match["name"].lower(), quotable_text(match["line"]).rstrip(".")
    if _NOTHING.fullmatch(line):
        return
    if name == "missing":
        log.missing = log.missing or line
    elif name == "search":
        queries = filter(None, map(str.strip, line.split(";")))
        log.searches = log.searches or tuple(islice(queries, _MOST_SEARCHES))
    else:
        log.refusal = f"{PREMISE}: {line}"

"""What a model streams, made safe to read: no control characters, no reasoning, no control lines."""

import re
import unicodedata
from collections.abc import Iterable, Iterator

from rag.markers import find_markers, with_end
from rag.writers.base import Log

NOT_SAID = "the papers do not say"
"""What a model answers, as a sentence, where the papers hold no answer."""
PREMISE = "a paper contradicts what the question presupposes"

_LONGEST_LINE = 200  # characters of a control line that are told
_ESCAPE = re.compile(
    r"\x1b(?:\[[0-?]{0,40}[ -/]{0,9}[@-~]|\][^\x07\x1b\n]{0,300}(?:\x07|\x1b\\)|[@-Z\\^_])"
)
_PART_OF_ESCAPE = re.compile(r"\x1b(?:\[[0-?]{0,40}[ -/]{0,9}|\][^\x07\x1b\n]{0,300}\x1b?)?\Z")
# Models that reason aloud do it first, between these; without an end all of it is reasoning.
_REASONING = re.compile(r"<(think|thinking|reasoning)>.*?(?:</\1>|\Z)", re.DOTALL | re.IGNORECASE)
_PART_OF_REASONING = re.compile(
    r"<(?:[a-z]{0,9}\Z|(?:think|thinking|reasoning)>(?!.*</(?:think|thinking|reasoning)>).*\Z)",
    re.DOTALL | re.IGNORECASE,
)
_BREAKS = dict.fromkeys(map(ord, "\u2028\u2029"), "\n") | dict.fromkeys(map(ord, "\t\v\f\x85"), " ")

# A control line begins a line or follows a sentence; a model may put it in bold or in a list.
_BEGINS = r"(?:\A|(?<=\n)|(?<=[.!?\])】*\"”]\s))[ \t>*_#-]{0,9}"
_NAMES = ("Missing", "Premise")
_SAID = NOT_SAID.capitalize()
_LINE = re.compile(rf"{_BEGINS}({'|'.join(_NAMES)})[ \t*_]*:", re.IGNORECASE)
_SENTENCE = re.compile(rf"{_BEGINS}{_SAID}(?:[.!]+[*_\"”]*(?=\s|\Z)|[*_]*(?=\n|\Z))", re.IGNORECASE)
_BEGUN = "|".join(
    re.escape(name[:length]) for name in (*_NAMES, _SAID) for length in range(len(name), 0, -1)
)
_PART_OF_LINE = re.compile(rf"{_BEGINS}(?:(?:{_BEGUN})[ \t*_.!\"”]*)?\Z", re.IGNORECASE)
_NOTHING = re.compile(r"(?:none|nothing\b.*|no|n/a|null|-*)", re.IGNORECASE)


def readable(texts: Iterable[str]) -> Iterator[str]:
    """A stream without escape sequences, control and invisible characters, and without reasoning."""
    plain = map(_plain, _without(texts, _ESCAPE, _PART_OF_ESCAPE))
    return _without(plain, _REASONING, _PART_OF_REASONING)


def without_control_lines(texts: Iterable[str], log: Log) -> Iterator[str]:
    """A stream without what is said to us in it: `Missing: ...`, `Premise: ...`, or that the papers do not
    say. The log has it."""
    text, place, name = "", 0, None
    for piece, is_last in with_end(texts):
        text += piece
        while True:
            if name:
                end = text.find("\n", place)
                if end < 0 and not is_last:
                    break
                end = len(text) if end < 0 else end
                _tell(name, text[place:end], log)
                place, name = end, None
            found = _first(text, place)
            if not found or (found.re is _SENTENCE and found.end() == len(text) and not is_last):
                break
            if text[place : found.start()]:
                yield text[place : found.start()]
            place, name = found.end(), found[1] if found.re is _LINE else None
            if not name:
                log.refusal = log.refusal or NOT_SAID
        if name:
            continue
        partial = None if is_last else _PART_OF_LINE.search(text, place)
        ready = partial.start() if partial else len(text)
        if ready > place:
            yield text[place:ready]
        place = ready


def one_line(text: str) -> str:
    """A line of a model that is told as it is: without markers, and not too long."""
    words = "".join(piece for piece in find_markers([text]) if isinstance(piece, str)).split()
    line = re.sub(r"\s+(?=[.,;:!?])", "", " ".join(words)).strip(' *_"“”')
    return line if len(line) <= _LONGEST_LINE else line[: _LONGEST_LINE - 1].rstrip() + "…"


def _first(text: str, place: int) -> re.Match[str] | None:
    found = (_LINE.search(text, place), _SENTENCE.search(text, place))
    return min((match for match in found if match), key=re.Match.start, default=None)


def _tell(name: str, said: str, log: Log) -> None:
    line = one_line(said).rstrip(".")
    if _NOTHING.fullmatch(line):
        return
    if name.lower() == "missing":
        log.missing = log.missing or line
    else:
        log.refusal = f"{PREMISE}: {line}"


def _without(texts: Iterable[str], whole: re.Pattern[str], part: re.Pattern[str]) -> Iterator[str]:
    """A stream without what a pattern finds in it; what may still become such a thing is held back."""
    held = ""
    for text, is_last in with_end(texts):
        held += text
        partial = None if is_last else part.search(held)
        ready = partial.start() if partial else len(held)
        if cleaned := whole.sub("", held[:ready]):
            yield cleaned
        held = held[ready:]


def _plain(text: str) -> str:
    """Without control and format characters, such as those that turn the direction of text round."""
    text = text.encode("utf-8", "replace").decode().translate(_BREAKS)  # half a character
    return "".join(char for char in text if char == "\n" or unicodedata.category(char) not in ("Cc", "Cf"))

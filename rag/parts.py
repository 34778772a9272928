"""The parts of an answer: its sentences with the papers that they cite, and what stands between them.

Markers are kept in the text as keys between NUL characters, which no reply of a model holds, until
`numbered` turns them into the numbers of the answer.
"""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from rag.checking import Statement, Verdict
from rag.sentences import sentence_spans, strip_span
from rag.types import Check, Hit, Span

_KEYS = re.compile("\0([0-9,]+)\0")
# White space before a sentence, with code fences and the bullet or number of a list item.
_LEAD = re.compile(r"(?:\s*```\w*[ \t]*(?=\n|\Z))*\s*(?:(?:[-*•–+]|\d{1,3}[.)]|#{1,6})[ \t]+)?\s*")
_LINE_END = re.compile(r"\n(?=[^\S\n]*\n|[ \t]*[^\sa-z])|\Z")  # unless the next line begins in lower case
_LAST_STOP = re.compile(r"[.!?]?\s*\Z")


@dataclass
class Sentence:
    """A sentence of an answer: as it stands there, its words without markers, the keys that it cites.

    `pointed_to` are words of papers that the writer points a judge to.
    """

    raw: str
    text: str
    keys: tuple[int, ...]
    verdict: Verdict = field(default_factory=Verdict)
    pointed_to: tuple[str, ...] = ()

    @property
    def is_marked(self) -> bool:
        """Whether a marker stands in it."""
        return bool(_KEYS.search(self.raw))

    def cite(self, keys: Sequence[int]) -> None:
        """Cite these keys, with a marker before the full stop."""
        place = next(match.start() for match in _LAST_STOP.finditer(self.raw))
        self.keys = tuple(keys)
        self.raw = f"{self.raw[:place]} {as_marker(keys)}{self.raw[place:]}"


Parts = list[str | Sentence]
"""An answer: sentences, and the words, white space and bullets between them."""


def as_marker(keys: Iterable[int]) -> str:
    """A marker as it is kept in the text."""
    return f"\0{','.join(map(str, keys))}\0"


def statement_of(sentence: Sentence, hits: Sequence[Hit], cited: Sequence[int] = ()) -> Statement:
    """The sentence with the papers of its keys, or of those that the answer cites where it has none."""
    papers = tuple(hits[key - 1].paper for key in sentence.keys or cited)
    return Statement(sentence.text, papers, sentence.pointed_to)


def sentences_of(parts: Parts) -> list[Sentence]:
    return [part for part in parts if isinstance(part, Sentence)]


def doubts_of(parts: Parts) -> list[Sentence]:
    """The sentences in doubt: a correction may make them supported."""
    return [sentence for sentence in sentences_of(parts) if sentence.verdict.is_in_doubt]


def without(parts: Parts, checks: Sequence[Check]) -> Parts:
    """The parts without the sentences of these verdicts, and without their bullets and spaces."""
    kept: Parts = []
    is_gone = False
    for part in parts:
        if isinstance(part, Sentence) and part.verdict.check in checks:
            is_gone = True
            continue
        if is_gone and isinstance(part, str):
            if "\n" not in part and kept and isinstance(kept[-1], str):
                part = ""  # what follows takes the place of what is left out
            else:
                _drop_lead(kept)
                part = part if kept else part.lstrip()
        kept += [part] if part else []
        is_gone = False
    if is_gone:
        _drop_lead(kept)
    return kept


def _drop_lead(parts: Parts) -> None:
    """Drop a bullet or white space at the end."""
    if parts and isinstance(parts[-1], str) and _LEAD.fullmatch(parts[-1]):
        parts.pop()


def with_keys(parts: Parts) -> str:
    """The text as a model writes it, with its keys."""
    return _KEYS.sub(lambda keys: "".join(f"[{key}]" for key in keys[1].split(",")), raw_text(parts))


def raw_text(parts: Parts) -> str:
    """The text with its markers as they are kept."""
    return "".join(part if isinstance(part, str) else part.raw for part in parts)


def numbered(raw: str, numbers: dict[int, int]) -> str:
    """The text with numbers for its keys; a new key takes the next number, which is added to `numbers`."""

    def number(keys: re.Match[str]) -> str:
        known = (numbers.setdefault(int(key), len(numbers) + 1) for key in keys[1].split(","))
        return "".join(f"[{number}]" for number in known)

    return _KEYS.sub(number, raw)


def split(raw: str) -> Parts:
    """The sentences of what a model wrote, with the words between them.

    A marker behind a full stop belongs to the sentence before it, unless it opens a line.
    """
    marks = list(_KEYS.finditer(raw))
    text, places = _outside(raw, marks)
    spans = list(_sentences(text))
    marks_of: list[list[re.Match[str]]] = [[] for _ in spans]
    for mark in marks if spans else ():
        marks_of[_owner(bisect_left(places, mark.start()), spans, text)].append(mark)
    parts: Parts = []
    done = 0
    for (start, end), inside in zip(spans, marks_of, strict=True):
        first = min([places[start], *(mark.start() for mark in inside)])
        last = max([places[end - 1] + 1, *(mark.end() for mark in inside)])
        keys = dict.fromkeys(int(key) for mark in inside for key in mark[1].split(","))
        words = " ".join(text[start:end].split("\n"))
        parts += [raw[done:first], Sentence(raw[first:last], words, tuple(keys))]
        done = last
    return [part for part in (*parts, _KEYS.sub("", raw[done:])) if part]


def _outside(raw: str, marks: Sequence[re.Match[str]]) -> tuple[str, list[int]]:
    """The text without its marks and the spaces before them, and the place of each character in `raw`."""
    places: list[int] = []
    done = 0
    for mark in marks:
        end = mark.start() - (raw[done : mark.start()].endswith(" "))
        places += range(done, end)
        done = mark.end()
    places += range(done, len(raw))
    return "".join(raw[place] for place in places), places


def _sentences(text: str) -> Iterator[Span]:
    """The span of each sentence, without white space and bullets around it."""
    start = 0
    while start < len(text):
        line = _LINE_END.search(text, start)
        end = line.start() if line else len(text)
        lead = _LEAD.match(text, start, end)
        begin = lead.end() if lead else start
        for first, last in sentence_spans(text[begin:end].replace("\n", " ")):
            span = strip_span(text, (begin + first, begin + last))
            if any(map(str.isalnum, text[slice(*span)])):
                yield span
        start = max(end, begin) + 1


def _owner(place: int, spans: Sequence[Span], text: str) -> int:
    """The index of the sentence to which a marker at this place belongs."""
    last = bisect_right(spans, place, key=lambda span: span[0]) - 1  # to begin at the place or before it
    if last < 0:
        return 0
    start, end = spans[last]
    if last and place == start and "\n" not in text[spans[last - 1][1] : place]:
        return last - 1
    if last + 1 < len(spans) and place > end and "\n" in text[end:place]:
        opens_line = "\n" not in text[place : spans[last + 1][0]]
        return last + opens_line
    return last

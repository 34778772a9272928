"""Takes what a writer writes, piece by piece, and cuts it into sentences with the papers that they cite.

Markers are kept in the text as keys between NUL characters, which no reply of a model holds, until
`numbered` turns them into the numbers of the answer.
"""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from rag.checking import Quote, Verdict
from rag.markers import Marker, neutral
from rag.readable import in_our_words
from rag.sentences import sentence_spans, strip_span
from rag.types import Check, Hit, Markers, Span


@dataclass(frozen=True)
class Quoted:
    """A sentence that is quoted: how it reads, the index of the hit, and the span of its words."""

    text: str
    hit: int
    span: Span


@dataclass(frozen=True)
class Heading:
    """The title of the hit with this index, before the sentences that are quoted from it."""

    hit: int


class Anew:
    """Says that all that was written before does not count."""


ANEW = Anew()
Piece = str | Marker | Quoted | Heading | Anew

_KEYS = re.compile("\0([0-9,]+)\0")
# White space before a sentence, with code fences and the bullet or number of a list item.
_LEAD = re.compile(r"(?:\s*```\w*[ \t]*(?=\n|\Z))*\s*(?:(?:[-*•–+]|\d{1,3}[.)]|#{1,6})[ \t]+)?\s*")
_LINE_END = re.compile(r"\n(?=[^\S\n]*\n|[ \t]*[^\sa-z])|\Z")  # unless the next line begins in lower case
# What may become a marker with what follows.
_HALF_BRACKET = re.compile(r"[\[【［][^\[\]【】［］\n]*\Z")
_LONGEST_BRACKET = 80
_LAST_STOP = re.compile(r"[.!?]?\s*\Z")


@dataclass
class Sentence:
    """A sentence of an answer: as it stands there, its words without markers, the keys that it cites."""

    raw: str
    text: str
    keys: tuple[int, ...]
    verdict: Verdict = field(default_factory=Verdict)

    @property
    def is_marked(self) -> bool:
        """Whether a marker stands in it."""
        return bool(_KEYS.search(self.raw))

    def cite(self, keys: Sequence[int]) -> None:
        """Cite these keys, with a marker before the full stop."""
        place = next(match.start() for match in _LAST_STOP.finditer(self.raw))
        self.keys = tuple(keys)
        self.raw = f"{self.raw[:place]} {_mark(keys)}{self.raw[place:]}"


Parts = list[str | Sentence]
"""An answer: sentences, and the words, white space and bullets between them."""


@dataclass
class Written:
    """What has been written from these hits; key k names the k-th."""

    hits: Sequence[Hit]
    written: int = 0  # markers, and quotes
    unknown: int = 0  # markers that name no hit
    parts: Parts = field(default_factory=list)
    _open: str = ""  # what a model wrote since the last other piece
    _held: str = ""  # white space and half a bracket at its end, not shown yet
    _has_gap: bool = False  # where a marker was left out
    _numbers: dict[int, int] = field(default_factory=dict)  # by key
    _last: str = ""  # the last character that was shown

    @property
    def is_empty(self) -> bool:
        """Whether nothing is written that counts."""
        return not (self.parts or self._open)

    def add(self, piece: Piece) -> str:
        """Take the next piece. Returns the new text to show."""
        if isinstance(piece, str):
            return self._add_text(piece)
        if isinstance(piece, Marker):
            return self._add_marker(piece)
        if isinstance(piece, Anew):
            return self._begin_anew()
        if isinstance(piece, Heading):
            gap = "" if self.is_empty else "\n\n"
            return self.say(f"{gap}{in_our_words(self.hits[piece.hit].paper.heading)}\n")
        return self._add_quoted(piece)

    def say(self, text: str) -> str:
        """Show a text that claims nothing."""
        held = self.end()
        self.parts.append(text)
        return held + self._shown(text)

    def end(self) -> str:
        """End the sentences that a model wrote. Returns the rest of them to show."""
        held = self._held.rstrip()
        self.parts += split(self._open + held)
        self._open = self._held = ""
        return self._shown(held)

    def finish(self) -> Parts:
        """The parts of the whole text."""
        self.end()
        return self.parts

    def markers(self) -> Markers:
        return Markers(self.written, self.unknown)

    def _begin_anew(self) -> str:
        self.parts, self._open, self._held, self._numbers = [], "", "", {}
        self.written = self.unknown = 0
        return "\n\n" if self._last else ""

    def _add_text(self, text: str) -> str:
        if self._has_gap and text and not text[0].isalnum():  # a marker was left out
            self._held = self._held.removesuffix(" ")
        self._has_gap = self._has_gap and not text
        text = neutral(self._held + text if self._open else (self._held + text).lstrip())
        bracket = _HALF_BRACKET.search(text, max(0, len(text) - _LONGEST_BRACKET))
        kept = text[: bracket.start() if bracket else len(text)].rstrip()
        self._held = text[len(kept) :]
        self._open += kept
        return self._shown(kept)

    def _add_marker(self, marker: Marker) -> str:
        known = [key for key in dict.fromkeys(marker.keys) if 1 <= key <= len(self.hits)]
        self.written += len(marker.keys)
        self.unknown += sum(not 1 <= key <= len(self.hits) for key in marker.keys)
        if not known:
            self._has_gap = True
            return ""
        gap = self._held or " " * (self._last not in ("", "]", "(", "\n"))
        self._held = ""
        self._open += gap + _mark(known)
        return self._shown(gap + _mark(known))

    def _add_quoted(self, quoted: Quoted) -> str:
        held = self.end()
        self.written += 1
        hit = self.hits[quoted.hit]
        gap = " " * (self._last not in ("", "\n"))
        text = neutral(quoted.text)
        sentence = Sentence(text, text, (), Verdict("verbatim", (Quote(hit.paper, quoted.span),)))
        sentence.cite([quoted.hit + 1])
        self.parts += [gap, sentence]
        return held + self._shown(gap + sentence.raw)

    def _shown(self, raw: str) -> str:
        text = numbered(raw, self._numbers)
        self._last = text[-1:] or self._last
        return text


def sentences_of(parts: Parts) -> list[Sentence]:
    return [part for part in parts if isinstance(part, Sentence)]


def doubts_of(parts: Parts) -> list[Sentence]:
    """The sentences that are not supported, and may be if they are asked for anew."""
    return [sentence for sentence in sentences_of(parts) if sentence.verdict.may_be_mended]


def without(parts: Parts, checks: Sequence[Check]) -> Parts:
    """The parts without the sentences of these verdicts, and without the bullets and spaces of these."""
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
    raw = "".join(part if isinstance(part, str) else part.raw for part in parts)
    return _KEYS.sub(lambda keys: "".join(f"[{key}]" for key in keys[1].split(",")), raw)


def numbered(raw: str, numbers: dict[int, int]) -> str:
    """The text with numbers for its keys; a new key takes the next number, which is added to `numbers`."""

    def number(keys: re.Match[str]) -> str:
        new = (numbers.setdefault(int(key), len(numbers) + 1) for key in keys[1].split(","))
        return "".join(f"[{each}]" for each in new)

    return _KEYS.sub(number, raw)


def split(raw: str) -> Parts:
    """The sentences of what a model wrote, with the words between them.

    A marker behind a full stop belongs to the sentence before it, unless it opens a line.
    """
    marks = list(_KEYS.finditer(raw))
    text, places = _outside(raw, marks)
    sentences = list(_sentences(text))
    cited: list[list[re.Match[str]]] = [[] for _ in sentences]
    for mark in marks if sentences else ():
        cited[_owner(bisect_left(places, mark.start()), sentences, text)].append(mark)
    parts: Parts = []
    done = 0
    for (start, end), own in zip(sentences, cited, strict=True):
        first = min([places[start], *(mark.start() for mark in own)])
        last = max([places[end - 1] + 1, *(mark.end() for mark in own)])
        keys = dict.fromkeys(int(key) for mark in own for key in mark[1].split(","))
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


def _owner(place: int, sentences: Sequence[Span], text: str) -> int:
    """The index of the sentence to which a marker at this place belongs."""
    following = bisect_right(sentences, place, key=lambda span: span[0])
    if following == 0:
        return 0
    end = sentences[following - 1][1]
    if following < len(sentences) and place > end and "\n" in text[end:place]:
        opens_line = "\n" not in text[place : sentences[following][0]]
        return following if opens_line else following - 1
    starts_here = sentences[following - 1][0] == place and following > 1
    return (
        following - 2
        if starts_here and "\n" not in text[sentences[following - 2][1] : place]
        else following - 1
    )


def _mark(keys: Iterable[int]) -> str:
    return f"\0{','.join(map(str, keys))}\0"

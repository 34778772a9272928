"""Citations: markers in what a writer writes become numbered, verbatim quotes.

A number stands for one quote. It is given at the quote's first use, so that text can be shown
while it is still being written.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from rag.sentences import sentence_spans, strip_span
from rag.support import Judge, support
from rag.types import Citation, Claim, Hit, Markers, Paper, Span


@dataclass(frozen=True)
class Marker:
    """A marker as a model writes it: the places of the papers it was shown, counted from 1."""

    keys: tuple[int, ...]


@dataclass(frozen=True)
class Quote:
    """A marker that says itself which words it cites: a hit, counted from 0, and a span."""

    hit: int
    span: Span


Piece = str | Marker | Quote

# "[1]", "[1, 2]", "[1-3]", "【1】"; and what may still become one.
_MARKER = re.compile(r"[\[【](\s{0,3}\d{1,4}\s{0,3}(?:[,;\-–]\s{0,3}\d{1,4}\s{0,3}){0,19})[\]】]")
_PARTIAL = re.compile(r"[\[【][\d\s,;\-–]*\Z")
_FOREIGN = re.compile(r"\s*\[[1-9]\d{0,2}(?:\s*,\s*[1-9]\d{0,2})*\]")
_LONGEST_MARKER = 240  # characters, by the expression above
_RANGE = re.compile(r"(\d+)\s*[-–]\s*(\d+)")
_LONGEST_RANGE = 50
_SECOND_SENTENCE = 0.1  # how much more support makes a quote of two sentences worth its length


def without_markers(text: str) -> str:
    """The text without what a reader would take for our markers, such as a paper's own "[12]"."""
    return _FOREIGN.sub("", text)


def find_markers(texts: Iterable[str]) -> Iterator[str | Marker]:
    """Text and markers of a stream; half a marker is held back until it is whole.

    White space before a marker is left out, so that nothing remains of a marker that is removed.
    """
    held = ""
    for text in texts:
        held += text
        while found := _MARKER.search(held):
            if before := held[: found.start()].rstrip():
                yield before
            yield Marker(_keys(found[1]))
            held = held[found.end() :]
        partial = _PARTIAL.search(held, max(0, len(held) - _LONGEST_MARKER))
        if ready := held[: partial.start() if partial else None].rstrip():
            yield ready
        held = held[len(ready) :]
    if held:
        yield held


def _keys(inside: str) -> tuple[int, ...]:
    keys: list[int] = []
    for part in re.split(r"[,;]", inside):
        if span := _RANGE.search(part):
            first, last = sorted((int(span[1]), int(span[2])))
            keys += range(first, min(last, first + _LONGEST_RANGE) + 1)
        else:
            keys.append(int(part))
    return tuple(dict.fromkeys(keys))


@dataclass
class Composer:
    """Puts an answer together from the pieces of a writer who was shown these hits."""

    hits: Sequence[Hit]
    judge: Judge
    text: str = ""  # without markers
    shown: str = ""  # with them, as far as it has been shown
    placed: list[tuple[int, int]] = field(default_factory=list)  # place in the text, number
    written: int = 0
    unknown: int = 0
    quotes: dict[tuple[str, Span], Citation] = field(default_factory=dict)
    _waiting: list[tuple[int, Marker]] = field(default_factory=list)  # their sentence is not whole yet
    _shown_to: int = 0  # place in the text
    _sentence_from: int = 0  # no marker that waits belongs to a sentence before this place

    def add(self, piece: Piece) -> str:
        """Take the next piece; what there is to show.

        A marker, and what follows it, waits until its sentence is whole: the quote is chosen for
        the whole sentence, wherever in it the marker stands.
        """
        if isinstance(piece, str):
            self.text += piece
        elif isinstance(piece, Marker):
            self.written += len(piece.keys)
            self._waiting.append((len(self.text), piece))
        else:
            self.written += 1
            number = self._number(self.hits[piece.hit].paper, piece.span)
            return self._show(self._take_to(len(self.text)) + self._place(len(self.text), [number]))
        return self._settle(is_last=False)

    def finish(self) -> str:
        """There is no more to come; what is left to show."""
        return self._settle(is_last=True)

    def claims(self) -> list[Claim]:
        """The sentences of the text, each with its citations and its support.

        A marker behind a full stop belongs to the sentence that it closes.
        """
        claims = []
        for start, end in sentence_spans(self.text):
            start, end = strip_span(self.text, (start, end))
            numbers = [number for place, number in self.placed if self._owner(place) in range(start, end)]
            if start < end:
                claims.append(self._claim(self.text[start:end], tuple(dict.fromkeys(numbers))))
        return claims

    def citations(self) -> list[Citation]:
        """By number."""
        return list(self.quotes.values())

    def markers(self) -> Markers:
        return Markers(self.written, self.unknown)

    def _settle(self, *, is_last: bool) -> str:
        """Place the markers whose sentence is whole, and show the text as far as the next that waits."""
        new = ""
        while self._waiting and (sentence := self._sentence(self._waiting[0][0], is_last)):
            place, marker = self._waiting.pop(0)
            self._sentence_from = sentence[0]
            numbers = list(self._cite(marker, self.text[slice(*sentence)].strip()))
            new += self._take_to(place) + self._place(place, list(dict.fromkeys(numbers)))
        return self._show(new + self._take_to(self._waiting[0][0] if self._waiting else len(self.text)))

    def _show(self, new: str) -> str:
        self.shown += new
        return new

    def _take_to(self, place: int) -> str:
        start, self._shown_to = self._shown_to, place
        return self.text[start:place]

    def _place(self, place: int, numbers: list[int]) -> str:
        self.placed += [(place, number) for number in numbers]
        shown = "".join(f"[{number}]" for number in numbers)
        touches = shown and self.text[:place].strip() and not self.text[place - 1].isspace()
        return f" {shown}" if touches else shown

    def _sentence(self, place: int, is_last: bool) -> Span | None:
        """The sentence that a marker belongs to, None where it may still grow."""
        owner, offset = self._owner(place), self._sentence_from
        for start, end in sentence_spans(self.text[offset:]):
            if start <= owner - offset < end and (is_last or self.text[offset + end :].strip()):
                return offset + start, offset + end
        return (place, place) if is_last else None

    def _owner(self, place: int) -> int:
        """The place of a character in the sentence of a marker.

        The last one before it that is no white space: a marker behind a full stop belongs to the
        sentence that it closes. With nothing before it, the first one behind it.
        """
        before = self.text[:place].rstrip()
        return len(before) - 1 if before else len(self.text) - len(self.text[place:].lstrip())

    def _claim(self, text: str, numbers: tuple[int, ...]) -> Claim:
        cited = [citation for citation in self.quotes.values() if citation.number in numbers]
        if not cited:
            return Claim(text, numbers, 0.0, False)
        passages = [part for citation in cited for part in (citation.title, citation.quote)]
        judged = support(text, passages, self.judge)
        return Claim(text, numbers, judged.value, judged.supported)

    def _cite(self, marker: Marker, sentence: str) -> Iterator[int]:
        for key in marker.keys:
            if 1 <= key <= len(self.hits):
                paper = self.hits[key - 1].paper
                yield self._number(paper, best_quote(sentence, paper, self.judge))
            else:
                self.unknown += 1

    def _number(self, paper: Paper, span: Span) -> int:
        start, end = span
        return self.quotes.setdefault(
            (paper.paper_id, span),
            Citation(
                number=len(self.quotes) + 1,
                paper_id=paper.paper_id,
                title=paper.title,
                published=paper.published,
                organization=paper.organization,
                quote=paper.abstract[start:end],
                start=start,
                end=end,
            ),
        ).number


def best_quote(claim: str, paper: Paper, judge: Judge) -> Span:
    """The sentence of the abstract that best supports a claim, or two neighbours where one is not
    enough, without white space at the ends."""
    abstract = paper.abstract
    spans = [strip_span(abstract, span) for span in sentence_spans(abstract)]
    pairs = [(first[0], second[1]) for first, second in pairwise(spans)]
    judged = judge.judge([(claim, (paper.title, abstract[a:b])) for a, b in spans + pairs])
    values = [found.value for found in judged]
    values[len(spans) :] = [value - _SECOND_SENTENCE for value in values[len(spans) :]]
    return max(zip(values, spans + pairs, strict=True), key=lambda row: row[0])[1]

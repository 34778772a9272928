"""Citations: markers in what a writer writes become numbered, verbatim quotes.

A number stands for one quote. It is given at the quote's first use, so that text can be shown
while it is still being written.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from rag.sentences import sentence_spans, strip_span
from rag.support import SUPPORTED, support
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
_MARKER = re.compile(r"[\[【](\s*\d{1,4}\s*(?:[,;\-–]\s*\d{1,4}\s*)*)[\]】]")
_PARTIAL = re.compile(r"[\[【][\d\s,;\-–]*\Z")
_RANGE = re.compile(r"(\d+)\s*[-–]\s*(\d+)")
_LONGEST_RANGE = 50
_SECOND_SENTENCE = 0.15  # how much more support makes a quote of two sentences worth its length


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
        partial = _PARTIAL.search(held)
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
    text: str = ""  # without markers
    shown: str = ""  # with them
    placed: list[tuple[int, int]] = field(default_factory=list)  # place in the text, number
    written: int = 0
    unknown: int = 0
    quotes: dict[tuple[str, Span], Citation] = field(default_factory=dict)

    def add(self, piece: Piece) -> str:
        """Take the next piece; what of it there is to show."""
        if isinstance(piece, str):
            self.text += piece
            new = piece
        else:
            numbers = list(dict.fromkeys(self._cite(piece)))
            self.placed += [(len(self.text), number) for number in numbers]
            new = "".join(f"[{number}]" for number in numbers)
            if new and self.text and not self.text[-1].isspace():
                new = f" {new}"
        self.shown += new
        return new

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

    def _owner(self, place: int) -> int:
        """The last character before a marker that is no white space."""
        return len(self.text[:place].rstrip()) - 1

    def _claim(self, text: str, numbers: tuple[int, ...]) -> Claim:
        cited = [citation for citation in self.quotes.values() if citation.number in numbers]
        evidence = " ".join(f"{citation.title} {citation.quote}" for citation in cited)
        value = support(text, evidence) if cited else 0.0
        return Claim(text, numbers, value, value >= SUPPORTED)

    def _cite(self, piece: Marker | Quote) -> Iterator[int]:
        if isinstance(piece, Quote):
            self.written += 1
            yield self._number(self.hits[piece.hit].paper, piece.span)
            return
        self.written += len(piece.keys)
        for key in piece.keys:
            if 1 <= key <= len(self.hits):
                paper = self.hits[key - 1].paper
                yield self._number(paper, best_quote(self._last_sentence(), paper))
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

    def _last_sentence(self) -> str:
        text = self.text.rstrip()
        start, end = sentence_spans(text)[-1] if text else (0, 0)
        return text[start:end]


def best_quote(claim: str, paper: Paper) -> Span:
    """The sentence of the abstract that best supports a claim, or two neighbours where one is not
    enough, without white space at the ends."""
    abstract = paper.abstract
    spans = [strip_span(abstract, span) for span in sentence_spans(abstract)]
    pairs = [(first[0], second[1]) for first, second in pairwise(spans)]
    scored = [(support(claim, _evidence(paper, span)), span) for span in spans]
    wider = [(support(claim, _evidence(paper, span)) - _SECOND_SENTENCE, span) for span in pairs]
    return max(scored + wider, key=lambda row: row[0])[1]


def _evidence(paper: Paper, span: Span) -> str:
    return f"{paper.title} {paper.abstract[span[0] : span[1]]}"

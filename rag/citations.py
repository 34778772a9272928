"""Turns what a writer writes into checked sentences with numbered, verbatim quotes.

A sentence is shown once it is whole, its quotes are chosen and the judge has found it supported. After the
first unsupported one, all wait until the writer is done: then unsupported sentences may be repaired, or
else are marked or left out. A number stands for one quote, from when it is first shown. What has been
shown is never taken back.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from rag.layout import belongs, lead_in, with_marks, without_gaps
from rag.markers import UNSUPPORTED, Marker, neutral
from rag.readable import in_our_words
from rag.sentences import LONGEST_SENTENCE, sentence_spans, strip_span
from rag.support import Judge, Support, support
from rag.types import Check, Citation, Claim, Hit, Markers, Paper, Span, Unsupported


@dataclass(frozen=True)
class Quote:
    """A marker that names the words it cites: the index of a hit, and a span.

    The piece of text before it is part of its sentence, however it looks. The sentence ends at the first
    white space after a full stop or the like, or at the end of the line.
    """

    hit: int
    span: Span


@dataclass(frozen=True)
class Heading:
    """The title of the hit with this index, before the sentences that are quoted from it."""

    hit: int


Piece = str | Marker | Quote | Heading

_SECOND_SENTENCE = 0.1  # the support that a second sentence must add to a quote
# White space before a sentence, with code fences and the bullet or number of a list item.
_LEAD = re.compile(r"(?:\s*```\w*[ \t]*(?=\n|\Z))*\s*(?:(?:[-*•–+]|\d{1,3}[.)]|#{1,6})[ \t]+)?\s*")
_QUOTED_LEAD = re.compile(r"\s*(?:[-*•–+][ \t]+)?")  # "1) " may be the paper's
_LINE_END = re.compile(r"\n(?=\s*\n|[ \t]*[^\sa-z])")  # unless the next line begins in lower case
_MAY_END = re.compile(r"[^\w\s,]\s+\S")
_USUAL = 500  # characters of a sentence whose end is looked for after each word of a stream
_STEP = 500  # characters after which a longer one is read again
_MOST_PASSAGES = 200  # that a sentence is checked against, with headings
_QUOTED_END = re.compile(r"[.!?:;…][\"'”’)\]]*\Z")
_SPACE = re.compile(r"\s")
_UNCITED = Support(0.0, supported=False, reasons=("it cites nothing",))
_VERBATIM = Support(1.0, supported=True, evidence=1.0)


@dataclass
class AnswerSentence:
    """A sentence of an answer: its layout, its words without markers, and what it cites."""

    lead: str  # the white space before it, with its bullet
    text: str
    keys: list[tuple[int, tuple[int, ...]]] = field(default_factory=list)  # place in the text, keys
    quotes: list[tuple[int, Paper, Span]] = field(default_factory=list)  # place in the text, the words
    support: Support = _UNCITED
    check: Check = "not found"

    @property
    def draft(self) -> str:
        """The sentence with the keys that the model gave."""
        marks = [(place, "".join(f"[{key}]" for key in keys)) for place, keys in self.keys]
        return with_marks(self.text, marks)


@dataclass
class Composer:
    """Puts an answer together from the pieces of a writer that saw these hits."""

    hits: Sequence[Hit]
    judge: Judge  # of the sentences
    picker: Judge  # of the quotes
    preface: str = ""  # comes before the first sentence, with white space after it
    shown: str = ""
    written: int = 0  # keys and quotes
    unknown: int = 0  # keys that name no hit
    dropped: int = 0  # sentences
    claims: list[Claim] = field(default_factory=list)  # shown
    quotes: dict[tuple[str, Span], Citation] = field(default_factory=dict)
    waiting: list[AnswerSentence] = field(default_factory=list)  # whole and checked
    _held: str = ""  # the last piece of text, after half a word
    _half: int = 0  # characters of that in which no word ends
    _tail: str = ""  # words of an unfinished sentence
    _marks: list[tuple[int, Marker | Quote]] = field(default_factory=list)  # place in the tail
    _quoted_to: int = 0  # no sentence ends before this place in the tail
    _is_bare: bool = False  # the tail holds no word yet
    _read: int = 0  # length of the tail when its end was last looked for

    def add(self, piece: Piece) -> str:
        """Take the next piece. Returns the new text to show."""
        if isinstance(piece, Heading):
            return self._head(self.hits[piece.hit].paper)
        self._take(piece)
        return self._show_supported()

    def _head(self, paper: Paper) -> str:
        """Show a title, which ends the sentence before it."""
        before = self.finish()
        gap = "\n\n" if self.shown else self.preface
        return before + self.say(f"{gap}{in_our_words(paper.heading)}\n")

    def finish(self) -> str:
        """End the text. Returns the new text to show, up to the first unsupported sentence."""
        self._end()
        return self._show_supported()

    def doubts(self) -> list[AnswerSentence]:
        """The waiting sentences that are not supported."""
        return [sentence for sentence in self.waiting if not sentence.support.supported]

    def mend(self, doubt: AnswerSentence, pieces: Iterable[Piece]) -> None:
        """Replace a sentence in doubt by these words, if each of their sentences is supported."""
        other = Composer(self.hits, self.judge, self.picker)
        for piece in pieces:
            other.add(piece)
        other._end()
        if not other.waiting or other.doubts():
            return
        other.waiting[0].lead = doubt.lead
        place = self.waiting.index(doubt)
        self.waiting[place : place + 1] = other.waiting
        self.written += other.written
        self.unknown += other.unknown

    def has_support(self) -> bool:
        """Whether any sentence, shown or waiting, is supported."""
        return any(claim.supported for claim in self.claims) or len(self.doubts()) < len(self.waiting)

    def is_judged(self) -> bool:
        """Whether any shown sentence went to the judge."""
        return any(claim.check != "verbatim" for claim in self.claims)

    def marked(self) -> int:
        """How many shown sentences are not supported."""
        return sum(not claim.supported for claim in self.claims)

    def show_rest(self, unsupported: Unsupported) -> str:
        """Show what waits, with unsupported sentences marked or left out."""
        new = lead = ""
        for sentence in self.waiting:
            sentence.lead = max(sentence.lead, lead, key=lambda text: text.count("\n"))
            if sentence.support.supported or unsupported == "mark":
                new, lead = new + self._show(sentence), ""
            else:
                self.dropped, lead = self.dropped + 1, sentence.lead
        self.waiting = []
        return new

    def say(self, text: str) -> str:
        """Show a text that claims nothing."""
        self.shown += text
        return text

    def forget(self) -> None:
        """Drop what has not been shown."""
        self.waiting, self._marks, self._quoted_to = [], [], 0
        self._held = self._tail = ""
        self._half = self._read = 0

    def citations(self) -> list[Citation]:
        """The shown citations, by number."""
        return list(self.quotes.values())

    def markers(self) -> Markers:
        return Markers(self.written, self.unknown)

    def _take(self, piece: str | Marker | Quote) -> None:
        if isinstance(piece, Quote):  # the held text is its sentence
            self._take_held()
            self._quoted_to = len(self._tail)
        else:
            self._take_words()
        if isinstance(piece, str):
            self._held += piece
        else:
            self._take_held()
            self._marks.append((len(self._tail), piece))

    def _end(self) -> None:
        self._take_words()
        self._take_held()
        while self._settle(is_last=True):
            pass

    def _take_held(self) -> None:
        self._tail, self._held, self._half, self._is_bare = self._tail + self._held, "", 0, False

    def _take_words(self) -> None:
        """Take the whole words of the held text one by one, so that the cuts of a stream change nothing."""
        taken = 0
        for space in _SPACE.finditer(self._held, self._half):
            word, taken = self._held[taken : space.end()], space.end()
            ends_word = word == "\n" or not self._tail[-1:].isspace()
            self._tail += word
            if word.isspace() and (self._is_bare or not ends_word):
                continue  # a further space; there may be thousands
            while self._settle(is_last=False):
                pass
        self._held = self._held[taken:]
        self._half = len(self._held)

    def _settle(self, *, is_last: bool) -> bool:
        """Make a checked sentence of the beginning of the tail; False if none is whole."""
        tail = self._tail
        lead = (_QUOTED_LEAD if self._quoted_to else _LEAD).match(tail)
        start = lead.end() if lead else 0
        self._is_bare = start == len(tail)
        end = self._first_end(start, is_last)
        if end is None:
            return False
        following = len(tail) - len(tail[end:].lstrip())
        marks, later = [], []
        for place, mark in self._marks:
            if belongs(place, tail, end, following):
                marks.append((place, mark))
            else:
                later.append((place - end, mark))
        self._marks = later
        self._tail, self._quoted_to, self._read = tail[end:], max(0, self._quoted_to - end), 0
        places = [min(max(place, start), end) - start for place, _ in marks]
        text, places = without_gaps(neutral(tail[start:end]), places)
        sentence = AnswerSentence(tail[:start], text)
        self._cite(sentence, zip(places, [mark for _, mark in marks], strict=True))
        if any(map(str.isalnum, text)):
            self.waiting.append(sentence)
        return True

    def _first_end(self, start: int, is_last: bool) -> int | None:
        """Where the first sentence of the tail ends, without white space; None if it may grow.

        One that is too long ends anyhow.
        """
        tail = self._tail
        if not tail[start:]:
            return start if is_last and (tail or self._marks) else None
        if self._quoted_to > start:
            spaces = (space.start() for space in _SPACE.finditer(tail, self._quoted_to))
            ends = (at for at in spaces if tail[at] == "\n" or _QUOTED_END.search(tail[:at]))
            return next(ends, len(tail.rstrip()) if is_last else None)
        longest = start + LONGEST_SENTENCE
        if not is_last and len(tail) <= longest and self._is_read_enough(len(tail) - start):
            return None
        line = _LINE_END.search(tail, start, longest)
        region = tail[start : line.start() if line else longest].replace("\n", " ").rstrip()
        is_whole = is_last or line is not None or len(tail) > longest
        letter = next((place for place, char in enumerate(region) if char.isalpha()), len(region))
        if not is_whole and (letter == len(region) or not _MAY_END.search(region)):
            return None
        stops = [stop for _, stop in sentence_spans(region)] or [0]
        first = next((stop for stop in stops if stop > letter), stops[-1])
        return start + strip_span(region, (0, first))[1] if is_whole or first < stops[-1] else None

    def _is_read_enough(self, length: int) -> bool:
        """Whether to skip reading a sentence after this word, as it is long and was just read: otherwise
        time would grow with the square of its length."""
        if length > _USUAL and len(self._tail) - self._read < _STEP:
            return True
        self._read = len(self._tail)
        return False

    def _cite(self, sentence: AnswerSentence, marks: Iterable[tuple[int, Marker | Quote]]) -> None:
        """Choose the quotes of a sentence, and check it against them."""
        chosen: dict[int, Span] = {}  # by key, which a model may repeat a thousand times
        for place, mark in marks:
            if isinstance(mark, Quote):
                self.written += 1
                sentence.quotes.append((place, self.hits[mark.hit].paper, mark.span))
                continue
            known = [key for key in mark.keys if 1 <= key <= len(self.hits)]
            self.written += len(mark.keys)
            self.unknown += len(mark.keys) - len(known)
            if known:
                sentence.keys.append((place, tuple(known)))
            for key in known:
                paper = self.hits[key - 1].paper
                if key not in chosen:
                    chosen[key] = best_quote(sentence.text, paper, self.picker)
                sentence.quotes.append((place, paper, chosen[key]))
        if sentence.quotes and not sentence.keys:
            sentence.support, sentence.check = _VERBATIM, "verbatim"
            return
        passages = [
            part for _, paper, (a, b) in sentence.quotes for part in (paper.heading, paper.abstract[a:b])
        ]
        if passages:
            sentence.support = support(sentence.text, passages[:_MOST_PASSAGES], self.judge)
            sentence.check = "supported" if sentence.support.supported else "not found"

    def _show_supported(self) -> str:
        new = ""
        while self.waiting and self.waiting[0].support.supported:
            new += self._show(self.waiting.pop(0))
        return new

    def _show(self, sentence: AnswerSentence) -> str:
        numbered = [(place, self._number(paper, span)) for place, paper, span in sentence.quotes]
        marks = [(place, f"[{number}]") for place, number in dict.fromkeys(numbered)]
        before = "" if self.shown else self.preface
        new = before + lead_in(sentence.lead, self.shown) + with_marks(sentence.text, marks)
        if not sentence.support.supported:
            new += f" {UNSUPPORTED}"
        numbers = tuple(dict.fromkeys(number for _, number in numbered))
        self.claims.append(Claim(sentence.text, numbers, sentence.check, round(sentence.support.value, 4)))
        return self.say(new)

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
                authors=paper.authors,
            ),
        ).number


def best_quote(claim: str, paper: Paper, judge: Judge) -> Span:
    """The sentence of the abstract that best supports a claim, or two neighbours if one is not enough,
    without white space at the ends."""
    abstract = paper.abstract
    spans = [strip_span(abstract, span) for span in sentence_spans(abstract)]
    pairs = [(first[0], second[1]) for first, second in pairwise(spans)]
    judged = judge.judge([(claim, (paper.heading, abstract[a:b])) for a, b in spans + pairs])
    values = [result.value for result in judged]
    values[len(spans) :] = [value - _SECOND_SENTENCE for value in values[len(spans) :]]
    return max(zip(values, spans + pairs, strict=True), key=lambda row: row[0])[1]

"""Takes what a writer writes, piece by piece: the text to show, and the parts of the answer."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from rag.checking import Quote, Verdict
from rag.markers import Marker, neutral
from rag.parts import Parts, Sentence, as_marker, numbered, split
from rag.readable import in_our_words
from rag.types import Hit, Markers, Part, Passage


@dataclass(frozen=True)
class Quoted:
    """A sentence that is quoted: how it reads, the index of the hit, and the place of its words."""

    text: str
    hit: int
    place: Passage


@dataclass(frozen=True)
class Heading:
    """The title of the hit with this index, before the sentences that are quoted from it."""

    hit: int


class Anew:
    """Discards everything that was written before."""


ANEW = Anew()
Piece = str | Marker | Quoted | Heading | Anew
_LEADS: dict[Part, str] = {"note": "Your note: "}
"""What stands before a quote that is no words of the paper."""

# What may become a marker with what follows.
_HALF_BRACKET = re.compile(r"[\[【［][^\[\]【】［］\n]*\Z")
_LONGEST_BRACKET = 80


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
        """Whether nothing has been written yet."""
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
        if self._has_gap and text and not text[0].isalnum():
            self._held = self._held.removesuffix(" ")
        self._has_gap = self._has_gap and not text
        text = neutral(self._held + text if self._open else (self._held + text).lstrip())
        bracket = _HALF_BRACKET.search(text, max(0, len(text) - _LONGEST_BRACKET))
        kept = text[: bracket.start() if bracket else len(text)].rstrip()
        self._held = text[len(kept) :]
        self._open += kept
        return self._shown(kept)

    def _add_marker(self, marker: Marker) -> str:
        unknown = [key for key in marker.keys if not 1 <= key <= len(self.hits)]
        known = [key for key in dict.fromkeys(marker.keys) if key not in unknown]
        self.written += len(marker.keys)
        self.unknown += len(unknown)
        if not known:
            self._has_gap = True
            return ""
        gap = self._held or " " * (self._last not in ("", "]", "(", "\n"))
        self._held = ""
        self._open += gap + as_marker(known)
        return self._shown(gap + as_marker(known))

    def _add_quoted(self, quoted: Quoted) -> str:
        held = self.end()
        self.written += 1
        hit = self.hits[quoted.hit]
        gap = " " * (self._last not in ("", "\n")) + _LEADS.get(quoted.place.part, "")
        text = neutral(quoted.text)
        sentence = Sentence(text, text, (), Verdict("verbatim", (Quote.at(hit.paper, quoted.place),)))
        sentence.cite([quoted.hit + 1])
        self.parts += [gap, sentence]
        return held + self._shown(gap + sentence.raw)

    def _shown(self, raw: str) -> str:
        text = numbered(raw, self._numbers)
        self._last = text[-1:] or self._last
        return text

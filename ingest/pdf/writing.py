"""The text of a paper, written from its lines, with the place of each word."""

import re
import unicodedata
from array import array
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np

from ingest.pdf.lines import Line, Word
from rag.body import Block, BlockKind, Runs

_UNPRINTED = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ufffe\uffff\ufffd\u00ad]")
_HYPHENS = "-‐‑"
_COMPOUND = re.compile(r"\w+[-‐‑]\w+")
_WORD = re.compile(r"\w+(?:[-‐‑]\w+)*")


@dataclass
class Vocabulary:
    """How often words stand in a paper, whole within lines; decides which hyphens at line ends are kept."""

    counts: Counter[str] = field(default_factory=Counter)

    @classmethod
    def of(cls, lines: Iterable[Line]) -> "Vocabulary":
        counts: Counter[str] = Counter()
        for line in lines:
            text = " ".join(word.text for word in line.words[1:-1]).lower()
            for match in _WORD.finditer(text):
                counts[match[0]] += 1
                if "-" in match[0]:
                    for part in match[0].split("-"):
                        counts[part] += 1
        return cls(counts)

    def text_of(self, lines: Sequence[Line]) -> str:
        """The text of lines in one, with hyphens at line ends mended."""
        text = ""
        for line in lines:
            before, hyphen, _ = text.rpartition("-")
            if hyphen and text.endswith("-") and line.text[:1].isalpha():
                text = (
                    text + line.text
                    if self.keeps_hyphen(before, line.words[0].text)
                    else before + line.text
                )
            else:
                text = f"{text} {line.text}" if text else line.text
        return clean(text)

    def keeps_hyphen(self, before: str, after: str) -> bool:
        """Whether the hyphen between two parts of a word, at the end of a line, is one of the word."""
        head = re.split(r"[^\w-]", before)[-1].lower()
        tail = re.split(r"[^\w-]", after)[0].lower() if after else ""
        hyphenated, joined = self.counts[f"{head}-{tail}"], self.counts[head + tail]
        if hyphenated or joined:
            return hyphenated > joined
        if not tail[:1].isalpha() or not head[-1:].isalpha() or after[:1].isupper():
            return True
        # Whole words on both sides: "between-subjects". A part of a word seldom stands alone.
        parts = [part for part in (head.split("-")[-1], tail) if len(part) > 2 and self.counts[part] > 1]
        if head.endswith("ally") and len(head) > 6:
            return True  # "computationally-efficient"
        return "-" in head or (len(parts) == 2 and min(len(part) for part in parts) > 3)


class Writing:
    """Text that grows by blocks, with runs for its words."""

    def __init__(self, vocabulary: Vocabulary) -> None:
        self._vocabulary = vocabulary
        self._parts: list[str] = []
        self._length = 0
        self._line = -1
        self.blocks: list[Block] = []
        self._places = array("i")  # start, end, page and line of each run
        self._boxes = array("f")

    @property
    def text(self) -> str:
        return "".join(self._parts)

    @property
    def runs(self) -> Runs:
        starts, ends, pages, lines = np.array(self._places, np.int32).reshape(-1, 4).T
        return Runs(starts, ends, pages, lines, np.array(self._boxes, np.float32).reshape(-1, 4))

    def add(self, kind: BlockKind, lines: Sequence[Line], section: str | None) -> None:
        """A block of lines: joined by spaces, those of listings by line ends."""
        if not any(word.text for line in lines for word in line.words):
            return
        if self._length:
            self._append("\n\n")
        start = self._length
        separator = "\n" if kind == "listing" else " "
        for place, line in enumerate(lines):
            self._line += 1
            if place and not self._parts[-1].endswith("\x00"):
                self._append(separator)
            following = lines[place + 1] if place + 1 < len(lines) and kind != "listing" else None
            if kind == "listing":
                self._add_code(line, min(line.box[0] for line in lines))
            else:
                self._add_words(line.words, line.page, following)
        self.blocks.append(Block(kind, start, self._length, section))

    def add_row(self, cells: Sequence[Sequence[Line]], section: str | None, is_next_row: bool) -> None:
        """A row of a table by cells, each of one or more lines."""
        if self._length:
            self._append("\n" if is_next_row else "\n\n")
        start = self._length
        for place, cell in enumerate(cells):
            if place:
                self._append("\t")
            for number, line in enumerate(cell):
                self._line += 1
                if number and not self._parts[-1].endswith("\x00"):
                    self._append(" ")
                self._add_words(line.words, line.page, cell[number + 1] if number + 1 < len(cell) else None)
        self.blocks.append(Block("row", start, self._length, section))

    def _add_code(self, line: Line, left: float) -> None:
        """A line of a listing, with its indentation and the gaps within as spaces."""
        width = _width(line)
        right = left
        for place, word in enumerate(line.words):
            spaces = round((word.box[0] - right) / width) if width else 0
            self._append(" " * min(40, max(spaces, 1 if place else 0)))
            self._add_word(word, line.page, word.text)
            right = word.box[2]

    def _add_words(self, words: Sequence[Word], page: int, following: Line | None) -> None:
        for place, word in enumerate(words):
            if place:
                self._append(" ")
            text = word.text
            is_last = place + 1 == len(words)
            if is_last and following is not None and len(text) > 1 and text[-1] in _HYPHENS:
                after = following.words[0].text
                if text[-2].isalnum() and after[:1].isalnum():
                    keeps = self._vocabulary.keeps_hyphen(text[:-1], after)
                    self._add_word(word, page, text if keeps else text[:-1])
                    self._parts.append("\x00")
                    continue
            self._add_word(word, page, text)

    def _add_word(self, word: Word, page: int, text: str) -> None:
        start = self._length
        self._append(clean(text))
        if self._length > start:
            self._places.extend((start, self._length, page, self._line))
            self._boxes.extend(word.box)

    def _append(self, text: str) -> None:
        if self._parts and self._parts[-1] == "\x00":
            self._parts.pop()
        self._parts.append(text)
        self._length += len(text)


def clean(text: str) -> str:
    """Text in the usual composition, without characters that print nothing."""
    return text if text.isascii() and text.isprintable() else _normal(text)


def _normal(text: str) -> str:
    return unicodedata.normalize("NFC", _UNPRINTED.sub("", text))


def _width(line: Line) -> float:
    """The usual width of a letter of a line."""
    letters = sum(len(word.text) for word in line.words)
    return sum(word.box[2] - word.box[0] for word in line.words) / max(1, letters)

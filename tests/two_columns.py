"""A paper in two columns, made with reportlab, and where each of its words stands."""

from dataclasses import dataclass
from pathlib import Path

import pytest

WIDTH, HEIGHT = 612.0, 792.0  # points
_SIZE, _LEADING, _COLUMN = 10, 12.5, 240
_LEFTS, _TOP, _LINES = (60, 312), 150, 48
_ASCENT, _DESCENT = 0.683, 0.217  # of Times, in its size
TITLE = "Counting Moths by the Light of Lamps"
ABSTRACT = (
    "Moths come to lamps, and lamps are easy to watch for a whole summer. We compare four kinds of lamps "
    "in three valleys and count the moths that come to each of them between dusk and dawn."
)
QUOTE = (
    "The mercury lamp drew 412 moths of 37 species in a night, which is three times the number that the "
    "diode lamp drew in the same meadow."
)
OTHER_QUOTE = "Rain stopped the count in nine nights of July, so these nights are left out of all averages."
_FILLER = (
    "Each trap stood at the edge of a meadow, two metres above the ground and far from any road.",
    "We emptied the traps at dawn and named every moth before we let it go again.",
    "Two observers worked apart from each other, and they agreed on nearly all of the names.",
    "The valleys differ in height and in the trees that grow around their meadows.",
    "Wind was noted every hour, as moths fly little when the wind is strong.",
    "Lamps were changed from trap to trap every week, so that no place favours one of them.",
)
SECTIONS = (
    ("1. Introduction", _FILLER * 5),
    ("2. Methods", _FILLER * 5),
    ("3. Results of the summer", (*_FILLER[:4], QUOTE, *_FILLER * 4)),
    ("4. Weather", (*_FILLER * 2, OTHER_QUOTE, *_FILLER[:3])),
)


@dataclass(frozen=True)
class Word:
    """A word on a page, in points from its top left corner; `section` and `sentence` are numbers."""

    text: str
    page: int
    left: float
    top: float
    right: float
    bottom: float
    sentence: str


class _Writer:
    def __init__(self, path: Path) -> None:
        canvas = pytest.importorskip("reportlab.pdfgen.canvas")
        self._width = pytest.importorskip("reportlab.pdfbase.pdfmetrics").stringWidth
        self.canvas = canvas.Canvas(str(path), pagesize=(WIDTH, HEIGHT))
        self.page, self._column, self._line, self.words = 1, 0, 0, []

    def paragraph(self, sentences, font="Times-Roman", size=_SIZE):
        """Words from the left to the end of each line, then an empty line."""
        at = 0.0
        for sentence in sentences:
            for text in sentence.split():
                width = self._width(text, font, size)
                if at + width > _COLUMN:
                    self._next()
                    at = 0.0
                self._write(text, at, width, font, size, sentence)
                at += width + self._width(" ", font, size)
        self._next()
        self._next()

    def _write(self, text, at, width, font, size, sentence):
        left, baseline = _LEFTS[self._column] + at, _TOP + self._line * _LEADING
        self.canvas.setFont(font, size)
        self.canvas.drawString(left, HEIGHT - baseline, text)
        top, bottom = baseline - _ASCENT * size, baseline + _DESCENT * size
        self.words.append(Word(text, self.page, left, top, left + width, bottom, sentence))

    def _next(self):
        self._line += 1
        if self._line >= _LINES:
            self._line, self._column = 0, self._column + 1
        if self._column == len(_LEFTS):
            self.canvas.showPage()
            self.page, self._column = self.page + 1, 0


def write_paper(path: Path) -> list[Word]:
    """Write the paper to a file; its words in order."""
    writer = _Writer(path)
    writer.canvas.setTitle(TITLE)
    for text, y, size in ((TITLE, 70, 17), ("Ada Example and Ben Sample", 95, 11)):
        writer.canvas.setFont("Times-Bold" if size > 12 else "Times-Roman", size)
        writer.canvas.drawCentredString(WIDTH / 2, HEIGHT - y, text)
    writer.paragraph(["Abstract"], "Times-Bold", 12)
    writer.paragraph([ABSTRACT])
    for heading, sentences in SECTIONS:
        writer.paragraph([heading], "Times-Bold", 12)
        writer.paragraph(sentences)
    writer.canvas.save()
    return writer.words

"""Makes small PDFs whose words, and the places of these, are known."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from reportlab.pdfbase.pdfmetrics import stringWidth
from reportlab.pdfgen.canvas import Canvas

A4 = (595.0, 842.0)
TEXT_LEFT, TEXT_RIGHT = 72.0, 523.0


@dataclass
class PdfMaker:
    """Places text by its distance from the top left of a page; `placed` says where each word is.

    `placed` has page, word, left, baseline and right.
    """

    path: Path
    size: tuple[float, float] = A4
    placed: list[tuple[int, str, float, float, float]] = field(default_factory=list)
    page: int = 1

    def __post_init__(self) -> None:
        self.canvas = Canvas(str(self.path), pagesize=self.size, invariant=True)

    def text(self, left: float, top: float, text: str, font: str = "Times-Roman", size: float = 10) -> None:
        """A line whose baseline is `top` points below the page's top."""
        self.canvas.setFont(font, size)
        self.canvas.drawString(left, self.size[1] - top, text)
        for start, word in _words(text):
            x = left + stringWidth(text[:start], font, size)
            self.placed.append((self.page, word, x, top, x + stringWidth(word, font, size)))

    def lines(
        self, left: float, top: float, lines: Sequence[str], leading: float = 12, **font: object
    ) -> float:
        """Lines one below the other; the baseline of the next."""
        for place, line in enumerate(lines):
            self.text(left, top + place * leading, line, **font)  # type: ignore[arg-type]
        return top + len(lines) * leading

    def prose(self, left: float, right: float, top: float, text: str, leading: float = 12) -> float:
        """A justified paragraph in Times of 10 points; the baseline of the line after it."""
        rows = wrapped(text, right - left)
        for place, row in enumerate(rows):
            width = sum(stringWidth(word, "Times-Roman", 10) for word in row)
            is_last = place + 1 == len(rows)
            space = 2.5 if is_last or len(row) == 1 else (right - left - width) / (len(row) - 1)
            x = left
            for word in row:
                self.text(x, top + place * leading, word)
                x += stringWidth(word, "Times-Roman", 10) + space
        return top + len(rows) * leading

    def next_page(self) -> None:
        self.canvas.showPage()
        self.page += 1

    def save(self) -> Path:
        self.canvas.save()
        return self.path


def wrapped(text: str, width: float) -> list[list[str]]:
    """The words of each line of a paragraph in Times of 10 points."""
    rows: list[list[str]] = [[]]
    for word in text.split():
        if rows[-1] and stringWidth(" ".join([*rows[-1], word]), "Times-Roman", 10) > width:
            rows.append([])
        rows[-1].append(word)
    return rows


def sentences(subject: str, count: int) -> list[str]:
    """Sentences that are all different."""
    return [
        f"{subject} trial {number} shows that the mean of a sample of {number + 3} plants grows slowly with"
        f" the depth of the soil and the age of the trees around them."
        for number in range(1, count + 1)
    ]


def raw_pdf(path: Path, content: bytes, fonts: bytes) -> Path:
    """A page with a stream of operators and a dictionary of fonts."""
    objects = [
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents 4 0 R/Resources<</Font"
        + fonts
        + b">>>>",
        b"<</Length %d>>stream\n" % len(content) + content + b"\nendstream",
    ]
    body = b"%PDF-1.4\n"
    offsets = []
    for number, written in enumerate(objects, 1):
        offsets.append(len(body))
        body += b"%d 0 obj" % number + written + b"endobj\n"
    table = b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    trailer = b"trailer<</Size 5/Root 1 0 R>>startxref\n%d\n%%%%EOF" % len(body)
    path.write_bytes(body + b"xref\n0 5\n0000000000 65535 f \n" + table + trailer)
    return path


def _words(text: str) -> list[tuple[int, str]]:
    start, words = 0, []
    for word in text.split(" "):
        if word:
            words.append((start, word))
        start += len(word) + 1
    return words

"""What is kept of each page until the whole file is read: pieces of words, pictures and plots."""

from collections.abc import Sequence
from dataclasses import dataclass

from ingest.pdf.characters import Characters
from ingest.pdf.frames import Frame
from ingest.pdf.lines import Word, pieces_of
from ingest.pdf.plots import plots_of
from ingest.pdf.shapes import Rectangle

_WHOLE = 0.9  # of the characters of a page


@dataclass(frozen=True)
class PrintedPage:
    """The pieces of words on a page, and its figures."""

    frame: Frame
    pieces: Sequence[Word]
    pictures: Sequence[Rectangle]
    plots: Sequence[Rectangle]
    is_in_form: bool
    """Whether nearly all of its text is in drawings that are placed on it."""
    turned: str
    """The text in other directions, such as a stamp in the margin."""

    @classmethod
    def of(cls, page: Characters) -> "PrintedPage":
        width, height = page.frame.width, page.frame.height
        return cls(
            page.frame,
            pieces_of(page),
            [shape.box for shape in page.shapes if shape.is_picture],
            plots_of(page.shapes, width, height),
            len(page.texts) > 0 and bool(page.in_form.mean() > _WHOLE),
            page.turned,
        )

    @classmethod
    def nothing(cls) -> "PrintedPage":
        """A page that cannot be read."""
        return cls(Frame(0.0, 0.0), [], [], [], is_in_form=False, turned="")

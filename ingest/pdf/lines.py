"""Words and lines of a page."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

Rectangle = tuple[float, float, float, float]
"""Left, top, right, bottom in points from the top left corner of the page as it is seen."""


@dataclass(frozen=True)
class Word:
    """A word as it is printed; `size` is that of its font in points."""

    text: str
    box: Rectangle
    size: float
    font: str = ""
    is_bold: bool = False
    is_italic: bool = False
    is_fixed: bool = False  # of a font whose letters have one width


@dataclass(frozen=True)
class Line:
    """Words on one baseline of one column, from left to right; `page` counts from 1."""

    words: Sequence[Word]
    page: int

    @cached_property
    def text(self) -> str:
        return " ".join(word.text for word in self.words)

    @cached_property
    def box(self) -> Rectangle:
        lefts, tops, rights, bottoms = zip(*(word.box for word in self.words), strict=True)
        return min(lefts), min(tops), max(rights), max(bottoms)

    @cached_property
    def size(self) -> float:
        """The size of most of its letters."""
        letters: dict[float, int] = {}
        for word in self.words:
            letters[word.size] = letters.get(word.size, 0) + len(word.text)
        return max(letters, key=lambda size: letters[size])

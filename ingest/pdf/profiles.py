"""The usual type of a paper's text, against which lines stand out, and how lines follow one another."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import median
from typing import Literal

from ingest.pdf.lines import Line

LineKind = Literal[
    "text", "heading", "caption", "item", "row", "listing", "formula", "footnote", "contents"
]

_ENDS = re.compile(r"[.!?:;]['\"”’)\]]*$")


@dataclass(frozen=True)
class Profile:
    """The usual size of letters, and the usual distance of baselines, of a paper's text."""

    size: float
    pitch: float
    is_bold: bool
    font: str


def profile_of(lines: Sequence[Line]) -> Profile:
    sizes: Counter[float] = Counter()
    fonts: Counter[str] = Counter()
    for line in lines:
        for word in line.words:
            if not word.is_fixed and not word.is_math:
                sizes[word.size] += len(word.text)
                fonts[word.font] += len(word.text)
    size = sizes.most_common(1)[0][0] if sizes else 10.0
    body = [line for line in lines if abs(line.size - size) < 0.3]
    steps = [
        after.baseline - line.baseline
        for line, after in pairwise(body)
        if same_column(line, after) and 0.9 * size < after.baseline - line.baseline < 2.6 * size
    ]
    bold = sum(len(line.text) for line in body if line.share("is_bold") > 0.8)
    letters = sum(len(line.text) for line in body)
    return Profile(
        size,
        median(steps) if steps else 1.2 * size,
        bold > 0.5 * letters,
        fonts.most_common(1)[0][0] if fonts else "",
    )


def same_column(line: Line, after: Line) -> bool:
    return line.sheet == after.sheet and line.column == after.column


def gap_above(line: Line, before: Line | None, profile: Profile) -> float:
    """The distance of a line from the one above, 1 being the usual one; 10 at the top of a column."""
    if before is None or not same_column(before, line) or line.baseline < before.baseline:
        return 10.0
    return (line.baseline - before.baseline) / (profile.pitch * max(0.75, line.size / profile.size))


def ends_sentence(text: str) -> bool:
    return bool(_ENDS.search(text))

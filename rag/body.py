"""The text of a whole paper, with the place of each word on the pages of its file."""

import json
import zlib
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from itertools import groupby, islice, takewhile
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

BlockKind = Literal[
    "front",  # title, authors, affiliations and whatever else stands before the text
    "abstract",
    "heading",
    "paragraph",  # an item of a list, too
    "caption",
    "row",  # of a table
    "listing",
    "formula",
    "footnote",
    "acknowledgements",
    "references",
]
SEARCHED: frozenset[BlockKind] = frozenset(("paragraph", "caption", "row", "footnote"))
"""The kinds of blocks that passages are made of."""

_TENTHS = 10  # boxes are stored in tenths of a point
_LONGEST_SIDE = 6_500.0  # points
_DISPLAYED: frozenset[BlockKind] = frozenset(("formula", "listing"))
_APART = 500  # characters between spans that are read as one, and of what is displayed behind a span


@dataclass(frozen=True)
class Page:
    """A page as a reader sees it, with its rotation applied: sides in points, and its printed label."""

    width: float
    height: float
    label: str | None = None


@dataclass(frozen=True)
class Block:
    """Characters [start, end) of the text, which belong together; `section` is the heading above them."""

    kind: BlockKind
    start: int
    end: int
    section: str | None = None


@dataclass(frozen=True)
class Box:
    """A rectangle on a page (from 1), in points from its top left corner."""

    page: int
    left: float
    top: float
    right: float
    bottom: float


@dataclass(frozen=True)
class Runs:
    """Where characters stand: a run is a word, or the part of a word that one line holds.

    `starts` and `ends` int32 (n,) are offsets in the text, growing; `pages` int32 (n,) count from 1;
    `lines` int32 (n,) are equal for the runs of one line; `boxes` float32 (n, 4) are left, top, right,
    bottom in points from the top left corner of the page.
    """

    starts: NDArray[np.int32]
    ends: NDArray[np.int32]
    pages: NDArray[np.int32]
    lines: NDArray[np.int32]
    boxes: NDArray[np.float32]


@dataclass(frozen=True)
class Body:
    """A paper's text in reading order: blocks with white space between them, and the pages of its file."""

    text: str
    blocks: tuple[Block, ...]
    pages: tuple[Page, ...]
    runs: Runs

    def page_of(self, start: int, end: int) -> int | None:
        """The page, from 1, on which a span begins; None where none of it stands on a page."""
        first, last = self._between(start, end)
        return int(self.runs.pages[first]) if first < last else None

    def label_of(self, page: int) -> str | None:
        """The printed label of a page, where it has one."""
        return self.pages[page - 1].label if 0 < page <= len(self.pages) else None

    def section_of(self, offset: int) -> str | None:
        """The heading above a character."""
        place = bisect_right(self._block_starts, offset) - 1
        return self.blocks[place].section if place >= 0 else None

    def blocks_around(self, start: int, end: int) -> Iterator[Block]:
        """The blocks that have characters of a span."""
        first = max(0, bisect_right(self._block_starts, start) - 1)
        touched = takewhile(lambda block: block.start < end, self.blocks[first:])
        return (block for block in touched if block.end > start)

    def blocks_in(self, start: int, end: int) -> Iterator[Block]:
        """The blocks of a span, cut to it."""
        for block in self.blocks_around(start, end):
            yield replace(block, start=max(block.start, start), end=min(block.end, end))

    def joined(self, spans: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
        """Spans in their order, as they are read: those of a section that stand close together are one.

        Each has the formulas and listings that follow it.
        """
        joined: list[tuple[int, int]] = []
        for start, end in spans:
            end = self._with_displayed(end)
            first, last = joined[-1] if joined else (0, -_APART - 1)
            if start - last <= _APART and self.section_of(start) == self.section_of(first):
                joined[-1] = first, max(last, end)
            else:
                joined.append((start, end))
        return joined

    def _with_displayed(self, end: int) -> int:
        """The end of the formulas and listings that follow a place."""
        following = islice(self.blocks, bisect_left(self._block_starts, end), None)
        displayed = takewhile(
            lambda block: block.kind in _DISPLAYED and block.end - end <= _APART, following
        )
        return max((block.end for block in displayed), default=end)

    def boxes_of(self, start: int, end: int) -> list[Box]:
        """The boxes that cover a span, one for each line, in reading order."""
        runs = self.runs
        places = range(*self._between(start, end))
        return [
            _union(int(runs.pages[group[0]]), runs.boxes[group])
            for _, places_of_line in groupby(places, key=lambda place: int(runs.lines[place]))
            if (group := list(places_of_line))
        ]

    def to_bytes(self) -> bytes:
        """The body packed; about 4 bytes a character."""
        runs = self.runs
        tenths = np.clip(np.rint(runs.boxes * _TENTHS), 0, _LONGEST_SIDE * _TENTHS).astype(np.int32)
        columns = [runs.starts, runs.ends - runs.starts, runs.pages, runs.lines]
        columns += [tenths[:, 0], tenths[:, 1], tenths[:, 2] - tenths[:, 0], tenths[:, 3] - tenths[:, 1]]
        deltas = np.array([_deltas(column) for column in columns])
        if (np.abs(deltas) < 2**15).all():
            deltas = deltas.astype(np.int16)
        header: dict[str, Any] = {
            "text": self.text,
            "blocks": [[block.kind, block.start, block.end, block.section] for block in self.blocks],
            "pages": [list(asdict(page).values()) for page in self.pages],
            "wide": deltas.dtype == np.int32,
        }
        packed = json.dumps(header, ensure_ascii=False).encode("utf-8", "replace")
        planes = deltas.astype(deltas.dtype.newbyteorder("<")).view(np.uint8).reshape(-1, deltas.itemsize)
        return zlib.compress(len(packed).to_bytes(4, "little") + packed + planes.T.tobytes(), 9)

    @classmethod
    def from_bytes(cls, packed: bytes) -> "Body":
        """The inverse of `to_bytes`, with boxes to a tenth of a point. Raises ValueError, zlib.error."""
        raw = zlib.decompress(packed)
        size = int.from_bytes(raw[:4], "little")
        header = json.loads(raw[4 : 4 + size])
        dtype = np.dtype("<i4" if header["wide"] else "<i2")
        planes = np.frombuffer(raw[4 + size :], np.uint8).reshape(dtype.itemsize, -1)
        deltas = np.ascontiguousarray(planes.T).view(dtype).reshape(8, -1)
        starts, lengths, pages, lines, left, top, width, height = np.cumsum(deltas, axis=1, dtype=np.int32)
        boxes = np.stack([left, top, left + width, top + height], axis=1) / np.float32(_TENTHS)
        runs = Runs(starts, starts + lengths, pages, lines, boxes.astype(np.float32))
        return cls(
            header["text"],
            tuple(Block(*block) for block in header["blocks"]),
            tuple(Page(*page) for page in header["pages"]),
            runs,
        )

    @cached_property
    def _block_starts(self) -> Sequence[int]:
        return [block.start for block in self.blocks]

    def _between(self, start: int, end: int) -> tuple[int, int]:
        """The runs [first, last) that have characters of a span."""
        first = int(np.searchsorted(self.runs.ends, start, "right"))
        return first, max(first, int(np.searchsorted(self.runs.starts, end, "left")))


def _union(page: int, boxes: NDArray[np.float32]) -> Box:
    left, top = boxes[:, :2].min(axis=0)
    right, bottom = boxes[:, 2:].max(axis=0)
    return Box(page, float(left), float(top), float(right), float(bottom))


def _deltas(column: NDArray[np.int32]) -> NDArray[np.int32]:
    return np.diff(column, prepend=np.int32(0))

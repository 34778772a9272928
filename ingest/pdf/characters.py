"""What pypdfium2 says of each character that a reader sees on a page."""

import ctypes
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from math import atan2, hypot, pi

import numpy as np
import pypdfium2.raw as raw
from numpy.typing import NDArray

from ingest.pdf import pdfium_calls as pdfium
from ingest.pdf.fonts import Font, font_of, fonts_of_one_width
from ingest.pdf.frames import Frame, upright
from ingest.pdf.glyphs import printed
from ingest.pdf.shapes import Shape
from ingest.pdf.visibility import SMALLEST, Style, visible

_SPACES = frozenset(code for code in range(0x20, 0x3001) if chr(code).isspace()) | {9, 10, 13}
_TALLEST = 0.74  # of the size: the height of parentheses and of b, d, h
_MOST_OBJECTS = 30_000


@dataclass(frozen=True)
class Characters:
    """The characters of a page in the order of its file.

    `boxes` float64 (n, 4) and `baselines` (n,) are in points from the top left of the frame, in which most
    of them stand upright.
    """

    frame: Frame
    texts: Sequence[str]
    boxes: NDArray[np.float64]
    baselines: NDArray[np.float64]
    sizes: NDArray[np.float64]
    fonts: Sequence[Font]
    in_form: NDArray[np.bool_]
    is_hyphen: NDArray[np.bool_]
    shapes: Sequence[Shape] = field(default_factory=list)
    turned: str = ""
    """The text in other directions, such as a stamp in the margin."""


@dataclass(frozen=True)
class _Printed:
    """The characters of a page as they stand in the file, in the space of its page.

    `owners` are the addresses of the text objects to which they belong, 0 for none.
    """

    codes: NDArray[np.uint32]
    owners: list[int]
    boxes: NDArray[np.float64]
    styles: dict[int, Style]
    shapes: list[Shape]
    places: list[int]  # of the shapes, in the order of painting


class PageReader:
    """Reads characters page by page; knows the fonts of the file."""

    def __init__(self) -> None:
        self._fonts: dict[int, Font] = {}
        self._doubles = (ctypes.c_double * 2)()
        self._floats = (ctypes.c_float * 6)()
        self._colour = (ctypes.c_uint * 4)()

    def read(self, page: int, text_page: int) -> Characters:
        """The characters of a page, given the addresses of it and of its text."""
        count = max(0, raw.FPDFText_CountChars(ctypes.cast(text_page, raw.FPDF_TEXTPAGE)))
        raw_page = ctypes.cast(page, raw.FPDF_PAGE)
        order, shapes, places = self._painted(page, raw_page)
        unicode, text_object = pdfium.unicode, pdfium.text_object
        codes = np.fromiter((unicode(text_page, place) for place in range(count)), np.uint32, count)
        owners = [text_object(text_page, place) or 0 for place in range(count)]
        boxes = _boxes(text_page, count)
        styles: dict[int, Style] = {}
        for place, owner in enumerate(owners):
            if owner and owner not in styles:
                styles[owner] = self._style(text_page, place, owner, order)
        characters = _Printed(codes, owners, boxes, styles, shapes, places)
        _tighten(text_page, characters)
        self._mark_fixed(characters)
        return _selected(raw_page, text_page, characters)

    def _mark_fixed(self, characters: _Printed) -> None:
        """Mark fonts as fixed whose letters have one width, though nothing else says so."""
        styles = characters.styles
        widths = (characters.boxes[:, 2] - characters.boxes[:, 0]).tolist()
        letters = (
            (styles[owner].font, code, width)
            for owner, code, width in zip(characters.owners, characters.codes.tolist(), widths, strict=True)
            if owner and styles[owner].quarter == 0
        )
        for font in fonts_of_one_width(letters):
            fixed = replace(font, is_fixed=True)
            for address, known in self._fonts.items():
                if known is font:
                    self._fonts[address] = fixed
            for owner, style in styles.items():
                if style.font is font:
                    styles[owner] = replace(style, font=fixed)

    def _painted(self, page: int, raw_page: raw.FPDF_PAGE) -> tuple[dict[int, int], list[Shape], list[int]]:
        """The place of each object in the order of painting; shapes, and their places."""
        order: dict[int, int] = {}
        shapes: list[Shape] = []
        places: list[int] = []
        for place in range(min(_MOST_OBJECTS, raw.FPDFPage_CountObjects(raw_page))):
            item = pdfium.object_at(page, place)
            order[item] = place
            kind = pdfium.type_of(item)
            if kind in (raw.FPDF_PAGEOBJ_IMAGE, raw.FPDF_PAGEOBJ_PATH):
                shapes.append(self._shape(item, kind == raw.FPDF_PAGEOBJ_IMAGE))
                places.append(place)
        return order, shapes, places

    def _shape(self, item: int, is_picture: bool) -> Shape:
        start = ctypes.addressof(self._floats)
        corners = [start + 4 * place for place in range(4)]
        box = tuple(self._floats[:4]) if pdfium.bounds_of(item, *corners) else (0.0, 0.0, 0.0, 0.0)
        fill = None
        if not is_picture:
            start = ctypes.addressof(self._colour)
            pdfium.draw_mode(item, start, start + 4)
            fill = self._colour_of(item) if self._colour[0] else None
        return Shape(box, is_picture, fill)  # type: ignore[arg-type]

    def _colour_of(self, item: int) -> tuple[int, int, int] | None:
        start = ctypes.addressof(self._colour)
        if not pdfium.fill_colour(item, *(start + 4 * place for place in range(4))):
            return None
        red, green, blue, opacity = self._colour
        return (red, green, blue) if opacity else None

    def _style(self, text_page: int, place: int, owner: int, order: Mapping[int, int]) -> Style:
        pdfium.matrix(text_page, place, ctypes.addressof(self._floats))
        a, b, c, d = self._floats[:4]
        angle = atan2(b, a) / (pi / 2)
        start = ctypes.addressof(self._doubles)
        pdfium.origin(text_page, place, start, start + 8)
        x, y = self._doubles
        mode = pdfium.render_mode(owner)
        font = pdfium.font_of(owner) or 0
        if font not in self._fonts:
            self._fonts[font] = font_of(font)
        return Style(
            self._fonts[font],
            pdfium.font_size(text_page, place) * hypot(c, d),
            round(angle) % 4 if abs(angle - round(angle)) < 0.06 else None,
            mode not in (3, 7),
            self._colour_of(owner) if mode in (0, 2, 4, 6) else (0, 0, 0),
            (x, y),
            order.get(owner),
        )


def _boxes(text_page: int, count: int) -> NDArray[np.float64]:
    """The boxes of characters: left, bottom, right, top, the last two as high as their font is."""
    rectangles = np.zeros((count, 4), np.float32)
    address, loose_box = rectangles.ctypes.data, pdfium.loose_box
    for place in range(count):
        loose_box(text_page, place, address + 16 * place)
    return rectangles[:, [0, 3, 2, 1]].astype(np.float64)


def _tighten(text_page: int, characters: _Printed) -> None:
    """Take the ink's heights for fonts of drawn glyphs (Type 3), whose own heights mean nothing."""
    corners = (ctypes.c_double * 4)()
    start = ctypes.addressof(corners)
    for place, owner in enumerate(characters.owners):
        if owner and characters.styles[owner].size < SMALLEST:
            pdfium.tight_box(text_page, place, start, start + 16, start + 8, start + 24)
            characters.boxes[place, 1], characters.boxes[place, 3] = corners[1], corners[3]


def _selected(raw_page: raw.FPDF_PAGE, text_page: int, page: _Printed) -> Characters:
    """The visible characters of the page's main direction, in its frame."""
    bounds = raw.FS_RECTF()
    raw.FPDF_GetPageBoundingBox(raw_page, bounds)
    rotation = max(0, raw.FPDFPage_GetRotation(raw_page))
    page_box = (bounds.left, bounds.bottom, bounds.right, bounds.top)
    painted = zip(page.places, page.shapes, strict=True)
    is_visible = visible(page.owners, page.boxes, page.styles, painted, page_box)
    chosen = [place for place, owner in enumerate(page.owners) if is_visible[place] and owner]
    turns = _main_turns([page.styles[page.owners[place]] for place in chosen])
    is_main = {owner: style.quarter == turns for owner, style in page.styles.items()}
    turned = "".join(chr(page.codes[place]) for place in chosen if not is_main[page.owners[place]])
    chosen = [place for place in chosen if is_main[page.owners[place]]]
    styles = [page.styles[page.owners[place]] for place in chosen]
    texts, is_hyphen = _texts(text_page, page.codes[chosen].tolist(), chosen, styles)
    origins = np.array([style.baseline for style in styles], np.float64).reshape(-1, 2)
    baselines = upright(np.concatenate([origins, origins], axis=1), page_box, turns)[:, 1]
    boxes = upright(page.boxes[chosen], page_box, turns)
    sizes = _drawn_sizes(boxes, baselines, styles)
    boxes[:, 1] = np.clip(boxes[:, 1], baselines - sizes, baselines - 0.6 * sizes)
    boxes[:, 3] = np.clip(boxes[:, 3], baselines + 0.12 * sizes, baselines + 0.35 * sizes)
    shape_boxes = upright(np.array([shape.box for shape in page.shapes]).reshape(-1, 4), page_box, turns)
    width, height = bounds.right - bounds.left, bounds.top - bounds.bottom
    return Characters(
        Frame(*((height, width) if turns % 2 else (width, height)), (turns - rotation) % 4),
        texts,
        boxes,
        baselines,
        sizes,
        [style.font for style in styles],
        np.array([style.place is None for style in styles], np.bool_),
        np.array(is_hyphen, np.bool_),
        [
            replace(shape, box=(float(box[0]), float(box[1]), float(box[2]), float(box[3])))
            for box, shape in zip(shape_boxes, page.shapes, strict=True)
        ],
        turned,
    )


def _main_turns(styles: Sequence[Style]) -> int:
    """The quarter turns, anticlockwise, of most characters."""
    turns = [style.quarter for style in styles if style.quarter is not None]
    return max(range(4), key=lambda quarter: (turns.count(quarter), -quarter)) if turns else 0


def _texts(
    text_page: int, codes: Sequence[int], places: Sequence[int], styles: Sequence[Style]
) -> tuple[list[str], list[bool]]:
    """What characters print, and which of them are hyphens that end a line."""
    is_hyphen = [
        code == 0xAD or (code in (2, 0xFFFE) and bool(pdfium.is_hyphen(text_page, place)))
        for code, place in zip(codes, places, strict=True)
    ]
    texts = [
        "-" if ends_line else " " if code in _SPACES else printed(code, style.font.name)
        for code, style, ends_line in zip(codes, styles, is_hyphen, strict=True)
    ]
    return texts, is_hyphen


def _drawn_sizes(
    boxes: NDArray[np.float64], baselines: NDArray[np.float64], styles: Sequence[Style]
) -> NDArray[np.float64]:
    """Sizes of letters; those of drawn glyphs (Type 3), whose unit is anything, by the tallest letter."""
    sizes = np.array([style.size for style in styles], np.float64)
    heights = baselines - boxes[:, 1]
    tallest: dict[Font, float] = {}
    for place in np.flatnonzero(heights > 2.5 * sizes).tolist():
        font = styles[place].font
        tallest[font] = max(tallest.get(font, 0.0), float(heights[place]))
    if tallest:
        for place, style in enumerate(styles):
            if style.font in tallest:
                sizes[place] = tallest[style.font] / _TALLEST
    return sizes

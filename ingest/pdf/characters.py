"""What pypdfium2 says of each character that a reader sees on a page."""

import ctypes
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from math import atan2, hypot, pi
from typing import Any

import numpy as np
import pypdfium2.raw as pdfium
from numpy.typing import NDArray

from ingest.pdf.glyphs import printed
from ingest.pdf.shapes import Rectangle, Shape

_NARROW, _WIDE = frozenset(b"ijlft"), frozenset(b"mwMWou")
_TELLING = _NARROW | _WIDE
_SPACES = frozenset(code for code in range(0x20, 0x3001) if chr(code).isspace()) | {9, 10, 13}
_TALLEST = 0.74  # of the size: the height of parentheses and of b, d, h
_SMALLEST = 2.0  # points; nobody reads smaller letters
_LIKE = 24  # colours whose red, green and blue differ by less look the same
_MOST_OBJECTS = 30_000
_FEWEST_VISIBLE = 20  # characters; a page of a scan may have a stamp
# Flags of a font. The weight that PDFium gives is no help: 740 for Computer Modern Roman, 545 for its bold.
_FIXED, _ITALIC, _FORCED_BOLD = 1, 64, 1 << 18
_BOLD_NAME = re.compile(
    r"bold|black|heavy|demi|-medi(?!um)|^(?:cm|sf|ec|lm)(?:bx|b\d|rb|sx|ssbx|csc?bx)", re.IGNORECASE
)
_ITALIC_NAME = re.compile(
    r"ital|obli|slant|-it\b|^(?:cm|sf|ec|lm)(?:ti|sl|bxti|bxsl|ssi|st)", re.IGNORECASE
)
_FIXED_NAME = re.compile(
    r"mono(?!type)|monaco|courier|consol|typewriter|menlo|nimbusmon|xtt|^(?:cm|sf|ec|lm)(?:tt|sltt|itt|st\d|it\d)",
    re.IGNORECASE,
)

_Address = ctypes.c_void_p


def _function(name: str, result: type, *arguments: type) -> Callable[..., Any]:
    """A function of PDFium that takes and gives addresses as numbers: three times as fast as pointers."""
    address = ctypes.cast(getattr(pdfium, name), ctypes.c_void_p).value or 0
    return ctypes.CFUNCTYPE(result, *arguments)(address)


_unicode = _function("FPDFText_GetUnicode", ctypes.c_uint, _Address, ctypes.c_int)
_loose_box = _function("FPDFText_GetLooseCharBox", ctypes.c_int, _Address, ctypes.c_int, _Address)
_tight_box = _function("FPDFText_GetCharBox", ctypes.c_int, _Address, ctypes.c_int, *[_Address] * 4)
_text_object = _function("FPDFText_GetTextObject", _Address, _Address, ctypes.c_int)
_origin = _function("FPDFText_GetCharOrigin", ctypes.c_int, _Address, ctypes.c_int, _Address, _Address)
_matrix = _function("FPDFText_GetMatrix", ctypes.c_int, _Address, ctypes.c_int, _Address)
_font_size = _function("FPDFText_GetFontSize", ctypes.c_double, _Address, ctypes.c_int)
_is_hyphen = _function("FPDFText_IsHyphen", ctypes.c_int, _Address, ctypes.c_int)
_render_mode = _function("FPDFTextObj_GetTextRenderMode", ctypes.c_int, _Address)
_font = _function("FPDFTextObj_GetFont", _Address, _Address)
_font_name = _function("FPDFFont_GetBaseFontName", ctypes.c_size_t, _Address, _Address, ctypes.c_size_t)
_font_flags = _function("FPDFFont_GetFlags", ctypes.c_int, _Address)
_fill = _function("FPDFPageObj_GetFillColor", ctypes.c_int, _Address, *[_Address] * 4)
_object = _function("FPDFPage_GetObject", _Address, _Address, ctypes.c_int)
_type = _function("FPDFPageObj_GetType", ctypes.c_int, _Address)
_bounds = _function("FPDFPageObj_GetBounds", ctypes.c_int, _Address, *[_Address] * 4)
_draw_mode = _function("FPDFPath_GetDrawMode", ctypes.c_int, _Address, _Address, _Address)


@dataclass(frozen=True, eq=False)
class Font:
    """A font by its name in the file, without the prefix of a subset."""

    name: str
    is_bold: bool
    is_italic: bool
    is_fixed: bool


@dataclass(frozen=True)
class Characters:
    """The characters of a page in the order of its file, in the frame in which most of them stand upright.

    `turns` quarter turns, clockwise, lead from the page as it is seen to this frame; `width` and `height`
    are the frame's. `boxes` float64 (n, 4) and `baselines` (n,) are in points from the frame's top left.
    """

    width: float
    height: float
    turns: int
    texts: list[str]
    boxes: NDArray[np.float64]
    baselines: NDArray[np.float64]
    sizes: NDArray[np.float64]
    fonts: list[Font]
    in_form: NDArray[np.bool_]
    is_hyphen: NDArray[np.bool_]
    shapes: list[Shape] = field(default_factory=list)
    turned: str = ""
    """The text in other directions, such as a stamp in the margin."""

    def seen(self, boxes: NDArray[np.float64]) -> NDArray[np.float64]:
        """Boxes of the frame as boxes of the page as it is seen."""
        return _turned(boxes, -self.turns % 4, self.width, self.height)


@dataclass(frozen=True)
class _Style:
    """What the characters of one text object share."""

    font: Font
    size: float
    quarter: int | None  # turns of the text, anticlockwise; None for a slanted line
    is_painted: bool
    colour: tuple[int, int, int] | None
    baseline: tuple[float, float]
    place: int | None  # in the order of painting; None in a form


class PageReader:
    """Reads characters page by page; knows the fonts of the file."""

    def __init__(self) -> None:
        self._fonts: dict[int, Font] = {}
        self._doubles = (ctypes.c_double * 2)()
        self._floats = (ctypes.c_float * 6)()
        self._colour = (ctypes.c_uint * 4)()

    def read(self, page: int, text_page: int) -> Characters:
        """The characters of a page, given the addresses of it and of its text."""
        count = max(0, pdfium.FPDFText_CountChars(ctypes.cast(text_page, pdfium.FPDF_TEXTPAGE)))
        raw_page = ctypes.cast(page, pdfium.FPDF_PAGE)
        order, shapes, paint = self._painted(page, raw_page)
        codes = np.fromiter((_unicode(text_page, place) for place in range(count)), np.uint32, count)
        owners = [_text_object(text_page, place) or 0 for place in range(count)]
        rectangles = np.zeros((count, 4), np.float32)
        address = rectangles.ctypes.data
        for place in range(count):
            _loose_box(text_page, place, address + 16 * place)
        boxes = rectangles[:, [0, 3, 2, 1]].astype(np.float64)  # left, bottom, right, top
        styles: dict[int, _Style] = {}
        for place, owner in enumerate(owners):
            if owner and owner not in styles:
                styles[owner] = self._style(text_page, place, owner, order)
        self._tighten(text_page, owners, boxes, styles)
        self._find_fixed(codes, owners, boxes, styles)
        return _selected(raw_page, text_page, codes, owners, boxes, styles, shapes, paint)

    def _tighten(
        self, text_page: int, owners: list[int], boxes: NDArray[np.float64], styles: Mapping[int, _Style]
    ) -> None:
        """Takes the ink's heights for fonts of drawn glyphs (Type 3), whose own heights mean nothing."""
        corners = (ctypes.c_double * 4)()
        start = ctypes.addressof(corners)
        for place, owner in enumerate(owners):
            if owner and styles[owner].size < _SMALLEST:
                _tight_box(text_page, place, start, start + 16, start + 8, start + 24)
                boxes[place, 1], boxes[place, 3] = corners[1], corners[3]

    def _find_fixed(
        self,
        codes: NDArray[np.uint32],
        owners: list[int],
        boxes: NDArray[np.float64],
        styles: dict[int, _Style],
    ) -> None:
        """Marks fonts as fixed whose narrow and wide letters are alike, though nothing else says so."""
        widths: dict[Font, dict[int, float]] = {}
        for owner, code, width in zip(
            owners, codes.tolist(), (boxes[:, 2] - boxes[:, 0]).tolist(), strict=True
        ):
            if not owner or code not in _TELLING:
                continue
            font = styles[owner].font
            if not font.is_fixed and styles[owner].quarter == 0:
                widths.setdefault(font, {})[code] = width
        for font, of_font in widths.items():
            kinds = {code in _NARROW for code in of_font}
            if (
                len(of_font) > 3
                and len(kinds) == 2
                and max(of_font.values()) < 1.15 * min(of_font.values())
            ):
                for address, known in self._fonts.items():
                    if known is font:
                        self._fonts[address] = replace(font, is_fixed=True)
                for owner, style in styles.items():
                    if style.font is font:
                        styles[owner] = replace(style, font=replace(font, is_fixed=True))

    def nothing(self) -> Characters:
        """A page that cannot be read."""
        nothing = np.zeros(0)
        return Characters(
            0.0, 0.0, 0, [], nothing.reshape(0, 4), nothing, nothing, [], nothing > 0, nothing > 0
        )

    def _painted(
        self, page: int, raw_page: pdfium.FPDF_PAGE
    ) -> tuple[dict[int, int], list[Shape], list[int]]:
        """The place of each object in the order of painting; shapes, and their places."""
        order: dict[int, int] = {}
        shapes: list[Shape] = []
        paint: list[int] = []
        for place in range(min(_MOST_OBJECTS, pdfium.FPDFPage_CountObjects(raw_page))):
            item = _object(page, place)
            order[item] = place
            kind = _type(item)
            if kind in (pdfium.FPDF_PAGEOBJ_IMAGE, pdfium.FPDF_PAGEOBJ_PATH):
                shapes.append(self._shape(item, kind == pdfium.FPDF_PAGEOBJ_IMAGE))
                paint.append(place)
        return order, shapes, paint

    def _shape(self, item: int, is_picture: bool) -> Shape:
        start = ctypes.addressof(self._floats)
        corners = [start + 4 * place for place in range(4)]
        box = tuple(self._floats[:4]) if _bounds(item, *corners) else (0.0, 0.0, 0.0, 0.0)
        fill = None
        if not is_picture:
            _draw_mode(item, ctypes.addressof(self._colour), ctypes.addressof(self._colour) + 4)
            fill = self._colour_of(item) if self._colour[0] else None
        return Shape(box, is_picture, fill)  # type: ignore[arg-type]

    def _colour_of(self, item: int) -> tuple[int, int, int] | None:
        start = ctypes.addressof(self._colour)
        if not _fill(item, *(start + 4 * place for place in range(4))):
            return None
        red, green, blue, opacity = self._colour
        return (red, green, blue) if opacity else None

    def _style(self, text_page: int, place: int, owner: int, order: Mapping[int, int]) -> _Style:
        _matrix(text_page, place, ctypes.addressof(self._floats))
        a, b, c, d = self._floats[:4]
        size = _font_size(text_page, place) * hypot(c, d)
        angle = atan2(b, a) / (pi / 2)
        start = ctypes.addressof(self._doubles)
        _origin(text_page, place, start, start + 8)
        x, y = self._doubles
        mode = _render_mode(owner)
        return _Style(
            self._font_of(owner),
            size,
            round(angle) % 4 if abs(angle - round(angle)) < 0.06 else None,
            mode not in (3, 7),
            self._colour_of(owner) if mode in (0, 2, 4, 6) else (0, 0, 0),
            (x, y),
            order.get(owner),
        )

    def _font_of(self, owner: int) -> Font:
        font = _font(owner) or 0
        if font not in self._fonts:
            buffer = ctypes.create_string_buffer(256)
            _font_name(font, ctypes.addressof(buffer), 256)
            name = buffer.value.decode("utf-8", "replace").split("+")[-1]
            flags = max(0, _font_flags(font))
            self._fonts[font] = Font(
                name,
                bool(flags & _FORCED_BOLD) or bool(_BOLD_NAME.search(name)),
                bool(flags & _ITALIC) or bool(_ITALIC_NAME.search(name)),
                bool(flags & _FIXED) or bool(_FIXED_NAME.search(name)),
            )
        return self._fonts[font]


def _selected(
    raw_page: pdfium.FPDF_PAGE,
    text_page: int,
    codes: NDArray[np.uint32],
    owners: list[int],
    boxes: NDArray[np.float64],
    styles: Mapping[int, _Style],
    shapes: list[Shape],
    paint: list[int],
) -> Characters:
    """The visible characters of the page's main direction, in its frame."""
    bounds = pdfium.FS_RECTF()
    pdfium.FPDF_GetPageBoundingBox(raw_page, bounds)
    rotation = max(0, pdfium.FPDFPage_GetRotation(raw_page))
    page_box = (bounds.left, bounds.bottom, bounds.right, bounds.top)
    visible = _visible(owners, boxes, styles, shapes, paint, page_box)
    chosen = [place for place, owner in enumerate(owners) if visible[place] and owner]
    quarters = [quarter for place in chosen if (quarter := styles[owners[place]].quarter) is not None]
    main = max(range(4), key=lambda quarter: (quarters.count(quarter), -quarter)) if quarters else 0
    turned = "".join(chr(codes[place]) for place in chosen if styles[owners[place]].quarter != main)
    chosen = [place for place in chosen if styles[owners[place]].quarter == main]
    kept_styles = [styles[owners[place]] for place in chosen]
    # Text of `main` anticlockwise quarter turns stands upright after as many clockwise ones.
    turns = main % 4
    texts: list[str] = []
    hyphens: list[bool] = []
    for place, style in zip(chosen, kept_styles, strict=True):
        code = int(codes[place])
        is_hyphen = code in (2, 0xAD, 0xFFFE) and bool(_is_hyphen(text_page, place))
        hyphens.append(is_hyphen or code == 0xAD)
        texts.append("-" if hyphens[-1] else " " if code in _SPACES else printed(code, style.font.name))
    origins = np.array([style.baseline for style in kept_styles], np.float64).reshape(-1, 2)
    points = np.concatenate([origins, origins], axis=1)
    width, height = bounds.right - bounds.left, bounds.top - bounds.bottom
    frame_boxes = _upright(boxes[chosen], page_box, turns)
    baselines = _upright(points, page_box, turns)[:, 1]
    sizes = np.array([style.size for style in kept_styles], np.float64)
    sizes = _drawn_sizes(sizes, frame_boxes, baselines, kept_styles)
    frame_boxes[:, 1] = np.clip(frame_boxes[:, 1], baselines - sizes, baselines - 0.6 * sizes)
    frame_boxes[:, 3] = np.clip(frame_boxes[:, 3], baselines + 0.12 * sizes, baselines + 0.35 * sizes)
    in_form = np.array([style.place is None for style in kept_styles], np.bool_)
    frame_shapes = _upright(np.array([shape.box for shape in shapes]).reshape(-1, 4), page_box, turns)
    if turns % 2:
        width, height = height, width
    return Characters(
        width,
        height,
        (turns - rotation) % 4,
        texts,
        frame_boxes,
        baselines,
        sizes,
        [style.font for style in kept_styles],
        in_form,
        np.array(hyphens, np.bool_),
        [
            Shape(tuple(map(float, box)), shape.is_picture, shape.fill)  # type: ignore[arg-type]
            for box, shape in zip(frame_shapes, shapes, strict=True)
        ],
        turned,
    )


def _drawn_sizes(
    sizes: NDArray[np.float64],
    boxes: NDArray[np.float64],
    baselines: NDArray[np.float64],
    styles: list[_Style],
) -> NDArray[np.float64]:
    """Sizes of letters; those of drawn glyphs (Type 3), whose unit is anything, by the tallest letter."""
    heights = baselines - boxes[:, 1]
    unusual = heights > 2.5 * sizes
    if not unusual.any():
        return sizes
    tallest: dict[int, float] = {}
    for place in np.flatnonzero(unusual):
        font = id(styles[place].font)
        tallest[font] = max(tallest.get(font, 0.0), float(heights[place]))
    drawn = sizes.copy()
    for place in np.flatnonzero(unusual):
        drawn[place] = tallest[id(styles[place].font)] / _TALLEST
    for place in np.flatnonzero(~unusual):
        if id(styles[place].font) in tallest:
            drawn[place] = tallest[id(styles[place].font)] / _TALLEST
    return drawn


def _visible(
    owners: list[int],
    boxes: NDArray[np.float64],
    styles: Mapping[int, _Style],
    shapes: list[Shape],
    paint: list[int],
    page_box: Rectangle,
) -> NDArray[np.bool_]:
    """Which characters a reader sees; of a scan those that text recognition has put under its picture."""
    left, bottom, right, top = page_box
    middles = (boxes[:, :2] + boxes[:, 2:]) / 2
    inside = (middles >= (left - 1, bottom - 1)).all(axis=1) & (middles <= (right + 1, top + 1)).all(axis=1)
    tallest: dict[Font, float] = {}
    for owner, height in zip(owners, (boxes[:, 3] - boxes[:, 1]).tolist(), strict=True):
        if owner and height > tallest.get(styles[owner].font, 0.0):
            tallest[styles[owner].font] = height
    large = {
        owner for owner, style in styles.items() if max(style.size, _drawn(style, tallest)) >= _SMALLEST
    }
    readable = inside & np.array([owner in large for owner in owners], np.bool_)
    grounds = [
        (place, shape) for place, shape in zip(paint, shapes, strict=True) if shape.is_picture or shape.fill
    ]
    decided: dict[int, bool] = {}
    shown = np.zeros(len(owners), np.bool_)
    for place in np.flatnonzero(readable):
        owner = owners[place]
        if owner not in decided:
            decided[owner] = _is_shown(styles[owner], middles[place], grounds)
        shown[place] = decided[owner]
    area = (right - left) * (top - bottom)
    is_scan = (
        any(shape.is_picture and _area(shape.box) > 0.7 * area for shape in shapes)
        and shown.sum() < _FEWEST_VISIBLE
    )
    if not is_scan:
        return shown
    return shown | readable & np.array(
        [bool(owner) and not _is_white(styles[owner]) for owner in owners], np.bool_
    )


def _drawn(style: _Style, tallest: Mapping[Font, float]) -> float:
    """The height of the tallest letter of a font of drawn glyphs, whose size means nothing."""
    return tallest.get(style.font, 0.0) if not style.font.name else 0.0


def _is_white(style: _Style) -> bool:
    return style.is_painted and style.colour is not None and min(style.colour) > 255 - _LIKE


def _is_shown(style: _Style, middle: NDArray[np.float64], grounds: list[tuple[int, Shape]]) -> bool:
    """Whether a text object is painted, not covered by a picture, and unlike its ground."""
    if not style.is_painted:
        return False
    x, y = float(middle[0]), float(middle[1])
    ground: tuple[int, int, int] | None = (255, 255, 255)
    for place, shape in grounds:
        left, bottom, right, top = shape.box
        if not (left <= x <= right and bottom <= y <= top):
            continue
        if style.place is None or place < style.place:
            ground = None if shape.is_picture else shape.fill
        elif shape.is_picture:
            return False
    if style.colour is None or ground is None:
        return True
    return max(abs(ours - theirs) for ours, theirs in zip(style.colour, ground, strict=True)) >= _LIKE


def _area(box: Rectangle) -> float:
    return max(0.0, box[2] - box[0]) * max(0.0, box[3] - box[1])


def _upright(boxes: NDArray[np.float64], page_box: Rectangle, turns: int) -> NDArray[np.float64]:
    """Boxes of PDF space (from the bottom left) in the frame after clockwise quarter turns."""
    left, bottom, right, top = page_box
    seen = np.stack([boxes[:, 0] - left, top - boxes[:, 3], boxes[:, 2] - left, top - boxes[:, 1]], axis=1)
    return _turned(seen, turns, right - left, top - bottom)


def _turned(boxes: NDArray[np.float64], turns: int, width: float, height: float) -> NDArray[np.float64]:
    """Boxes in a frame of the given sides after clockwise quarter turns of it."""
    for _ in range(turns % 4):
        boxes = np.stack([height - boxes[:, 3], boxes[:, 0], height - boxes[:, 1], boxes[:, 2]], axis=1)
        width, height = height, width
    return boxes

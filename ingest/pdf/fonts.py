"""Fonts: what their names, their flags and the widths of their letters say of them."""

import ctypes
import re
from collections.abc import Iterable
from dataclasses import dataclass

from ingest.pdf import pdfium_calls as pdfium

_NARROW, _WIDE = frozenset(b"ijlft"), frozenset(b"mwMWou")
_TELLING = _NARROW | _WIDE
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


@dataclass(frozen=True, eq=False)
class Font:
    """A font by its name in the file, without the prefix of a subset."""

    name: str
    is_bold: bool
    is_italic: bool
    is_fixed: bool


def font_of(address: int) -> Font:
    """The font at an address."""
    buffer = ctypes.create_string_buffer(256)
    pdfium.font_name(address, ctypes.addressof(buffer), 256)
    name = buffer.value.decode("utf-8", "replace").split("+")[-1]
    flags = max(0, pdfium.font_flags(address))
    return Font(
        name,
        bool(flags & _FORCED_BOLD) or bool(_BOLD_NAME.search(name)),
        bool(flags & _ITALIC) or bool(_ITALIC_NAME.search(name)),
        bool(flags & _FIXED) or bool(_FIXED_NAME.search(name)),
    )


def fonts_of_one_width(letters: Iterable[tuple[Font, int, float]]) -> list[Font]:
    """The fonts whose narrow and wide letters are alike, of letters with their fonts, codes and widths."""
    widths: dict[Font, dict[int, float]] = {}
    for font, code, width in letters:
        if code in _TELLING and not font.is_fixed:
            widths.setdefault(font, {})[code] = width
    return [
        font
        for font, of_font in widths.items()
        if len(of_font) > 3
        and len({code in _NARROW for code in of_font}) == 2
        and max(of_font.values()) < 1.15 * min(of_font.values())
    ]

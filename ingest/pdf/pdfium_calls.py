"""Functions of PDFium that take and give addresses as numbers, which is three times as fast as pointers."""

import ctypes
from collections.abc import Callable
from typing import Any

import pypdfium2.raw as pdfium

_Address = ctypes.c_void_p


def _function(name: str, result: type, *arguments: type) -> Callable[..., Any]:
    address = ctypes.cast(getattr(pdfium, name), ctypes.c_void_p).value or 0
    return ctypes.CFUNCTYPE(result, *arguments)(address)


unicode = _function("FPDFText_GetUnicode", ctypes.c_uint, _Address, ctypes.c_int)
loose_box = _function("FPDFText_GetLooseCharBox", ctypes.c_int, _Address, ctypes.c_int, _Address)
tight_box = _function("FPDFText_GetCharBox", ctypes.c_int, _Address, ctypes.c_int, *[_Address] * 4)
text_object = _function("FPDFText_GetTextObject", _Address, _Address, ctypes.c_int)
origin = _function("FPDFText_GetCharOrigin", ctypes.c_int, _Address, ctypes.c_int, _Address, _Address)
matrix = _function("FPDFText_GetMatrix", ctypes.c_int, _Address, ctypes.c_int, _Address)
font_size = _function("FPDFText_GetFontSize", ctypes.c_double, _Address, ctypes.c_int)
is_hyphen = _function("FPDFText_IsHyphen", ctypes.c_int, _Address, ctypes.c_int)
render_mode = _function("FPDFTextObj_GetTextRenderMode", ctypes.c_int, _Address)
font_of = _function("FPDFTextObj_GetFont", _Address, _Address)
font_name = _function("FPDFFont_GetBaseFontName", ctypes.c_size_t, _Address, _Address, ctypes.c_size_t)
font_flags = _function("FPDFFont_GetFlags", ctypes.c_int, _Address)
fill_colour = _function("FPDFPageObj_GetFillColor", ctypes.c_int, _Address, *[_Address] * 4)
object_at = _function("FPDFPage_GetObject", _Address, _Address, ctypes.c_int)
type_of = _function("FPDFPageObj_GetType", ctypes.c_int, _Address)
bounds_of = _function("FPDFPageObj_GetBounds", ctypes.c_int, _Address, *[_Address] * 4)
draw_mode = _function("FPDFPath_GetDrawMode", ctypes.c_int, _Address, _Address, _Address)

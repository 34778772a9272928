"""What a glyph prints where its font maps it to a ligature, a control character or nothing."""

import re
import unicodedata
from functools import lru_cache
from typing import Final

LIGATURES: Final = {
    0xFB00: "ff", 0xFB01: "fi", 0xFB02: "fl", 0xFB03: "ffi", 0xFB04: "ffl", 0xFB05: "st", 0xFB06: "st",
    0x0132: "IJ", 0x0133: "ij",
}  # fmt: skip
# Fonts without a table of characters give their own codes. These are the encodings of TeX's fonts:
# T1 ("Cork"), OT1 ("Computer Modern"), its math italics and its symbols.
_CORK: Final = dict(
    zip(
        range(0x20),
        [*"`´ˆ˜¨˝˚ˇ˘¯˙¸˛‚‹›“”„«»–—", "", "₀", "ı", "ȷ", "ff", "fi", "fl", "ffi", "ffl"],
        strict=True,
    )
)
_ROMAN: Final = dict(
    zip(
        range(0x20),
        [*"ΓΔΘΛΞΠΣΥΦΨΩ", "ff", "fi", "fl", "ffi", "ffl", *"ıȷ`´ˇ˘¯˚¸ßæœøÆŒØ"],
        strict=True,
    )
) | {0x7F: "¨"}
_ITALIC: Final = dict(zip(range(0x20), "ΓΔΘΛΞΠΣΥΦΨΩαβγδϵζηθικλμνξπρστυϕχ", strict=True)) | {0x7F: ""}
_SYMBOLS: Final = dict(zip(range(0x20), "−·×∗÷⋄±∓⊕⊖⊗⊘⊙○∘•≍≡⊆⊇≤≥≼≽∼≈⊂⊃≪≫≺≻", strict=True)) | {0x7F: ""}
_DELIMITERS: Final = dict.fromkeys(range(0x100), "") | {
    0x00: "(", 0x01: ")", 0x02: "[", 0x03: "]", 0x08: "{", 0x09: "}", 0x10: "(", 0x11: ")", 0x12: "(",
    0x13: ")", 0x50: "∑", 0x51: "∏", 0x52: "∫", 0x58: "∑", 0x59: "∏", 0x5A: "∫", 0x70: "√",
}  # fmt: skip
_ENCODINGS: Final = (
    (("CMEX", "MTEX", "EUEX"), _DELIMITERS),
    (("CMMI", "CMMIB", "LMMATHITALIC", "LMMI", "MTMI"), _ITALIC),
    (("CMSY", "CMBSY", "LMMATHSYMBOLS", "LMSY", "MTSY", "MSAM", "MSBM"), _SYMBOLS),
    (("CMR", "CMBX", "CMTI", "CMSS", "CMSL", "CMTT", "CMCSC", "CMB", "CMDUNH", "CMFIB"), _ROMAN),
)
# Old fonts of drawn glyphs name their glyphs "a1", "a2", ... by their codes. Programs that take these names
# for those of Zapf Dingbats map the letters to its signs, which are here in the order of the codes.
_DRAWN: Final = {
    ord(sign): code
    for code, sign in enumerate(
        "✁✂✄☎✆✝✞✟✠✡☛☞✌✍✎✏✑✒✓✔✕✖✗✘✙✚✛✜✢✣✤✥✦✧★✩✪✫✬✭✮✯✰✱✲✳✴✵✶✷✸✹✺✻✼✽✾✿❀❁❂❃❄❅❆❇❈❉❊❋●❍■❏❑▲▼◆❖ "
        "◗❘❙❚❯❱❲❳❨❩❬❭❪❫❴❵❛❜❝❞❡❢❣❤✐❥❦❧♠♥♦♣    ✉✈✇①②③④⑤⑥⑦",
        1,
    )
    if sign != " "
} | {ord("❼"): ord("•"), ord("➓"): ord("§")}
_SPACING_ACCENTS: Final = {
    "`": "\u0300", "´": "\u0301", "ˆ": "\u0302", "˜": "\u0303", "¯": "\u0304", "˘": "\u0306", "˙": "\u0307",
    "¨": "\u0308", "˚": "\u030a", "˝": "\u030b", "ˇ": "\u030c", "¸": "\u0327", "˛": "\u0328",
}  # fmt: skip
_MATH_FONT: Final = re.compile(
    r"^(?:cmb?mi|cmb?sy|cmex|ms[ab]m|mt(?:sy|mi|ex)|lm(?:mi|sy|ex)|eu[fs]m|rsfs|pazo|[tp]x(?:sy|mi)|(?:rtx|nxl|ntx|newtx)mi"
    r"|bbm|dsrom|stmary)|math|symbol",
    re.IGNORECASE,
)


@lru_cache(1 << 16)
def printed(code: int, font: str) -> str:
    """The characters that a code of a font prints; "" for none."""
    if not font:
        code = _DRAWN.get(code, code)
    if code >= 0x20 and code != 0x7F and not 0x80 <= code < 0xA0:
        return LIGATURES.get(code) or _of_unicode(code, font)
    return _encoding(font).get(code, "")


def accent_of(character: str) -> str | None:
    """The combining mark of an accent that is printed apart from its letter."""
    return _SPACING_ACCENTS.get(character)


def with_accent(letter: str, accent: str) -> str | None:
    """A letter with a combining mark, composed where Unicode has one character for both."""
    base = {"ı": "i", "ȷ": "j"}.get(letter, letter)
    return unicodedata.normalize("NFC", base + accent) if base.isalpha() and len(base) == 1 else None


def is_math_font(font: str) -> bool:
    """Whether a font is made for formulas, by the usual names of such fonts."""
    return bool(_MATH_FONT.search(font))


def _of_unicode(code: int, font: str) -> str:
    if code >= 0xFFFE or 0xD800 <= code < 0xF900 or code in (0xFEFF, 0x200B, 0x2060):
        return ""
    character = chr(code)
    if font.upper().startswith("CMEX"):
        return character if character in "(){}[]|∑∏∫√⎛⎝" else ""
    return unicodedata.normalize("NFC", character)


def _encoding(font: str) -> dict[int, str]:
    name = font.upper()
    for prefixes, encoding in _ENCODINGS:
        if name.startswith(prefixes):
            return encoding
    # Most others are of T1. Its codes from 0x0B to 0x0F are rare marks, those of OT1 common ligatures.
    return _CORK | {code: _ROMAN[code] for code in range(0x0B, 0x10)}

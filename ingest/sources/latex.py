"""LaTeX as the text that it prints, for what BibTeX files and arXiv's names hold.

A word is never lost: what is not known stays, without its command. Math stays as it is, as in arXiv's
own abstracts. pylatexenc knows the symbols; over whole texts it takes "5% of owls" for a comment, and
10 ms an abstract.
"""

import re
import unicodedata
from functools import cache, lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pylatexenc.latex2text import LatexNodes2Text

_TOKEN = re.compile(
    r"(?P<math>\$[^$]*\$|\\\((?:[^\\]|\\[^()]){0,1000}\\\))"
    r"|\\(?P<environment>begin|end)\s*\{[^{}]{0,60}\}"
    r"|(?P<accent>\\[\"'`^~=.]\s{0,3}(?:\{\s?\\?[A-Za-z]?\s?\}|\\[ij](?![A-Za-z])|[A-Za-z])"
    r"|\\[uvHcdbkr](?:\s{0,3}\{\s?\\?[A-Za-z]{0,2}\s?\}|\s{1,3}[A-Za-z](?![A-Za-z])))"
    r"|\\(?P<name>[A-Za-z]+)(?:\*?(?P<behind>\{\}|\s+))?"
    r"|\\(?P<escaped>.)"
    r"|(?P<plain>[{}]|---?|``|''|~)",
    re.DOTALL,
)
_PLAIN = {"{": "", "}": "", "--": "–", "---": "—", "``": "“", "''": "”", "~": " "}
_SPACES = frozenset("\\ ,;:!/-\n\t")  # escaped, they part words or say where one may be parted
_KNOWN = {
    "textless": "<",
    "textgreater": ">",
    "textbar": "|",
    "textasciicircum": "^",
    "textasciitilde": "~",
    "textbackslash": "\\",
    "textbraceleft": "{",
    "textbraceright": "}",
    "item": " ",
    "par": " ",
    "newline": " ",
    "url": "",
}


def latex_to_text(text: str) -> str:
    """The text that LaTeX would print; math as it is written."""
    if not any(mark in text for mark in "\\{}~-`'"):
        return text
    return _TOKEN.sub(_printed, text)


def _printed(found: re.Match[str]) -> str:
    if plain := found["plain"]:
        is_address = plain == "~" and found.string[found.start() - 1 : found.start()] == "/"
        return plain if is_address else _PLAIN[plain]
    if found["math"]:
        return found["math"]
    if found["accent"]:
        return _symbol(found["accent"])
    if found["escaped"]:
        return _escaped(found["escaped"])
    if found["environment"]:
        return " "
    name, behind = found["name"], found["behind"] or ""
    printed = _KNOWN.get(name)
    if printed is None:
        printed = _symbol(f"\\{name}") if len(name) <= 40 else ""
    ends_the_name = behind == "{}" or printed.isalpha()  # `\o wl` is øwl
    return printed + ("" if ends_the_name else behind)


def _escaped(character: str) -> str:
    if character in "-!/":
        return ""
    return " " if character in _SPACES else character


@lru_cache(maxsize=4096)
def _symbol(command: str) -> str:
    """What a command without arguments prints; empty where it only says how to print."""
    return unicodedata.normalize("NFC", _decoder().latex_to_text(command)).strip()


@cache
def _decoder() -> "LatexNodes2Text":
    from pylatexenc.latex2text import LatexNodes2Text

    return LatexNodes2Text(keep_comments=True)

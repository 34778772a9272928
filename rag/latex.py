r"""Converts LaTeX to the text that it prints, for BibTeX files and arXiv's author names.

No word is lost: an unknown command goes, its argument stays, and a name such as \BibTeX prints itself.
Math stays as it is, as in arXiv's own abstracts. pylatexenc's tables say what commands print. Its parser
is not used: it takes "5% of owls" for a comment, needs 10 ms per abstract, and fails on commands that are
cut off.
"""

import re
import unicodedata
from functools import cache, lru_cache

from pylatexenc.latex2text import get_default_latex_context_db

_commands = cache(get_default_latex_context_db)
_TOKEN = re.compile(
    r"""
      (?P<math> \$[^$]*\$ | \\\((?:[^\\]|\\[^()]){0,1000}\\\) )
    | \\ (?P<environment> (?:begin|end) \s*\{[^{}]{0,60}\} )
    | \\ (?P<accent> ["'`^~=.] | [uvHtcdbkr](?=\s|\{) ) \s{0,3}
         (?: \{\s?\\?(?P<braced>[A-Za-z]{1,2})\s?\} | (?P<dotless>\\[ij])(?![A-Za-z]) | (?P<bare>[A-Za-z]) )
    | \\ (?P<name> [A-Za-z]+ ) (?: \*?(?P<after>\{\}|\s+) )?
    | \\ (?P<escaped> . )
    | (?P<plain> [{}] | ---? | `` | '' | ~ )
    """,
    re.DOTALL | re.VERBOSE,
)
# The accents as combining characters.
_ACCENTS = dict(
    zip(
        "\"'`^~=.uvHtcdbkr",
        "\u0308\u0301\u0300\u0302\u0303\u0304\u0307\u0306\u030c\u030b\u0361\u0327\u0323\u0331\u0328\u030a",
        strict=True,
    )
)
_PLAIN = {"{": "", "}": "", "--": "–", "---": "—", "``": "“", "''": "”", "~": " "}
# A power or an index alone in its math or its command: H$_{\textrm{2}}$O, 10\textsuperscript{5}.
_SCRIPT = re.compile(
    r"\$(?P<kind>[_^])\{?(?:\\(?:textrm|text|mathrm|rm)\s{0,9}\{?)?\s{0,9}(?P<math>[-+]?\w{1,6})\s*\}{0,2}\$"
    r"|\\textsuperscript\s*\{\s*(?P<power>[-+]?\d{1,6})\s*\}"
)
# An unprinted argument before a printed one.
_ARGUMENT = re.compile(r"\\(?:href|textcolor|colorbox|hyperref)\s*[\[{][^{}\[\]]{0,500}[\]}]\s*(?=\{)")
_VERBATIM = re.compile(r"\\verb\*?([^\w\s*])([^\n]{0,200}?)\1")
_SPACES = frozenset("\\ ,;:\n\t")
_NOTHING = frozenset("-!/")  # where a word may be hyphenated
_KNOWN = {  # in addition to pylatexenc's
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
}


def latex_to_text(text: str) -> str:
    """The text that LaTeX would print, with math unchanged."""
    if not any(mark in text for mark in "\\{}~-`'"):
        return text
    text = _VERBATIM.sub(r"\2", _ARGUMENT.sub("", text))
    return _TOKEN.sub(_printed, _SCRIPT.sub(_script, text))


def _script(match: re.Match[str]) -> str:
    """10^5 for a power; indices and words above the line become plain text (H2O, 1st)."""
    script = match["math"] or match["power"]
    is_power = match["kind"] != "_" and script.lstrip("+-").isdecimal()
    return f"^{script}" if is_power else script


def _printed(match: re.Match[str]) -> str:
    if plain := match["plain"]:
        is_address = plain == "~" and match.string[match.start() - 1 : match.start()] == "/"
        return plain if is_address else _PLAIN[plain]
    if match["math"]:
        return match["math"]
    if accent := match["accent"]:
        letters = match["braced"] or match["bare"] or match["dotless"][1:]
        return unicodedata.normalize("NFC", letters[0] + _ACCENTS[accent] + letters[1:])
    if escaped := match["escaped"]:
        return "" if escaped in _NOTHING else " " if escaped in _SPACES else escaped
    if match["environment"]:
        return " "
    printed, after = symbol(match["name"]), match["after"] or ""
    if not (printed or match.string.startswith("{", match.end())) and _is_logo(match["name"]):
        printed = match["name"]
    is_letter = unicodedata.name(printed[:1] or " ", "").startswith("LATIN")
    return printed + ("" if after == "{}" or is_letter else after)  # `\o wl` is øwl


def _is_logo(name: str) -> bool:
    """Whether a command is a name with a capital inside, unlike `small`, `Large` and `LARGE`."""
    return not name.isupper() and not name[1:].islower() and len(name) > 1


@lru_cache(maxsize=4096)
def symbol(name: str) -> str:
    """The text that a command without arguments prints; "" if it only changes the style."""
    if name in _KNOWN:
        return _KNOWN[name]
    printed = getattr(_commands().get_macro_spec(name), "simplify_repl", None)
    return printed if isinstance(printed, str) and "%" not in printed and "<" not in printed else ""


@lru_cache(maxsize=4096)
def is_command(name: str) -> bool:
    """Whether pylatexenc knows a command of this name."""
    return name in _KNOWN or _commands().get_macro_spec(name) is not None

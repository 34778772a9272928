"""Replaces LaTeX inside plain text by what it prints, unless it may be something else.

A price is not math, a path is not a command, and "~100" is not a space. As in `latex`, pylatexenc's tables
say what commands print, and its parser is not used.
"""

import re

from rag.latex import is_command, latex_to_text, symbol

_DEPTH = 4  # levels of nested braces
_MATH = re.compile(
    r"""
      (?<![\\$]) \$\$ (?P<display> [^$]{1,500} ) \$\$
    | \\\( (?P<round> (?:[^\\]|\\[^()]){1,300} ) \\\)
    | (?<![\\$]) \$ (?=(?P<inline> [^$\n]{1,300} ) \$) (?:
          (?! \s ) (?= [^$]* (?: \\[A-Za-z%,{|] | [_^](?:\{|[-+]?\d|[^\s$]?(?!\w)) ) )
          [^$]+ (?<! [\s\\/] ) \$
        | (?: [A-Za-z]\w{0,2} | \d+(?:[.,]\d+)* ) \$ (?! \d )
        | (?! [\s\d] ) (?= [^$]* [=<>+≤≥] ) [^$]+ (?<! \s ) \$ (?! \w ) )
    """,
    re.VERBOSE,
)
_FRACTION = re.compile(r"\\[dt]?frac\s?\{([^{}]{0,99})\}\s?\{([^{}]{0,99})\}")
_MATH_COMMAND = re.compile(r"\\([A-Za-z]+)\*?\s{0,9}")
_GROUP = re.compile(r"(?<!\\)([_^]?)\{((?:[^{}\\]|\\.){0,300})\}")
_SCRIPT = re.compile(r"([_^])([-+−]?\d{1,6}|[-+])(?!\w)")
_ESCAPED = re.compile(r"\\(.)")
_PRINTED = {" ": " ", ";": " ", ":": " ", "\\": " ", ",": " ", "!": "", "/": ""}
_UPPER = dict(zip("0123456789+-−()", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁻⁽⁾", strict=True))
_LOWER = dict(zip("0123456789+-−()", "₀₁₂₃₄₅₆₇₈₉₊₋₋₍₎", strict=True))

_CITED = re.compile(r"[ ~]?\\(?:cite[a-z]{0,8}|label|(?:eq|page)?ref)\*?\{[^{}]{0,300}\}")
_TEXT_SCRIPT = re.compile(r"\\text(super|sub)script\s?\{([^{}]{0,60})\}")
_LINK = re.compile(r"\\(?:href|textcolor)\s?\{[^{}]{0,500}\}\s?\{([^{}]{0,500})\}")
_SWITCH = re.compile(r"\{\\(?:em|bf|it|tt|sc|rm|sl|sf)\s+([^{}]{0,500})\}")
_COMMAND = re.compile(r"(?<![\\:/])\\([A-Za-z]{2,30})\*?\{([^{}]{0,500})\}")
_SYMBOL = re.compile(r"(?<![\w\\:/.])\\([A-Za-z]{2,30})(?![\w\\{])(?:\{\})?( ?)")
_ACCENT = re.compile(
    r"""\\["'`^~=.]\{\\?[A-Za-z]\}|\\[uvHtcdbkr]\{[A-Za-z]\}|(?<=[A-Za-z])\\["'`^~=][A-Za-z](?=[A-Za-z])"""
)
_PLAIN_SCRIPT = re.compile(r"(?<=[\w)\]])([_^])\{([-+−]?\d{1,6}|[-+])\}")
_SIGN = re.compile(r"(?<![\\\w])\\([&_#$])|\\(%)(?!\w)|(?<=\w)\\([&_#$])")
_TIE = re.compile(
    r"(?<=[a-z][a-z])~(?=[A-Z\d($\\]|--|https?:)|(?<=[.,;:)%\]])~(?=[\w($\\])|(?<=\d)~(?=[^\W\d_])"
)
_QUOTED = re.compile(r"(?<!`)``([^`']{1,300})''(?!')")


def without_latex(text: str) -> str:
    """The text with its LaTeX replaced."""
    if "$" in text or "\\(" in text:
        text = _MATH.sub(_math, text)
    if "~" in text:
        text = _TIE.sub(" ", text)
    if "{" in text:
        text = _PLAIN_SCRIPT.sub(_script, text)
    if "\\" in text:
        text = _commands(text)
    return _QUOTED.sub(r"“\1”", text) if "``" in text else text


def _commands(text: str) -> str:
    text = _TEXT_SCRIPT.sub(lambda match: shifted(match[2], match[1] == "super"), _CITED.sub("", text))
    text = _SWITCH.sub(r"\1", _LINK.sub(r"\1", _PLAIN_SCRIPT.sub(_script, text)))
    text = _ACCENT.sub(lambda match: latex_to_text(match[0]), _FRACTION.sub(r"\1/\2", text))
    for _ in range(_DEPTH):
        text, changes = _COMMAND.subn(_argument, text)
        if not changes:
            break
    text = _SYMBOL.sub(_printed, text)
    return _SIGN.sub(lambda match: match[1] or match[2] or match[3], text)


def _argument(match: re.Match[str]) -> str:
    return match[2] if is_command(match[1]) else match[0]


def _printed(match: re.Match[str]) -> str:
    sign = symbol(match[1])
    return sign + match[2] if sign else match[0]


def _math(match: re.Match[str]) -> str:
    """Math as one line of text; unchanged if that is impossible."""
    math = _FRACTION.sub(r"\1/\2", match["display"] or match["round"] or match["inline"])
    if "frac" in math or "\\begin" in math:
        return match[0]
    math = _MATH_COMMAND.sub(_sign, math)
    for _ in range(_DEPTH):
        math, changes = _GROUP.subn(_script, math)
        if not changes:
            break
    math = _ESCAPED.sub(lambda sign: _PRINTED.get(sign[1], sign[1]), _SCRIPT.sub(_script, math))
    return " ".join(math.split())


def _sign(match: re.Match[str]) -> str:
    name = match[1]
    sign = "√" if name == "sqrt" else symbol(name)
    is_word = sign.isalpha() and sign.isascii()
    before = " " if is_word and match.string[max(match.start() - 1, 0) : match.start()].isalnum() else ""
    return before + sign + (" " if sign and match[0][-1].isspace() else "")


def _script(match: re.Match[str]) -> str:
    """Numbers and signs as superscripts or subscripts; words keep their mark, groups without one stay."""
    if not (mark := match[1]):
        return match[2]
    script = match[2].strip()
    moved = shifted(script, mark == "^")
    return f"{mark}{script}" if moved == script else moved


def shifted(script: str, is_above: bool) -> str:
    """The text as a superscript or subscript; unchanged unless all its characters have such forms."""
    signs = _UPPER if is_above else _LOWER
    return "".join(signs[sign] for sign in script) if signs.keys() >= set(script) else script

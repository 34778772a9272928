"""LaTeX in a text that is otherwise plain, as what it prints; what may be anything else stays.

A price is no math, a path no command, and "~100" no space. As in `latex`, pylatexenc knows what commands
print and its parser is not asked.
"""

import re

from rag.latex import is_command, latex_to_text, symbol

_DEPTH = 4  # braces in braces that are read
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
    """The text that a reader is meant to see."""
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
    text = _TEXT_SCRIPT.sub(lambda found: shifted(found[2], found[1] == "super"), _CITED.sub("", text))
    text = _SWITCH.sub(r"\1", _LINK.sub(r"\1", _PLAIN_SCRIPT.sub(_script, text)))
    text = _ACCENT.sub(lambda found: latex_to_text(found[0]), _FRACTION.sub(r"\1/\2", text))
    for _ in range(_DEPTH):
        text, changes = _COMMAND.subn(_argument, text)
        if not changes:
            break
    text = _SYMBOL.sub(_printed, text)
    return _SIGN.sub(lambda found: found[1] or found[2] or found[3], text)


def _argument(found: re.Match[str]) -> str:
    return found[2] if is_command(found[1]) else found[0]


def _printed(found: re.Match[str]) -> str:
    sign = symbol(found[1])
    return sign + found[2] if sign else found[0]


def _math(found: re.Match[str]) -> str:
    """What math prints in a line; as it is written where a line cannot hold it."""
    math = _FRACTION.sub(r"\1/\2", found["display"] or found["round"] or found["inline"])
    if "frac" in math or "\\begin" in math:
        return found[0]
    math = _MATH_COMMAND.sub(_sign, math)
    for _ in range(_DEPTH):
        math, changes = _GROUP.subn(_grouped, math)
        if not changes:
            break
    math = _ESCAPED.sub(lambda each: _PRINTED.get(each[1], each[1]), _SCRIPT.sub(_script, math))
    return " ".join(math.split())


def _sign(found: re.Match[str]) -> str:
    name = found[1]
    sign = "√" if name == "sqrt" else symbol(name)
    is_word = sign.isalpha() and sign.isascii()
    before = " " if is_word and found.string[max(found.start() - 1, 0) : found.start()].isalnum() else ""
    return before + sign + (" " if sign and found[0][-1].isspace() else "")


def _grouped(found: re.Match[str]) -> str:
    return _raised(found[1], found[2].strip()) if found[1] else found[2]


def _script(found: re.Match[str]) -> str:
    return _raised(found[1], found[2])


def _raised(mark: str, told: str) -> str:
    """Numbers and signs above or below the line, words behind their mark."""
    moved = shifted(told, mark == "^")
    return f"{mark}{told}" if moved == told else moved


def shifted(told: str, is_above: bool) -> str:
    """The text above or below the line; as it is where not all of it has such signs."""
    signs = _UPPER if is_above else _LOWER
    return "".join(signs[each] for each in told) if all(each in signs for each in told) else told

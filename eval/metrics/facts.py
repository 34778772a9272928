"""Whether a text contains the expected facts."""

import re
import unicodedata
from collections.abc import Sequence

_DASHES = dict.fromkeys(map(ord, "‐‑‒–—−"), "-") | {ord("’"): "'"}
_LATEX = re.compile(r"[\\${}]|[_^](?=\d)")
_ABOUT = re.compile(r"\b(?:sim|approx)(?=\d)")  # "\sim99" and, on pages that lose the backslash, "sim99"
_PER_CENT = re.compile(r"(?<=\d)\s+%")
_TIMES = re.compile(r"(?<=\d)\s?(?:times|×)(?![a-z])")
_BEGINS, _ENDS = re.compile(r"(?<![^\W_])(?<!\d\.)"), re.compile(r"(?![^\W_])(?!\.\d)")
_GROUPED = re.compile(r"(?<=\d),(?=\d{3}(?!\d))")


def fact_recall(text: str, facts: Sequence[Sequence[str]]) -> float:
    """Share of the facts that the text contains in one of their accepted forms."""
    return sum(any(holds(text, form) for form in forms) for forms in facts) / len(facts)


def holds(text: str, form: str) -> bool:
    """Whether a text contains a form of a fact, as whole words and whole numbers.

    Case, white space, kinds of dashes, thousands separators, the signs of LaTeX, and "times" for
    "x" make no difference: "45%" is found in "saves 45\\%", and neither in "145%" nor in "2.45%".
    """
    form, text = _plain(form), _plain(text)
    place = text.find(form)
    while place >= 0:
        if _BEGINS.match(text, place) and _ENDS.match(text, place + len(form)):
            return True
        place = text.find(form, place + 1)
    return False


def _plain(text: str) -> str:
    folded = unicodedata.normalize("NFKC", text).translate(_DASHES).casefold()
    bare = _ABOUT.sub("", _LATEX.sub("", folded))
    joined = _PER_CENT.sub("%", _GROUPED.sub("", bare))
    return " ".join(_TIMES.sub("x", joined).split())

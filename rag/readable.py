"""Titles, abstracts and quotes as they are shown: without markup, LaTeX and the labels of abstracts.

For display only: stored, searched and quoted texts stay as the paper has them.
"""

import html
import re

from rag.markers import neutral
from rag.plain import in_a_line, plain
from rag.stray_latex import shifted, without_latex

_NAMES = (
    r"(?:i|b|u|em|strong|sup|sub|span|a|font|small|tt|code|p|br|div|li|ul|ol|h[1-6]|sec|title|abstract"
    r"|section|(?:jats|mml):[\w-]{1,40})"
)
_TAG = re.compile(rf"</?({_NAMES})(?:\s[^<>]{{0,300}})?/?>", re.IGNORECASE)
_LONE_TAG = re.compile(rf"(?<!\w){_TAG.pattern}", re.IGNORECASE)  # "List<i>" is code
_PARTS = frozenset(("p", "br", "div", "li", "ul", "ol", "sec", "title", "section"))  # stand apart
_GAPS = re.compile(r" {2,}")
_RAISED = re.compile(r"<(sup|sub)(?:\s[^<>]{0,100})?>([^<>]{1,40})</\1>", re.IGNORECASE)
_ENTITY = re.compile(r"&(?:#\d{1,7}|#x[0-9a-f]{1,6}|[a-z]{2,31}\d{0,2});", re.IGNORECASE)
# The letters of ISO's own set, which HTML does not know: &bgr; is β.
_ISO = "a b g d e z ee th i k l m n x o p r s t u ph kh ps oh"
_GREEK = dict(
    zip((f"{each}gr" for each in re.findall(r"\w+", _ISO)), "αβγδεζηθικλμνξοπρστυφχψω", strict=True)
)
_MICRO = re.compile(r"(?<=\d)(\s?)micro ?(mol|[mglLM])([23]?)(?![A-Za-z0-9])")

# What structured abstracts call their parts; the second kind never ends a label, unless a colon does.
_PART = (
    r"(?:abstract|aims?|analys[ei]s|approach|availability|background|conclusions?|context|design|discussion"
    r"|evidence|exposures?|extraction|findings?|funding|goals?|hypothesis|implementation|implications"
    r"|importance|interpretation|interventions?|introduction|limitations?|materials?|measure(?:ment)?s?"
    r"|methods?|methodology|motivation|objectives?|outcomes?|participants|patients|purpose|question"
    r"|rationale|recommendations?|registration|relevance|results?|review|selection|settings?|significance"
    r"|sources|strategy|subjects|summary|synthesis|unlabelled)"
).upper()
_BESIDE = r"(?:CLINICAL|DATA|EXPERIMENTAL|KEY|MAIN|PRIMARY|PRINCIPAL|RECENT|RESEARCH|SEARCH|STUDY|TRIAL)"
_JOINED = r"(?:, ?(?:AND )?| ?[/&] ?| AND | OF | )"
_LABEL = re.compile(
    rf"(\A\s?|[.!?][\"”’)\]]?\s)(?:(?:(?:{_PART}|{_BESIDE}){_JOINED}){{0,6}}{_PART}"
    rf"(?:\s?:\s+(?=\S)|\s+(?=[A-Z0-9“\"(])(?!(?:AND|AS|AT|BY|FOR|FROM|IN|OF|ON|OR|TO|WITH|{_PART}|{_BESIDE})\b))"
    rf"|[A-Z]{{2,20}}(?:[ ,/&]{{1,2}}[A-Z]{{1,20}}){{1,3}}\s?:\s+(?=[A-Z][a-z ]))"
)


def readable(text: str) -> str:
    """The text as readers see it, without markup and labels."""
    return _LABEL.sub(r"\1", without_markup(text))


def without_markup(text: str) -> str:
    """The text as it prints. For titles, where "BERT: …" is not a label."""
    if "<" in text:
        text = _without_tags(text)
    if "&" in text:
        text = _ENTITY.sub(_character, text)
    if "micro" in text:
        text = _MICRO.sub(_unit, text)
    return without_latex(text)


def in_our_words(title: str) -> str:
    """A title for a sentence of our own: in one line, with nothing that reads as a marker."""
    return neutral(in_a_line(without_markup(title)))


def _without_tags(text: str) -> str:
    """The text without tags. One that is never closed counts as a tag only where no word touches it."""
    text = _RAISED.sub(lambda found: shifted(found[2], found[1].lower() == "sup"), text)
    text, changes = (_TAG if "</" in text else _LONE_TAG).subn(_gap, text)
    return _GAPS.sub(" ", text) if changes else text


def _gap(found: re.Match[str]) -> str:
    """A space for a tag that parts two words."""
    return " " if found.start() and found[1].lower().removeprefix("jats:") in _PARTS else ""


def _character(found: re.Match[str]) -> str:
    name = found[0][1:-1]
    told = _GREEK.get(name) or html.unescape(found[0])
    return " " if told.isspace() else plain(told).replace("\n", " ")


def _unit(found: re.Match[str]) -> str:
    return f"{found[1] or ' '}µ{found[2]}{shifted(found[3], True)}"

"""Makes titles, abstracts and quotes readable: without markup, LaTeX and the labels of abstracts.

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
_PARTS = frozenset(("p", "br", "div", "li", "ul", "ol", "sec", "title", "section"))  # a space replaces them
_GAPS = re.compile(r" {2,}")
_RAISED = re.compile(r"<(sup|sub)(?:\s[^<>]{0,100})?>([^<>]{1,40})</\1>", re.IGNORECASE)
_ENTITY = re.compile(r"&(?:#\d{1,7}|#x[0-9a-f]{1,6}|[a-z]{2,31}\d{0,2});", re.IGNORECASE)
# ISO's entities of Greek letters, which HTML does not know: &bgr; is β.
_ISO = "a b g d e z ee th i k l m n x o p r s t u ph kh ps oh"
_GREEK = dict(zip((f"{letter}gr" for letter in _ISO.split()), "αβγδεζηθικλμνξοπρστυφχψω", strict=True))
_MICRO = re.compile(r"(?<=\d)(\s?)micro ?(mol|[mglLM])([23]?)(?![A-Za-z0-9])")

# How structured abstracts name their parts. Words of the second kind do not end a label without a colon.
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
    """The text without markup and labels."""
    return _LABEL.sub(r"\1", without_markup(text))


def without_markup(text: str) -> str:
    """The text without markup, for titles: there "BERT: …" is not a label."""
    if "<" in text:
        text = _without_tags(text)
    if "&" in text:
        text = _ENTITY.sub(_character, text)
    if "micro" in text:
        text = _MICRO.sub(_unit, text)
    return without_latex(text)


def in_our_words(title: str) -> str:
    """A title for our own sentences: on one line, with nothing that reads as a marker."""
    return neutral(in_a_line(without_markup(title)))


def _without_tags(text: str) -> str:
    """The text without tags. If none is closed, only those that touch no word count as tags."""
    text = _RAISED.sub(lambda match: shifted(match[2], match[1].lower() == "sup"), text)
    text, changes = (_TAG if "</" in text else _LONE_TAG).subn(_gap, text)
    return _GAPS.sub(" ", text) if changes else text


def _gap(match: re.Match[str]) -> str:
    """A space for a tag that separates two words."""
    return " " if match.start() and match[1].lower().removeprefix("jats:") in _PARTS else ""


def _character(match: re.Match[str]) -> str:
    name = match[0][1:-1]
    character = _GREEK.get(name) or html.unescape(match[0])
    return " " if character.isspace() else plain(character).replace("\n", " ")


def _unit(match: re.Match[str]) -> str:
    return f"{match[1] or ' '}µ{match[2]}{shifted(match[3], True)}"

"""The user's own words on a paper: notes, whose HTML becomes plain text, and annotations of its PDFs."""

import html
import re
from collections.abc import Iterator
from dataclasses import dataclass

from ingest.sources.base import LONGEST_NOTE, MOST_MARKUP
from ingest.sources.loose import plain_text

LONGEST_HTML = MOST_MARKUP * LONGEST_NOTE
"""Characters of a note that are read, with its markup."""
# Each alternative ends before the next `<`, so time is linear in any text; that of `html.parser` is not.
_TOKEN = re.compile(r"<!--|<(?P<end>/?)(?P<tag>[a-zA-Z][a-zA-Z0-9]*)[^<>]*>|[^<]+|<")
_UNSHOWN = {"script", "style", "template"}
_PARAGRAPHS = {
    "p",
    "div",
    "blockquote",
    "pre",
    "ul",
    "ol",
    "table",
    "hr",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
}
_BREAKS = {"br": "\n", "li": "\n- ", "tr": "\n", "td": " ", "th": " "}


@dataclass(frozen=True)
class Annotation:
    """What a user marked in a PDF: words of the paper, the user's comment, and the label of the page."""

    text: str = ""
    comment: str = ""
    page: str = ""


def text_of(note: str) -> str:
    """The text of a note, its paragraphs apart; scripts, styles, comments and pictures are left out."""
    shown = "".join(_shown(note[:LONGEST_HTML]))
    lines = [" ".join(line.split()) for line in shown.split("\n")]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()


def _shown(note: str) -> Iterator[str]:
    """The pieces of text, with line feeds where blocks begin and end."""
    place, waits_for = 0, ""
    while token := _TOKEN.match(note, place):
        place, tag = token.end(), (token["tag"] or "").lower()
        if waits_for:
            waits_for = "" if token["end"] and tag == waits_for else waits_for
        elif token[0] == "<!--":
            place = end + 3 if (end := note.find("-->", place)) >= 0 else len(note)
        elif tag in _UNSHOWN:
            waits_for = "" if token["end"] else tag
        elif tag in _PARAGRAPHS:
            yield "\n\n"
        elif tag:
            yield "" if token["end"] else _BREAKS.get(tag, "")
        else:
            yield html.unescape(" ".join(re.split(r"\s+", token[0])))


def line_of(annotation: Annotation) -> str:
    """An annotation in a line: the paper's words between quotation marks, then the user's; or nothing."""
    text, comment, page = (
        plain_text(value, LONGEST_NOTE) for value in (annotation.text, annotation.comment, annotation.page)
    )
    place, quoted = f"p. {page}" if page else "", f"“{text}”" if text else ""
    if comment:
        before = ", ".join(filter(None, [f"on {place}" if place else "", quoted]))
        return ": ".join(filter(None, [before[:1].upper() + before[1:], comment]))
    return f"Highlighted{f' on {place}' if place else ''}: {quoted}" if quoted else ""

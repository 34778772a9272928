"""Removes reasoning, escape sequences and control characters from what a model streams."""

import re
import unicodedata
from collections.abc import Iterable, Iterator

from rag.markers import with_end
from rag.plain import encodable

_ESCAPE = re.compile(
    r"\x1b(?:\[[0-?]{0,40}[ -/]{0,9}[@-~]|\][^\x07\x1b\n]{0,300}(?:\x07|\x1b\\)|[@-Z\\^_])"
)
_PART_OF_ESCAPE = re.compile(r"\x1b(?:\[[0-?]{0,40}[ -/]{0,9}|\][^\x07\x1b\n]{0,300}\x1b?)?\Z")
# Models reason at the beginning, between these tags; without a closing tag all of it is reasoning.
_TAG = "(?:think|thinking|thought|reasoning)"
_REASONING = re.compile(rf"<({_TAG})>.*?(?:</\1>|\Z)", re.DOTALL | re.IGNORECASE)
_PART_OF_REASONING = re.compile(
    rf"<(?:[a-z]{{0,9}}\Z|{_TAG}>(?!.*</{_TAG}>).*\Z)", re.DOTALL | re.IGNORECASE
)
_END = re.compile(f"</{_TAG}>", re.IGNORECASE)
_BREAKS = dict.fromkeys(map(ord, "\u2028\u2029"), "\n") | dict.fromkeys(map(ord, "\t\v\f\x85"), " ")


def without_reasoning(texts: Iterable[str]) -> Iterator[str]:
    """A stream without reasoning, escape sequences, and control and invisible characters."""
    plain = map(_plain, _without(texts, _ESCAPE, _PART_OF_ESCAPE))
    return _without(plain, _REASONING, _PART_OF_REASONING)


def after_reasoning(reply: str) -> str:
    """What follows the reasoning in a reply that lacks the opening tag, as some servers prompt with it."""
    return _END.split(reply)[-1]


def _without(texts: Iterable[str], whole: re.Pattern[str], part: re.Pattern[str]) -> Iterator[str]:
    """A stream without the matches of `whole`; a match of `part` is held back, as it may become one."""
    held = ""
    for text, is_last in with_end(texts):
        held += text
        partial = None if is_last else part.search(held)
        ready = partial.start() if partial else len(held)
        if cleaned := whole.sub("", held[:ready]):
            yield cleaned
        held = held[ready:]


def _plain(text: str) -> str:
    """Without control and format characters, such as those that reverse the direction of text."""
    text = encodable(text).translate(_BREAKS)
    return "".join(char for char in text if char == "\n" or unicodedata.category(char) not in ("Cc", "Cf"))

"""Finds words in a text, whatever its white space, quotation marks, hyphens and signs of TeX."""

import re
import unicodedata
from functools import lru_cache

from rag.types import Span

_IGNORED = re.compile(r"[\s\"'`“”„‟‘’‚‛«»‹›\\${}]|[-‐‑‒–—−\u00ad](?!\d)")
_DASH = re.compile(r"[‐‑‒–—−]")
_WORD = re.compile(r"[^\W_]+")
_AT_ENDS = " \t\n.,;:!?…\"'`“”„‘’«»"
_MOST_PLACES = 100  # where the words stand as parts of other words
FEWEST_WORDS = 4  # of a quote; fewer stand anywhere by chance


def find_quote(words: str, text: str) -> Span | None:
    """Where words stand in a text, without the punctuation at their ends.

    None if they are fewer than four, or do not stand there.
    """
    wanted = words.strip(_AT_ENDS)
    if len(_WORD.findall(wanted)) < FEWEST_WORDS:
        return None
    letters, places = _plain(text)
    sought, _ = _plain(wanted)
    at = letters.find(sought)
    for _ in range(_MOST_PLACES):
        if at < 0:
            break
        start, end = places[at], places[at + len(sought) - 1] + 1
        if not _cuts_a_word(text, start) and not _cuts_a_word(text, end):
            return start, end
        at = letters.find(sought, at + 1)
    return None


@lru_cache(maxsize=64)
def _plain(text: str) -> tuple[str, list[int]]:
    """The characters of a text that count, and the place of each."""
    ignored = {place for match in _IGNORED.finditer(text) for place in range(*match.span())}
    kept = [
        (letter, place)
        for place, char in enumerate(text)
        if place not in ignored
        for letter in unicodedata.normalize("NFKC", char)
    ]
    letters = _DASH.sub("-", "".join(letter for letter, _ in kept))
    return letters, [place for _, place in kept]


def _cuts_a_word(text: str, place: int) -> bool:
    """Whether a letter or digit stands on both sides of a place."""
    return text[place - 1 : place].isalnum() and text[place : place + 1].isalnum() and place > 0

"""An answer's text cut into what a page shows: its claims, and the markers and words between them."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from rag.types import Answer, Claim

_MARKER = re.compile(r"( ?)\[(\d{1,4}|unsupported)\]")


@dataclass(frozen=True)
class Piece:
    """Words, or a marker where there is a number."""

    text: str
    number: int | None = None


@dataclass(frozen=True)
class Part:
    """The pieces of one claim with its markers; of the words between claims where there is none."""

    claim: Claim | None
    pieces: tuple[Piece, ...]


def pieces_of(text: str) -> Iterator[Piece]:
    """The words and markers of a text in their order; "[unsupported]" is left to the claim's mark."""
    taken = 0
    for found in _MARKER.finditer(text):
        if words := text[taken : found.start()]:
            yield Piece(words)
        if found[2].isdigit():
            yield Piece(f"[{found[2]}]", int(found[2]))
        taken = found.end()
    if rest := text[taken:]:
        yield Piece(rest)


def parts_of(answer: Answer) -> list[Part]:
    """The text from its beginning to its end, cut where claims begin and end.

    Claims are found in order by their letters without white space, as markers stand among these; one
    that is not found there (which no writer of ours leaves) stays among the words between.
    """
    letters, places = _letters(answer.text)
    parts, taken, at = [], 0, 0
    for claim in answer.claims:
        wanted = "".join(claim.text.split())
        found = letters.find(wanted, at) if wanted else -1
        if found < 0:
            continue
        at = found + len(wanted)
        start, end = places[found], _behind_markers(answer.text, places[at - 1] + 1)
        parts += _part(None, answer.text[taken:start]) + _part(claim, answer.text[start:end])
        taken = end
    return parts + _part(None, answer.text[taken:])


def _part(claim: Claim | None, text: str) -> list[Part]:
    return [Part(claim, tuple(pieces_of(text)))] if text else []


def _letters(text: str) -> tuple[str, list[int]]:
    """The characters that are neither white space nor of a marker, and where each stands."""
    marked = {at for found in _MARKER.finditer(text) for at in range(*found.span())}
    kept = [at for at, letter in enumerate(text) if at not in marked and not letter.isspace()]
    return "".join(text[at] for at in kept), kept


def _behind_markers(text: str, end: int) -> int:
    """The end of the markers that follow at once."""
    while found := _MARKER.match(text, end):
        end = found.end()
    return end

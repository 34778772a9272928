"""The layout of a sentence: white space and a bullet before it, and marks inside."""

import re
from collections.abc import Iterable, Sequence

_FENCE = re.compile(r"```\w*")
_DEEPEST = 8  # spaces before a bullet


def belongs(place: int, tail: str, end: int, following: int) -> bool:
    """Whether a marker belongs to the sentence that ends at `end`, not to the one that follows.

    A marker after a full stop does; one at the beginning of a line with words after it does not.
    """
    if place <= end or following == len(tail):
        return True
    opens_line = "\n" in tail[end:place] and "\n" not in tail[place:following]
    return place <= following and not opens_line


def without_gaps(body: str, places: Sequence[int]) -> tuple[str, list[int]]:
    """The text on one line without the spaces before its markers, and the new places of these."""
    body, text, taken = body.replace("\n", " "), "", 0
    moved = []
    for place in places:
        before = text + body[taken:place]
        text, taken = before.rstrip(), place
        moved.append(len(text))
        if len(text) < len(before) and body[place : place + 1].isalnum():
            text += " "
    return text + body[taken:], moved


def with_marks(text: str, marks: Iterable[tuple[int, str]]) -> str:
    """The text with marks at their places, in order, separated from the words around them."""
    shown, taken = "", 0
    for place, mark in [*marks, (len(text), "")]:
        between = text[taken:place]
        is_apart = not shown or not between[:1].isalnum()
        shown += between if is_apart else f" {between}"
        touches = mark and between and not between[-1].isspace() and between[-1] not in "([{"
        shown, taken = f"{shown} {mark}" if touches else shown + mark, place
    return shown


def lead_in(lead: str, shown: str) -> str:
    """The white space and the bullet before a sentence, given what has been shown."""
    lead = _FENCE.sub("", lead)
    bullet = lead.strip()
    before, newline, indent = (
        lead[: lead.find(bullet)].rpartition("\n") if bullet else lead.rpartition("\n")
    )
    breaks = "\n" * min(2, (before + newline).count("\n"))
    if not shown or shown.endswith("\n"):
        breaks = ""
    elif not breaks:
        breaks = " "
    return breaks + (indent[:_DEEPEST] if newline and bullet else "") + (f"{bullet} " if bullet else "")

"""Texts of others made plain: nothing in them drives a terminal, or hides what is there."""

import re

# Unicode's category Cc without the line feed; what turns the direction of writing round; halves of
# surrogate pairs and two noncharacters, which neither UTF-8 nor XML can hold.
CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufffe\uffff]")


def plain(text: str) -> str:
    """The text without control characters; a space for those that are white space."""
    return CONTROL.sub(lambda found: " " if found[0].isspace() else "", text)


def in_a_line(text: str) -> str:
    """The plain text in one line."""
    return " ".join(plain(text).split())


def cut(text: str, longest: int) -> str:
    """The text, with an ellipsis for what is beyond so many characters."""
    return text if len(text) <= longest else f"{text[: longest - 1]}…"


def sentence(text: str) -> str:
    """The text as a sentence of its own, which it may be already."""
    said = text.strip()
    begins = said.partition(" ")[0]
    capital = begins.capitalize() if begins.isalpha() and begins.islower() else begins  # no file's name
    return capital + said[len(begins) :] + ("" if not said or said.endswith((".", "!", "?")) else ".")

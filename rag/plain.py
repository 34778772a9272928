"""Texts of others made safe to show and to store: nothing in them controls a terminal or hides words."""

import re

# Unicode's category Cc without the line feed; marks that change the direction of writing; halves of
# surrogate pairs and two noncharacters, which neither UTF-8 nor XML can hold.
CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufffe\uffff]")


def plain(text: str) -> str:
    """The text without control characters; those that are white space become a space."""
    return CONTROL.sub(lambda found: " " if found[0].isspace() else "", text)


def encodable(text: str) -> str:
    """The text with lone halves of surrogate pairs, which no encoding holds, as question marks."""
    return text.encode("utf-8", "replace").decode()


def in_a_line(text: str) -> str:
    """The plain text as one line, with each run of white space as one space."""
    return " ".join(plain(text).split())


def cut(text: str, longest: int) -> str:
    """The text, cut to at most `longest` characters with an ellipsis at its end."""
    return text if len(text) <= longest else f"{text[: longest - 1]}…"


def sentence(text: str) -> str:
    """The text as a sentence: with a capital at its beginning and a full stop at its end."""
    text = text.strip()
    first = text.partition(" ")[0]
    capital = first.capitalize() if first.isalpha() and first.islower() else first  # not a file's name
    return capital + text[len(first) :] + ("" if not text or text.endswith((".", "!", "?")) else ".")

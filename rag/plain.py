"""Makes foreign texts safe to show and to store: nothing in them controls a terminal or hides words."""

import json
import re
from collections.abc import Sequence
from typing import Any, Literal

# Unicode's category Cc without the line feed; marks that change the direction of writing; lone surrogates
# and two noncharacters, which neither UTF-8 nor XML can hold.
CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufffe\uffff]")


def plain(text: str) -> str:
    """The text without control characters; white space among them becomes a space."""
    return CONTROL.sub(lambda match: " " if match[0].isspace() else "", text)


def json_text(value: Any, indent: int | None = None) -> str:
    """JSON in which control characters, which `plain` would leave out, are escaped."""
    dumped = json.dumps(value, ensure_ascii=False, indent=indent)
    return CONTROL.sub(lambda control: f"\\u{ord(control[0]):04x}", dumped)


def encodable(text: str) -> str:
    """The text with a question mark for each lone surrogate, which no encoding can hold."""
    return text.encode("utf-8", "replace").decode()


def in_a_line(text: str) -> str:
    """The plain text on one line, with single spaces."""
    return " ".join(plain(text).split())


def cut(text: str, longest: int) -> str:
    """The text, cut to at most `longest` characters with an ellipsis at its end."""
    return text if len(text) <= longest else f"{text[: longest - 1]}…"


def enumeration(names: Sequence[str], joint: Literal["and", "or"]) -> str:
    """The names in a row: “a”, “a or b”, “a, b or c”; "" without any."""
    *others, last = names or [""]
    return f" {joint} ".join([", ".join(others), last] if others else [last])


def sentence(text: str) -> str:
    """The text with a capital at its beginning and a full stop at its end."""
    text = text.strip()
    first = text.partition(" ")[0]
    capital = first.capitalize() if first.isalpha() and first.islower() else first  # not a file's name
    return capital + text[len(first) :] + ("" if not text or text.endswith((".", "!", "?")) else ".")

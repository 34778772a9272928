"""Blanks out the quoted words of a question: titles and phrases that it mentions, not uses."""

import re

_QUOTED = re.compile(r'"[^"]{2,300}"|“[^”]{2,300}”|«[^»]{2,300}»|`[^`]{2,300}`')


def unquoted(text: str) -> str:
    """The text with quoted words blanked out, all other characters in their places."""
    return _QUOTED.sub(lambda quote: '"' + "·" * (len(quote[0]) - 2) + '"', text)

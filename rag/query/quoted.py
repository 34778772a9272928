"""Quoted words of a question: titles and phrases that are mentioned, not used."""

import re

_QUOTED = re.compile(r'"[^"]{2,300}"|“[^”]{2,300}”|«[^»]{2,300}»|`[^`]{2,300}`')


def unquoted(text: str) -> str:
    """The text with the words in quotation marks blanked out, every other character in its place."""
    return _QUOTED.sub(lambda quote: '"' + "·" * (len(quote[0]) - 2) + '"', text)

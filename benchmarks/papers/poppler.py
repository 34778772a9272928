"""The text of pages as poppler's `pdftotext` reads them, to compare quotes with another extractor."""

import re
import subprocess
import unicodedata
from collections.abc import Sequence
from functools import cache
from pathlib import Path

_ORDERS = ((), ("-raw",))  # reading order, and the order in the file
_LEFT_OUT = {
    "Cc",
    "Cf",
    "Co",
    "Cn",
    "Pd",
    "Pi",
    "Pf",
}  # some fonts map dashes, quotation marks, ligatures to "Cc"
_SIGNS = str.maketrans("−", "-", "\"'`")
_MARGIN = 600  # folded characters of foot and head, about, between the two parts of a quote
_FEWEST = 10  # folded characters of its first part
_LETTERS_OF_LIGATURES = re.compile("[fil]")
_BROKEN_WORD = re.compile(r"-\n\s*")


@cache
def page_texts(pdf: Path, order: tuple[str, ...] = ()) -> list[str]:
    """The text of each page. Raises FileNotFoundError, CalledProcessError."""
    command = ["pdftotext", *order, str(pdf), "-"]
    text = subprocess.run(command, capture_output=True, check=True).stdout.decode("utf-8", "replace")
    return text.split("\f")[:-1]


def in_lines(text: str) -> str:
    """The text without its lines: words broken at their ends are whole."""
    return " ".join(unicodedata.normalize("NFKC", _BROKEN_WORD.sub("", text)).split())


def fold(text: str) -> str:
    """What is left of a text without white space, dashes, quotation marks and ligatures.

    The letters f, i and l are left out everywhere: some fonts map "ffi" to a control character, or to
    nothing at all, and then nobody knows which of them stood there.
    """
    folded = unicodedata.normalize("NFKC", text).casefold().translate(_SIGNS)
    kept = (char for char in folded if not char.isspace() and unicodedata.category(char) not in _LEFT_OUT)
    return _LETTERS_OF_LIGATURES.sub("", "".join(kept))


def stands_on(pdf: Path, page: int, quote: str) -> bool:
    """Whether a quote stands on a page (from 1), or begins at its end and ends on the next."""
    return any(is_on(page_texts(pdf, order), page, quote) for order in _ORDERS)


def is_on(pages: Sequence[str], page: int, quote: str) -> bool:
    """The same of pages by their texts."""
    here, after = (fold(text) for text in [*pages[page - 1 : page + 1], "", ""][:2])
    words = fold(quote)
    if words in here:
        return True
    end, start = here[-_MARGIN:], after[:_MARGIN]
    longest = next((size for size in range(len(words) - 1, 0, -1) if words[:size] in end), 0)
    return longest >= _FEWEST and words[longest:] in start

"""What makes two records the same paper: identifiers, or the title in any case and punctuation."""

import hashlib
import re
import unicodedata

_ARXIV_VERSION = re.compile(r"v\d+$")


def normalise_title(title: str) -> str:
    """The letters and digits of a title, compatibility-folded and lower-cased, as one string.

    Case, punctuation, spacing, ligatures and full-width forms make no difference; accents do.
    """
    folded = unicodedata.normalize("NFKC", title).casefold()
    return "".join(character for character in folded if character.isalnum())


def arxiv_key(arxiv_id: str) -> str:
    """An arXiv identifier without its version: `2110.07143v2` is `2110.07143`."""
    return _ARXIV_VERSION.sub("", arxiv_id.strip())


def title_key(title: str) -> str:
    """16 hexadecimal digits that stand for the normalised title (64 bits of SHA-256)."""
    return hashlib.sha256(normalise_title(title).encode()).hexdigest()[:16]


def paper_keys(title: str, arxiv_id: str | None, doi: str | None) -> list[str]:
    """Every key under which a paper may be known, the most telling first."""
    keys = [arxiv_key(arxiv_id)] if arxiv_id else []
    keys += [doi.strip().lower()] if doi else []
    return [*keys, title_key(title)]

"""Keys that identify a paper: arXiv id, DOI, or its title in any case and punctuation."""

import hashlib
import re
import unicodedata

_ARXIV = re.compile(
    r"(?:arxiv:\s*|(?:https?://)?(?:(?:www\.|export\.)?arxiv\.org/(?:abs|pdf|html)|huggingface\.co/papers)/)?"
    r"(\d{4}\.\d{4,5}|[a-z-]+(?:\.[a-z]{2})?/\d{7})(?:v\d+)?(?:\.pdf)?"
)
_ARXIV_DOI = "10.48550/arxiv."  # the prefix of arXiv's own DOIs
_DOI = re.compile(r"(?:doi:\s*)?(?:(?:https?://)?(?:dx\.|www\.)?doi\.org/)?(10\.\d[\d.]*/\S+)")


def normalise_title(title: str) -> str:
    """The letters and digits of a title, compatibility-folded and lower-cased, as one string.

    Case, punctuation, spacing, ligatures and full-width forms make no difference; accents do.
    """
    folded = unicodedata.normalize("NFKC", title).casefold()
    return "".join(filter(str.isalnum, folded))


def arxiv_key(arxiv_id: str) -> str | None:
    """`2110.07143` for `arXiv:2110.07143v2`, its address and its DOI; None for any other text."""
    doi = doi_key(arxiv_id) or ""
    match = _ARXIV.fullmatch(doi.removeprefix(_ARXIV_DOI) if doi else arxiv_id.strip().lower())
    return match and match[1]


def doi_key(doi: str) -> str | None:
    """`10.1000/xyz` for `doi:10.1000/XYZ` and for its address; None for any other text."""
    match = _DOI.fullmatch(doi.strip().lower().rstrip(".,;"))
    return match and match[1]


def title_key(title: str) -> str:
    """64 bits of the SHA-256 of the normalised title, as 16 hexadecimal digits."""
    return hashlib.sha256(normalise_title(title).encode()).hexdigest()[:16]


def paper_keys(title: str, arxiv_id: str | None, doi: str | None) -> list[str]:
    """The distinct keys that a paper may be known by, the most specific first."""
    keys = [arxiv_key(arxiv_id or ""), arxiv_key(doi or ""), doi_key(doi or ""), title_key(title)]
    return list(dict.fromkeys(key for key in keys if key))


def citation_key(key: str) -> str:
    """`@chen2021` for `chen2021`, and for `@chen2021` as Pandoc writes it."""
    return f"@{key.strip().removeprefix('@')}"


def reference_keys(reference: str) -> list[str]:
    """The keys that a reference may stand for: an arXiv id, a DOI, an id, a citation key, a title."""
    name = reference.strip()
    keys = [arxiv_key(reference), doi_key(reference), name, citation_key(name), title_key(reference)]
    return [key for key in keys if key]

"""What makes two records the same paper: identifiers, or the title in any case and punctuation."""

import hashlib
import re
import unicodedata

_ARXIV = re.compile(
    r"(?:arxiv:\s*|(?:https?://)?(?:(?:www\.|export\.)?arxiv\.org/(?:abs|pdf|html)|huggingface\.co/papers)/)?"
    r"(\d{4}\.\d{4,5}|[a-z-]+(?:\.[a-z]{2})?/\d{7})(?:v\d+)?(?:\.pdf)?"
)
_ARXIV_DOI = "10.48550/arxiv."  # what arXiv registers for each of its papers
_DOI = re.compile(r"(?:doi:\s*)?(?:(?:https?://)?(?:dx\.|www\.)?doi\.org/)?(10\.\d[\d.]*/\S+)")


def normalise_title(title: str) -> str:
    """The letters and digits of a title, compatibility-folded and lower-cased, as one string.

    Case, punctuation, spacing, ligatures and full-width forms make no difference; accents do.
    """
    folded = unicodedata.normalize("NFKC", title).casefold()
    return "".join(filter(str.isalnum, folded))


def arxiv_key(arxiv_id: str) -> str | None:
    """`2110.07143` for `arXiv:2110.07143v2`, its address and its DOI; None for what is no identifier."""
    doi = doi_key(arxiv_id) or ""
    found = _ARXIV.fullmatch(doi.removeprefix(_ARXIV_DOI) if doi else arxiv_id.strip().lower())
    return found and found[1]


def doi_key(doi: str) -> str | None:
    """`10.1000/xyz` for `doi:10.1000/XYZ` and for its address; None for what is no DOI."""
    found = _DOI.fullmatch(doi.strip().lower().rstrip(".,;"))
    return found and found[1]


def title_key(title: str) -> str:
    """16 hexadecimal digits that stand for the normalised title (64 bits of SHA-256)."""
    return hashlib.sha256(normalise_title(title).encode()).hexdigest()[:16]


def paper_keys(title: str, arxiv_id: str | None, doi: str | None) -> list[str]:
    """Every key under which a paper may be known, the most telling first, each once."""
    keys = [arxiv_key(arxiv_id or ""), arxiv_key(doi or ""), doi_key(doi or ""), title_key(title)]
    return list(dict.fromkeys(key for key in keys if key))


def reference_keys(reference: str) -> list[str]:
    """The keys that a reference to a paper may mean: an arXiv id, a DOI, a title's key, a title."""
    keys = [arxiv_key(reference), doi_key(reference), reference.strip(), title_key(reference)]
    return [key for key in keys if key]

"""The addresses of papers."""

import re
from urllib.parse import quote

from rag.identity import arxiv_key, doi_key
from rag.types import Paper

_SUBJECT = re.compile(r"\.[a-z]{2}(?=/)")  # in math.gt/0309136, which arXiv writes without it


def link(paper: Paper) -> str | None:
    """The address of a paper at arXiv, else by its DOI; None where neither is known."""
    if arxiv_id := arxiv_id_of(paper):
        return f"https://arxiv.org/abs/{arxiv_id}"
    doi = doi_key(paper.doi or "")
    return f"https://doi.org/{quote(doi, safe='/', errors='replace')}" if doi else None


def arxiv_id_of(paper: Paper) -> str | None:
    """The arXiv identifier as arXiv writes it."""
    key = arxiv_key(paper.arxiv_id or "")
    return quote(_SUBJECT.sub("", key), safe="/") if key else None

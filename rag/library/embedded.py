"""The text that an encoder gets for a passage, and the fingerprint by which indexes know a text."""

import hashlib
from collections.abc import Iterable

from rag.types import Paper, Passage


def embedded_text(paper: Paper, passage: Passage) -> str:
    """The paper's title, for a passage of its body the heading above, then the passage."""
    lines = [paper.title, paper.words_of(passage)]
    if section := paper.section_of(passage):
        lines.insert(1, section)
    return "\n".join(lines)


def fingerprint(texts: Iterable[str]) -> str:
    """Identifies texts: 32 hexadecimal digits (128 bits of SHA-256)."""
    return hashlib.sha256("\0".join(texts).encode()).hexdigest()[:32]

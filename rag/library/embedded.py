"""What an encoder sees of a passage, and the fingerprint by which indexes know a text."""

import hashlib
from collections.abc import Iterable

from rag.types import Paper, Passage


def embedded_text(paper: Paper, passage: Passage) -> str:
    """The paper's title, then the passage."""
    return f"{paper.title}\n{paper.abstract[passage.start : passage.end]}"


def fingerprint(texts: Iterable[str]) -> str:
    """Tells texts from others: 32 hexadecimal digits (128 bits of SHA-256)."""
    return hashlib.sha256("\0".join(texts).encode()).hexdigest()[:32]

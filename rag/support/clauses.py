"""Words with their clauses: what stands between two marks."""

import re
from collections.abc import Sequence
from itertools import pairwise

from rag.types import Span

WORD = re.compile(r"[^\W_]+(?:['’]t\b)?")
_MARK = re.compile(r"[.!?;:,()\[\]—–]")


def number_clauses(text: str, words: Sequence[Span]) -> list[int]:
    """The clause of each word, counted from 0."""
    numbers = [0] * min(1, len(words))
    for (_, end), (start, _) in pairwise(words):
        numbers.append(numbers[-1] + bool(_MARK.search(text, end, start)))
    return numbers

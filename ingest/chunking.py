"""Abstracts cut into passages: whole sentences within a budget of tokens, nothing lost."""

from bisect import bisect_left
from collections.abc import Iterator
from itertools import pairwise

from rag.sentences import sentence_spans
from rag.tokens import count_tokens, token_offsets
from rag.types import Span

PASSAGE_TOKENS = 64  # chosen by measurement: docs/retrieval.md


def split_abstract(abstract: str, budget: int = PASSAGE_TOKENS) -> list[Span]:
    """[start, end) of each passage of an abstract, in order; together they are the abstract.

    A passage holds as many whole sentences as fit into `budget` tokens. A single sentence that
    is longer is cut between words (between tokens, where it has no spaces).
    """
    passages: list[Span] = []
    used = 0
    for start, end, size in _pieces(abstract, budget):
        if passages and used + size <= budget:
            passages[-1] = (passages[-1][0], end)
            used += size
        else:
            passages.append((start, end))
            used = size
    return passages


def _pieces(text: str, budget: int) -> Iterator[tuple[int, int, int]]:
    """Sentences, the long ones in parts: start, end, number of tokens."""
    for start, end in sentence_spans(text):
        size = count_tokens(text[start:end])
        if size <= budget:
            yield start, end, size
            continue
        cuts = _cuts(text[start:end], budget)
        for a, b in pairwise(cuts):
            yield start + a, start + b, count_tokens(text[start + a : start + b])


def _cuts(sentence: str, budget: int) -> list[int]:
    """Where to cut a long sentence: 0, places behind a space where there is one, its length."""
    offsets = [*token_offsets(sentence), len(sentence)]
    cuts = [0]
    while (limit := bisect_left(offsets, cuts[-1]) + budget) < len(offsets) - 1:
        space = sentence.rfind(" ", cuts[-1], offsets[limit])
        cuts.append(space + 1 if space >= 0 else max(offsets[limit], cuts[-1] + 1))
    return cuts if cuts[-1] == len(sentence) else [*cuts, len(sentence)]

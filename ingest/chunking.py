"""Abstracts and bodies cut into passages: whole sentences within a budget of tokens, nothing lost."""

from bisect import bisect_left
from collections.abc import Iterator
from itertools import pairwise

from rag.body import SEARCHED, Block, Body
from rag.sentences import sentence_spans
from rag.tokens import count_tokens, token_offsets
from rag.types import Span

PASSAGE_TOKENS = 64  # chosen by measurement: docs/retrieval.md
BODY_TOKENS = 128


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


def split_body(body: Body, budget: int = BODY_TOKENS) -> list[Span]:
    """[start, end) of each passage of a body, in order.

    Together they are the blocks that are searched. A passage ends with its section, and where a formula,
    say, comes between; within these it is cut as an abstract is. A row of a table is kept whole.
    """
    passages: list[Span] = []
    used, last = 0, None
    for block in body.blocks:
        if block.kind not in SEARCHED:
            last = None
            continue
        joins = last is not None and last.section == block.section
        for start, end, size in _pieces_of(block, body.text, budget):
            if joins and used + size <= budget:
                passages[-1] = (passages[-1][0], end)
                used += size
            else:
                passages.append((start, end))
                used = size
            joins = True
        last = block
    return passages


def _pieces_of(block: Block, text: str, budget: int) -> Iterator[tuple[int, int, int]]:
    """The pieces of a block: start, end, number of tokens."""
    own = text[block.start : block.end]
    if block.kind == "row" and (size := count_tokens(own)) <= budget:
        yield block.start, block.end, size
        return
    for start, end, size in _pieces(own, budget):
        yield block.start + start, block.start + end, size


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

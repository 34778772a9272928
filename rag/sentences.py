"""Sentences with their places in the text, by sentencex, with its slips on abstracts mended."""

import re
from itertools import pairwise

import sentencex

from rag.types import Span

# sentencex looks for no boundary behind the last marker of an enumeration: the rest of the
# abstract becomes one sentence. So what follows a marker is split again.
_ENUMERATOR = re.compile(r"\s*\(?(?:\d{1,2}|[ivx]{1,4}|[a-h])\)\s*")
_MOST_NESTED = 8
# It breaks at "et al. (2020)" and before a per cent sign that stands apart from its number.
_CONTINUES = re.compile(r"\s*(?:al\.|%|[,;:)\]])")
# It takes "art.", "bits." and "only." for abbreviations: a word before a full stop and a capital ends a
# sentence, but for those that are one.
_ENDS = re.compile(
    r"(?<![\w.(])(?!(?:approx|dept|eqs?|etc|figs?|incl|refs?|resp|secs?|vol)\.)[a-z]{3,}\.\s+(?=[A-Z])"
)
# It panics at a capital letter, a space beyond ASCII and a full stop ("A\u00a0."): it sees plain ones.
_WIDE_SPACE = re.compile(r"[^\S\x00-\x7f]")


def sentence_spans(text: str) -> list[Span]:
    """[start, end) of each sentence; together they cover the text, white space behind included."""
    spans: list[Span] = []
    for start, end in _boundaries(_WIDE_SPACE.sub(" ", text), 0, len(text)):
        if spans and (_CONTINUES.match(text, start) or _is_blank(text, (start, end), spans[-1])):
            spans[-1] = (spans[-1][0], end)
        else:
            spans.append((start, end))
    return spans


def strip_span(text: str, span: Span) -> Span:
    """The span without white space at its ends."""
    start, end = span
    piece = text[start:end].lstrip()
    return end - len(piece), end - len(piece) + len(piece.rstrip())


def _is_blank(text: str, *spans: Span) -> bool:
    """Whether one of the spans holds only white space."""
    return any(text[start:end].isspace() for start, end in spans)


def _boundaries(text: str, offset: int, stop: int, depth: int = 0) -> list[Span]:
    spans: list[Span] = []
    for found in sentencex.get_sentence_boundaries("en", text[offset:stop]):
        start, end = offset + found["start_index"], offset + found["end_index"]
        marker = _ENUMERATOR.match(text, start, end)
        if marker and marker.end() < end and depth < _MOST_NESTED:
            first, *others = _boundaries(text, marker.end(), end, depth + 1)
            spans += [(start, first[1]), *others]
        else:
            ends = [match.end() for match in _ENDS.finditer(text, start, end) if match.end() < end]
            spans += pairwise([start, *ends, end])
    return spans

"""Decides by similarity alone whether any paper is near a question.

A word that is in no paper does not rule the question out, but raises the similarity that it needs.
`benchmarks/calibrate_answers.py` fits the weights and the threshold (docs/evaluation.md).
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from rag.embedding.english import rarity
from rag.library import Library
from rag.library.lexical import Standing
from rag.logistic import Logistic
from rag.plain import enumeration
from rag.reading import Reading
from rag.types import Hit, Kind, Paper
from rag.words import SPELLED, is_function_word

HITS = 5  # papers that are considered
near = Logistic({"match": 15.0, "rare": 9.1, "unknown": -2.0, "words": 5.5, "list": 1.7}, -23.0)
"""How likely a question with these features is about the papers; 0.5 is the threshold."""
_NOT_PLAIN = re.compile(r"[\W_]+")
_SHORTEST_JOINED = 5  # letters of a word that a paper may write as two words
_POWER = 3  # of a word's rarity in its weight, so that "the" and "people" hardly count
_WORTH_NAMING = 0.6  # the rarity from which an unknown word is named
_MOST_NAMED = 3
_FEW = 4.5  # words; a shorter question ("What is ELECTRA?") need not match better than one this long


@dataclass(frozen=True)
class Word:
    """A content word of a question: its rarity in English, its best match in each paper, and whether the
    library has it."""

    text: str
    rarity: float
    matches: Sequence[float]
    standing: Standing


def words_of(question: str, hits: Sequence[Hit], reading: Reading, library: Library) -> list[Word]:
    """The content words, but no numbers, of a question that was compared with these hits."""
    texts = [_NOT_PLAIN.sub("", _text_of(hit.paper).lower()) for hit in hits]
    words = []
    for match in SPELLED.finditer(question):
        text = re.sub(r"['’]\w{1,2}$", "", match[0])
        if text.isdigit() or len(text) < 2 or is_function_word(text.lower()):
            continue
        places = np.flatnonzero((reading.starts >= match.start()) & (reading.starts < match.end()))
        matches = reading.papers[:, places].mean(axis=1) if len(places) else np.zeros(len(hits))
        joined = _NOT_PLAIN.sub("", text.lower())
        is_there = len(joined) >= _SHORTEST_JOINED and any(joined in paper_text for paper_text in texts)
        standing: Standing = "there" if is_there else library.standing(text)
        words.append(Word(text, rarity(reading.pieces[places]), matches.tolist(), standing))
    return words


def features(reading: Reading, words: Sequence[Word], kind: Kind = "single") -> dict[str, float]:
    """The features of the nearest paper, or for a comparison of the two that are nearest together.

    `match` is the best match of all word pieces, weighted by their rarity in the library; `rare` that of
    the words that are not misspelt, weighted by their rarity in English; `unknown` the share of words that
    are in no paper; `words` the logarithm of their number, as many words match less well than few.
    """
    spelt = [word for word in words if word.standing != "misspelt"]
    weights = np.array([float(word.rarity**_POWER) for word in spelt])
    shares = weights / max(weights.sum(), 1e-9)
    matches = np.array([word.matches for word in spelt]).reshape(len(spelt), len(reading.papers))
    size = min(2 if kind == "comparison" else 1, len(reading.papers))
    sets = np.array(list(combinations(range(len(reading.papers)), size)))
    return {
        "match": float((reading.papers[sets].max(axis=1) @ reading.weights).max()),
        "rare": float((shares @ matches[:, sets].max(axis=2)).max()),
        "unknown": float(shares @ np.array([word.standing == "nowhere" for word in spelt], float)),
        "words": float(np.log1p(max(len(words), _FEW))),
        "list": float(kind == "list"),
    }


def why_far(
    question: str, hits: Sequence[Hit], reading: Reading, library: Library, kind: Kind = "single"
) -> str | None:
    """Why no paper is near a question that was compared with its best hits; None if one is."""
    words = words_of(question, hits, reading, library)
    if near.log_odds(features(reading, words, kind)) >= 0:
        return None
    unknown = [word for word in words if word.standing == "nowhere" and word.rarity >= _WORTH_NAMING]
    unknown.sort(key=lambda word: -word.rarity)
    if not unknown:
        return "No paper here is close to this question."
    names = dict.fromkeys(word.text for word in unknown[:_MOST_NAMED])
    return f"No paper mentions {enumeration([*names], 'or')}."


def _text_of(paper: Paper) -> str:
    return " ".join(
        (paper.title, paper.shown_text, paper.shown_note, *paper.authors, paper.organization or "")
    )

"""How likely a sentence holds what a question asks for: a logistic model of a few features.

Fitted by `benchmarks/calibrate_answers.py` on questions about single papers of two
fields: docs/retrieval.md.
"""

import re
from collections.abc import Mapping, Sequence

import numpy as np

from rag.logistic import Logistic
from rag.reading import Reading, Sentence
from rag.types import Hit
from rag.words import numbers

# Per unit of each feature.
WEIGHTS: Mapping[str, float] = {
    "match": 6.25,
    "place": 1.89,
    "score": 7.4,
    "first_paper": 0.73,
    "number": 1.01,
    "first_sentence": -1.15,
    "length": 0.67,
    "question": -1.97,
}
INTERCEPT = -15.08
relevance = Logistic(WEIGHTS, INTERCEPT)
"""The probability that a sentence with these features answers."""

_ASKS_FOR_NUMBER = re.compile(
    r"\bhow (?:much|many|large|big|long|far|often|high|low)\b|\b(?:number|share|rate|percent\w*|size) of\b",
    re.IGNORECASE,
)


def relevances(question: str, reading: Reading, hits: Sequence[Hit]) -> list[float]:
    """How likely each sentence of a reading answers, in (0, 1)."""
    return [relevance(each) for each in features(question, reading, hits)]


def features(question: str, reading: Reading, hits: Sequence[Hit]) -> list[dict[str, float]]:
    """The features of each sentence.

    Words that the title of a paper has already do not tell its sentences apart: `match` is on the others.
    """
    rest = reading.weights * np.clip(1 - reading.titles, 0, 1)
    weights = rest / np.maximum(rest.sum(axis=1, keepdims=True), 1e-9)
    wants_number = bool(_ASKS_FOR_NUMBER.search(question))

    def of(sentence: Sentence) -> dict[str, float]:
        abstract = hits[sentence.hit].paper.abstract
        return {
            "match": float(sentence.best() @ weights[sentence.hit]),
            "place": sentence.span[0] / len(abstract),
            "score": hits[sentence.hit].score,
            "first_paper": float(sentence.hit == 0),
            "number": float(wants_number and bool(numbers(sentence.text))),
            "first_sentence": float(not abstract[: sentence.span[0]].strip()),
            "length": float(np.log(max(len(sentence.text.split()), 1))),
            "question": float(sentence.text.endswith("?")),
        }

    return [of(sentence) for sentence in reading.sentences]

"""The probability that a sentence answers a question: a logistic model of a few features.

Fitted by `benchmarks/calibrate_answers.py` on questions about single papers of two fields, and on questions
about the bodies of sixteen papers: see docs/retrieval.md.
"""

import re
from collections.abc import Mapping, Sequence

import numpy as np

from rag.logistic import Logistic
from rag.reading import Reading, Sentence
from rag.types import Hit

_NUMBER = re.compile(r"(?<![\w.])\d")  # not in a name: "v2"
# Per unit of each feature.
WEIGHTS: Mapping[str, float] = {
    "match": 7.8,
    "place": 2.25,
    "score": -2.45,
    "first_paper": 3.93,
    "number": 0.35,
    "first_sentence": -0.95,
    "last_sentence": -0.37,
    "length": 0.49,
    "question": -4.0,
}
INTERCEPT = -9.7
relevance = Logistic(WEIGHTS, INTERCEPT)
"""The probability that a sentence of an abstract with these features answers."""
_SHORT = 4  # words; a shorter sentence is worth no more
in_whole = Logistic({"match": 7.9, "closeness": 3.1, "first_paper": 0.7, "length": -0.6}, -7.0)
"""The same for a sentence of a paper whose body is read, too; a long one takes the place of others."""


def relevances(reading: Reading, hits: Sequence[Hit]) -> list[float]:
    """The probability of each sentence of a reading, in (0, 1)."""
    rows = features(reading, hits)
    return [in_whole(row) if "closeness" in row else relevance(row) for row in rows]


def features(reading: Reading, hits: Sequence[Hit]) -> list[dict[str, float]]:
    """The features of each sentence.

    `match` leaves out the words of a paper's title, as they do not distinguish its sentences.
    """
    rest = reading.weights * np.clip(1 - reading.titles, 0, 1)
    weights = rest / np.maximum(rest.sum(axis=1, keepdims=True), 1e-9)

    def of(sentence: Sentence) -> dict[str, float]:
        place, paper = sentence.place, hits[sentence.hit].paper
        text = paper.text_of(place.part)
        if closeness := hits[sentence.hit].closeness:
            return {
                "match": float(sentence.best() @ weights[sentence.hit]),
                "closeness": closeness[sentence.passage],
                "first_paper": float(sentence.hit == 0),
                "length": float(np.log(max(len(sentence.text.split()), _SHORT))),
            }
        return {
            "match": float(sentence.best() @ weights[sentence.hit]),
            "place": place.start / len(text),
            "score": hits[sentence.hit].score,
            "first_paper": float(sentence.hit == 0),
            "number": float(bool(_NUMBER.search(sentence.text))),
            "first_sentence": float(not text[: place.start].strip()),
            "last_sentence": float(not text[place.end :].strip()),
            "length": float(np.log(max(len(sentence.text.split()), 1))),
            "question": float(sentence.text.endswith("?")),
        }

    return [of(sentence) for sentence in reading.sentences]

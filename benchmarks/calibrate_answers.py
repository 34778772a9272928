"""Fits what decides without a language model whether and with what a question is answered.

    python -m benchmarks.calibrate_answers --library DIR

DIR holds the papers of the bundled questions (the real abstracts, or the bundled digests). Prints as
JSON the weights of `rag/subject.py`, from questions that the papers answer and questions about other
things, with the share of each kind that is refused at each threshold (by cross-validation); and those of
`rag/writers/relevance.py`, from clauses that hold a fact of the answer and clauses that do not. Both are
logistic regressions on the question sets `dev` and `calibration`.
"""

import argparse
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rag.writers.clauses import clauses

from benchmarks.calibrate_support import fit
from eval.cases import Turn, read_cases
from eval.metrics import holds
from rag import subject
from rag.embedding import embedded_encoder
from rag.embedding.remember import Remembering
from rag.library import Library
from rag.query import Asked, understand
from rag.reading import Reader, Reading
from rag.retrieval import Retriever
from rag.types import Hit
from rag.words import content_words
from rag.writers import relevance

SETS = ("dev", "calibration")
FAR = ("offtopic", "absent", "injection")
BY_HAND = ("defines",)  # features of a clause whose weights are set by hand
_THRESHOLDS = (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)
_FOLDS = 10

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Example:
    """A question with what was found for it."""

    turn: Turn
    asked: Asked
    hits: Sequence[Hit]
    reading: Reading
    relevant: frozenset[str]

    @property
    def kind(self) -> str:
        """Why it cannot be answered, or "answerable"."""
        return "answerable" if self.turn.answerable else self.turn.tags[-1]


def examples(library: Library) -> Iterator[Example]:
    """The questions of the sets that are asked alone, and that find a paper."""
    retriever = Retriever(library)
    reader = Reader(Remembering(embedded_encoder()), library.tokens.weights)
    for case in read_cases(SETS):
        turn = case.turns[0]
        asked = understand(turn.question, today=date.today())
        hits = retriever.search(asked.query, subject.HITS, asked.filters)
        if len(case.turns) == 1 and hits:
            relevant = frozenset(library.catalog.find(turn.papers).values())
            yield Example(turn, asked, hits, reader.read(asked.query, hits), relevant)


def fit_subject(found: Sequence[Example], papers: int) -> dict[str, Any]:
    """The weights of `rag/subject.py`, and the shares that are refused at each threshold."""
    used = [one for one in found if one.kind in (*FAR, "answerable")]
    rows = [subject.features(one.asked.query, one.hits, one.reading, papers) for one in used]
    matrix, targets = _matrix(rows), np.array([float(one.turn.answerable) for one in used])
    logits = np.zeros(len(used))
    folds = np.random.default_rng(0).permutation(len(used)) % _FOLDS
    for fold in range(_FOLDS):
        weights = fit(matrix[folds != fold], targets[folds != fold])
        logits[folds == fold] = matrix[folds == fold] @ weights[:-1] + weights[-1]
    kinds = np.array([one.kind for one in used])
    refused = {
        str(threshold): {
            kind: round(float((logits[kinds == kind] < threshold).mean()), 3)
            for kind in ("answerable", *FAR)
        }
        for threshold in _THRESHOLDS
    }
    return _named(list(rows[0]), fit(matrix, targets)) | {"refused": refused}


def fit_relevance(found: Sequence[Example]) -> dict[str, Any]:
    """The weights of `rag/writers/relevance.py`, those aside that are set by hand."""
    rows, targets = [], []
    for one in found:
        if "single" in one.turn.tags and one.turn.facts:
            for features, is_answer in _clauses(one):
                rows.append({name: value for name, value in features.items() if name not in BY_HAND})
                targets.append(float(is_answer))
    return _named(list(rows[0]), fit(_matrix(rows), np.array(targets)))


def _clauses(one: Example) -> Iterator[tuple[dict[str, float], bool]]:
    """The features of each clause, and whether it holds a fact of the answer."""
    question = relevance.Question(one.asked.query, one.asked.kind)
    weights = relevance.rest_weights(one.reading)
    asked = set(content_words(one.asked.query))
    for sentence in one.reading.sentences:
        is_relevant = one.hits[sentence.hit].paper.paper_id in one.relevant
        for span in clauses(sentence.text, asked, keep_reasons=question.wants_reason):
            text = sentence.text[slice(*span)]
            has_fact = any(holds(text, form) for forms in one.turn.facts for form in forms)
            features = relevance.features(question, sentence, span, one.hits, weights)
            yield features, is_relevant and has_fact


def _matrix(rows: Sequence[Mapping[str, float]]) -> Array:
    return np.array([list(row.values()) for row in rows])


def _named(names: Sequence[str], weights: Array) -> dict[str, Any]:
    rounded = [round(float(weight), 2) for weight in weights]
    return {"weights": dict(zip(names, rounded, strict=False)), "intercept": rounded[-1]}


def main() -> None:
    parser = argparse.ArgumentParser(description="Fit refusals and the extractive writer.")
    parser.add_argument("--library", type=Path, required=True, help="holds the papers of the questions")
    library = Library(parser.parse_args().library, embedded_encoder())
    found = list(examples(library))
    fitted = {
        "subject": fit_subject(found, library.catalog.count()),
        "relevance": fit_relevance(found),
    }
    print(json.dumps(fitted, indent=2))


if __name__ == "__main__":
    main()

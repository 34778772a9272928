"""Fits what decides without a language model whether and with what a question is answered.

    python -m benchmarks.calibrate_answers --library DIR --biomedicine DIR

The first DIR holds the papers of `dev` and `calibration` (the real abstracts, or the bundled digests),
the second those of `biomedicine-dev` (`benchmarks/fields.py` builds it). Prints as JSON the weights of
`rag/nearness.py`, from questions that the papers answer and questions about other things, with the share
of each kind and field that is refused; and those of `rag/writers/relevance.py`, from sentences that hold a
fact of the answer and sentences that do not. Both are logistic regressions.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.commands import parser
from benchmarks.logistic import fit
from eval.cases import CaseTurn, read_cases
from eval.metrics import holds
from rag import nearness
from rag.embedding import embedded_encoder
from rag.embedding.remember import Remembering
from rag.library import Library
from rag.query import understand
from rag.query.years import without_phrases
from rag.reading import Reader, Reading
from rag.retrieval import Retriever
from rag.types import Hit, Request
from rag.words import subject_of
from rag.writers import relevance

SETS = {"pages": ("dev", "calibration"), "biomedicine": ("biomedicine-dev",)}
FAR = ("offtopic", "absent", "injection")
REFUSED = 0.025  # of the questions that the papers answer: what the threshold may cost

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Example:
    """A question with what was found for it."""

    field: str
    turn: CaseTurn
    hits: Sequence[Hit]
    reading: Reading
    near: Mapping[str, float]  # the features of its nearness
    relevant: frozenset[str]

    @property
    def kind(self) -> str:
        """Why it cannot be answered, or "answerable"."""
        return "answerable" if self.turn.answerable else self.turn.tags[-1]


def examples(field: str, library: Library) -> Iterator[Example]:
    """The questions of a field's sets that are asked alone, and that find a paper."""
    retriever, reader = Retriever(library), Reader(Remembering(embedded_encoder()), library.tokens.weights)
    for case in read_cases(SETS[field]):
        understood = understand(Request(case.turns[0].question))
        is_list = understood.kind == "list"
        query = subject_of(without_phrases(understood.query)) if is_list else understood.query
        if len(case.turns) > 1 or not (hits := retriever.search(query, nearness.HITS, understood.filters)):
            continue
        reading = reader.read(query, hits)
        words = nearness.words_of(query, hits, reading, library)
        near = nearness.features(reading, words, understood.kind)
        relevant = frozenset(library.catalog.find(case.turns[0].papers).values())
        yield Example(field, case.turns[0], hits, reading, near, relevant)


def fit_nearness(cases: Sequence[Example]) -> dict[str, Any]:
    """The weights of `rag/nearness.py`, the threshold at 0, and the shares that are refused.

    A kind of question counts by the square root of its number in a field, so that none drowns another.
    """
    used = [one for one in cases if one.kind in (*FAR, "answerable")]
    groups = [f"{one.field}: {one.kind}" for one in used]
    counts = np.array([1 / np.sqrt(groups.count(group)) for group in groups])
    matrix = _matrix([one.near for one in used])
    answerable = np.array([one.turn.answerable for one in used])
    weights = _fit_scaled(matrix, answerable.astype(float), counts / counts.mean())
    log_odds = matrix @ weights[:-1] + weights[-1]
    threshold = np.quantile(log_odds[answerable], REFUSED)
    weights[-1] -= threshold
    refused = {
        group: round(float((log_odds[np.array(groups) == group] < threshold).mean()), 3)
        for group in dict.fromkeys(groups)
    }
    return _named(list(used[0].near), weights) | {"refused": refused}


def fit_relevance(cases: Sequence[Example]) -> dict[str, Any]:
    """The weights of `rag/writers/relevance.py`."""
    rows, targets = [], []
    for one in cases:
        if "single" not in one.turn.tags or not one.turn.facts:
            continue
        rows += relevance.features(one.reading, one.hits)
        targets += [
            one.hits[sentence.hit].paper.paper_id in one.relevant
            and any(holds(sentence.text, form) for forms in one.turn.facts for form in forms)
            for sentence in one.reading.sentences
        ]
    weights = _fit_scaled(_matrix(rows), np.array(targets, float), np.ones(len(rows)))
    return _named(list(rows[0]), weights) | {"sentences": len(rows), "answers": sum(targets)}


def _fit_scaled(matrix: Array, targets: Array, counts: Array) -> Array:
    """A fit whose ridge weighs on each column alike, whatever its unit."""
    means, scales = matrix.mean(axis=0), matrix.std(axis=0) + 1e-9
    scaled = fit((matrix - means) / scales, targets, counts)
    weights: Array = scaled[:-1] / scales
    return np.append(weights, scaled[-1] - weights @ means)


def _matrix(rows: Sequence[Mapping[str, float]]) -> Array:
    return np.array([list(row.values()) for row in rows])


def _named(names: Sequence[str], weights: Array) -> dict[str, Any]:
    rounded = [round(float(weight), 2) for weight in weights]
    return {"weights": dict(zip(names, rounded, strict=False)), "intercept": rounded[-1]}


def main() -> None:
    options = parser(__doc__)
    options.add_argument("--library", type=Path, required=True, help="holds the papers of `dev`")
    options.add_argument("--biomedicine", type=Path, required=True, help="and those of `biomedicine-dev`")
    arguments = options.parse_args()
    folders = {"pages": arguments.library, "biomedicine": arguments.biomedicine}
    cases = []
    for field, folder in folders.items():
        with Library(folder, embedded_encoder()) as library:
            cases += list(examples(field, library))
    print(json.dumps({"nearness": fit_nearness(cases), "relevance": fit_relevance(cases)}, indent=2))


if __name__ == "__main__":
    main()

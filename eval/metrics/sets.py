"""The cited papers against the complete set that answers a list question.

Precision, recall and F1 of a set: van Rijsbergen, 1979, "Information Retrieval", chapter 7.
"""

from collections.abc import Collection


def set_precision(cited: Collection[str], relevant: Collection[str]) -> float | None:
    """Share of the cited papers that are relevant; None where none is cited."""
    return _common(cited, relevant) / len(set(cited)) if cited else None


def set_recall(cited: Collection[str], relevant: Collection[str]) -> float:
    """Share of the relevant papers that are cited."""
    return _common(cited, relevant) / len(set(relevant))


def set_f1(cited: Collection[str], relevant: Collection[str]) -> float:
    """Harmonic mean of the two: 2 · common papers / (cited + relevant)."""
    return 2 * _common(cited, relevant) / (len(set(cited)) + len(set(relevant)))


def _common(cited: Collection[str], relevant: Collection[str]) -> int:
    return len(set(cited) & set(relevant))

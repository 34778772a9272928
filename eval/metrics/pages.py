"""Whether an answer cites a place that answers."""

from collections.abc import Collection, Iterable

Place = tuple[str, int | None]
"""The id of a paper and a page of its file, from 1; None where a citation has no page."""


def page_hit(cited: Iterable[Place], evidence: Collection[Place]) -> float:
    """1 if any citation is on a page of the evidence, else 0."""
    return float(any(place in evidence for place in cited))


def page_recall(cited: Iterable[Place], evidence: Collection[Place]) -> float:
    """Share of the evidence's pages that are cited."""
    pages = set(evidence)
    return len(pages & set(cited)) / len(pages)

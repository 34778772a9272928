"""Finds the source of a sentence without a marker, and sentences that fit no source."""

from collections.abc import Sequence

from rag.checking import Statement
from rag.checking.evidence import absent
from rag.types import Paper
from rag.words import share_in

_MOST = 0.6  # share of its content words that the source of a sentence has
_FEWEST = 0.3  # share below which a sentence fits no source, whatever it cites
_REPEATS = 0.9  # share of its content words that one earlier sentence has


def source_of(text: str, papers: Sequence[Paper]) -> int | None:
    """The index of the nearest paper that has the numbers, names and most words of a sentence, if any."""
    shares = [share_in(text, _read_of(paper)) for paper in papers]
    agreeing = [
        place
        for place, paper in enumerate(papers)
        if shares[place] >= _MOST and not absent(Statement(text, (paper,)))
    ]
    return max(agreeing, key=lambda place: shares[place], default=None)


def fits_none(text: str, papers: Sequence[Paper]) -> bool:
    """Whether a sentence is about none of these papers: it has hardly a word of theirs."""
    return all(share_in(text, _read_of(paper)) < _FEWEST for paper in papers)


def repeats(text: str, earlier: Sequence[str]) -> bool:
    """Whether one of the earlier sentences says the same."""
    return any(share_in(text, other) >= _REPEATS for other in earlier)


def _read_of(paper: Paper) -> str:
    """All that a prompt shows of a paper."""
    record = paper.text_of("record")
    return " ".join((paper.heading, paper.shown_text, paper.shown_note, *paper.authors, record))

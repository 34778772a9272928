"""The writer without a language model: whole sentences of the papers, those that answer best first."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from rag.citations import Heading, Piece, Quote
from rag.markers import without_markers
from rag.query import Understanding
from rag.readable import readable
from rag.reading import Reader, Reading, Sentence
from rag.types import Hit
from rag.words import content_words
from rag.writers.base import Log
from rag.writers.relevance import relevances

NO_MODEL = "No language model is set up: these are the papers' own sentences."
BY_CHOICE = "These are the papers' own sentences, as no model was to write."
_PAPERS = 5  # whose sentences are compared
_WORDS = 78  # the length of an answer unless told otherwise, titles included: 80 with what is too long
# Share of the best sentence's probability from which a further one is worth reading: of the same
# paper it adds to the answer, of another it may be about something else.
_SHARE_SAME_PAPER, _SHARE_OTHER_PAPER = 0.05, 0.2
_ENDS = re.compile(r"[.!?][\"'”’)\]]*$")
_SAYS_THE_SAME = 0.8  # share of the words of a sentence that another one has too


@dataclass(frozen=True)
class _Candidate:
    """A sentence, and how likely it answers."""

    sentence: Sentence
    value: float

    @property
    def hit(self) -> int:
        return self.sentence.hit

    @property
    def words(self) -> int:
        return len(self.sentence.text.split())


class ExtractiveWriter:
    """Quotes the sentences that are likeliest to answer, grouped by paper, as many as the words hold."""

    name = "extractive"

    def __init__(self, reader: Reader, note: str = NO_MODEL) -> None:
        """`note` says why no model writes."""
        self._reader = reader
        self._note = note

    def write(self, question: Understanding, hits: Sequence[Hit], log: Log) -> Iterator[Piece]:
        """At least one sentence, then further ones while words and relevance allow.

        A list has the best sentence of each paper, in the order of the papers; a comparison shares its
        words between the two papers that hold most of the question together.
        """
        log.notes.append(self._note)
        for group in self._choose(question, hits):
            yield Heading(group[0].hit)
            for candidate in group:
                body, stop = _sentence(candidate.sentence.text)
                yield body
                yield Quote(candidate.hit, candidate.sentence.span)
                yield f"{stop} "

    def _choose(self, question: Understanding, hits: Sequence[Hit]) -> list[list[_Candidate]]:
        """The sentences to quote, paper by paper."""
        compared = hits if question.kind == "list" else hits[:_PAPERS]
        reading = self._reader.read(question.whole, compared)
        values = relevances(reading, compared)
        ranked = sorted(map(_Candidate, reading.sentences, values), key=_by_value)
        best_of = {one.hit: one for one in reversed(ranked)}
        titles = [len(hit.paper.heading.split()) for hit in compared]
        if question.kind == "list":
            listed = [best_of[place] for place in range(len(compared)) if place in best_of]
            return [[one] for one in _within(listed, titles, question.request.words)]
        first = ranked[:1]
        if question.kind == "comparison" and len(compared) > 1:
            first = [best_of[place] for place in sides(reading) if place in best_of]
            ranked = [one for one in ranked if one.hit in {each.hit for each in first}]
        return _grouped(_fill(first, ranked, titles, question.request.words or _WORDS))


def sides(reading: Reading) -> tuple[int, ...]:
    """The places of the two hits that together hold most of the question's word pieces."""
    pairs = combinations(range(len(reading.papers)), 2)
    return max(pairs, key=lambda pair: float(reading.papers[list(pair)].max(axis=0) @ reading.weights))


def _by_value(candidate: _Candidate) -> float:
    return -candidate.value


def _fill(
    chosen: Sequence[_Candidate], ranked: Sequence[_Candidate], titles: Sequence[int], words: int
) -> list[_Candidate]:
    """What is chosen, and further candidates that are worth reading, as many as fit in these words."""
    kept = list(chosen)
    papers = {one.hit for one in kept}
    left = words - sum(one.words for one in kept) - sum(titles[hit] for hit in papers)
    for one in ranked:
        cost = one.words + (titles[one.hit] if one.hit not in papers else 0)
        is_same = one.hit == ranked[0].hit
        least = (_SHARE_SAME_PAPER if is_same else _SHARE_OTHER_PAPER) * ranked[0].value
        if cost > left or one.value < least or any(_says_the_same(one, other) for other in kept):
            continue
        kept.append(one)
        papers.add(one.hit)
        left -= cost
    return kept


def _grouped(chosen: Sequence[_Candidate]) -> list[list[_Candidate]]:
    """Paper by paper in the order of their first sentences."""
    groups: dict[int, list[_Candidate]] = {}
    for one in chosen:
        groups.setdefault(one.hit, []).append(one)
    return list(groups.values())


def _within(listed: Sequence[_Candidate], titles: Sequence[int], words: int | None) -> Sequence[_Candidate]:
    """The first of a list, as many as these words hold, and one at least."""
    used = np.cumsum([one.words + titles[one.hit] for one in listed])
    return listed if words is None else listed[: max(1, int(np.searchsorted(used, words, "right")))]


def _says_the_same(one: _Candidate, other: _Candidate) -> bool:
    mine, others = set(content_words(one.sentence.text)), set(content_words(other.sentence.text))
    return len(mine & others) >= _SAYS_THE_SAME * max(min(len(mine), len(others)), 1)


def _sentence(text: str) -> tuple[str, str]:
    """A sentence as it is to be read, without a paper's own reference numbers; and its full stop."""
    body = without_markers(readable(text)).strip()
    if body[-1:] in tuple(".!?"):
        return body[:-1], body[-1]
    return body, "" if _ENDS.search(body) else "."

"""The writer without a language model: it quotes the sentences that answer best."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from rag.composing import Heading, Piece, Quoted
from rag.markers import without_markers
from rag.query import Understanding
from rag.readable import readable
from rag.reading import Reader, Reading, Sentence
from rag.sentences import says_something
from rag.types import Hit
from rag.words import content_words
from rag.writers.base import Log
from rag.writers.relevance import relevances

NO_MODEL = "No language model is set up: these are the papers' own sentences."
BY_CHOICE = "These are the papers' own sentences, as no model was to write."
_PAPERS = 5  # whose sentences are compared
_WORDS = 78  # the default length of an answer with its titles
# Share of the best sentence's probability from which another is worth reading. One of another paper may be
# about something else.
_SHARE_SAME_PAPER, _SHARE_OTHER_PAPER = 0.05, 0.2
# Of a note's sentence, which may have nothing to do with what is asked of its paper: such have up to 0.01,
# and the best sentences for the questions of eval/questions 0.1 and more.
_LEAST_OF_NOTE = 0.02
_ENDS = re.compile(r"[.!?][\"'”’)\]]*$")
_SAYS_THE_SAME = 0.8  # share of words that two sentences have in common


@dataclass(frozen=True)
class _Candidate:
    """A sentence and the probability that it answers."""

    sentence: Sentence
    value: float

    @property
    def hit(self) -> int:
        return self.sentence.hit

    @property
    def words(self) -> int:
        return len(self.sentence.text.split())


@dataclass(frozen=True)
class ExtractiveWriter:
    """Quotes the sentences that most likely answer, grouped by paper, up to a number of words."""

    reader: Reader
    note: str | None = NO_MODEL  # why no model writes; None where the answer says so already
    name = "extractive"
    by_rules = True

    def write(self, question: Understanding, hits: Sequence[Hit], log: Log) -> Iterator[Piece]:
        """The best sentence, then more while words and relevance allow.

        A list has the best sentence of each paper, or the record of one that has none, in the order of the
        papers; a comparison quotes the two papers that together match most of the question. A question that
        asks for records gets those alone.
        """
        log.notes += [self.note] if self.note else []
        for group in self._choose(question, hits):
            yield Heading(group[0].hit)
            for candidate in group:
                yield Quoted(_readable(candidate.sentence), candidate.hit, candidate.sentence.place)

    def _choose(self, question: Understanding, hits: Sequence[Hit]) -> list[list[_Candidate]]:
        """The sentences to quote, paper by paper."""
        if question.asks_record:
            return _within([_record_of(number, hit) for number, hit in enumerate(hits)], hits, question)
        compared = hits if question.kind == "list" else hits[:_PAPERS]
        reading = self.reader.read(question.whole, compared)
        values = relevances(reading, compared)
        read = map(_Candidate, reading.sentences, values)
        candidates = [
            each for each in read if each.sentence.place.part != "note" or each.value >= _LEAST_OF_NOTE
        ]
        telling = [
            each for each in candidates if says_something(compared[each.hit].paper, each.sentence.place)
        ]
        ranked = sorted(telling or candidates, key=lambda candidate: -candidate.value)
        best_of = {candidate.hit: candidate for candidate in reversed(ranked)}
        titles = [len(hit.paper.heading.split()) for hit in compared]
        if question.kind == "list":
            listed = [best_of.get(place) or _record_of(place, hit) for place, hit in enumerate(compared)]
            return _within(listed, hits, question)
        first = ranked[:1]
        if question.kind == "comparison" and len(compared) > 1:
            pair = sides(reading)
            first = [best_of[place] for place in pair if place in best_of]
            ranked = [candidate for candidate in ranked if candidate.hit in pair]
        return _grouped(_fill(first, ranked, titles, question.request.words or _WORDS))


def sides(reading: Reading) -> tuple[int, ...]:
    """The indexes of the two hits that together match most of the question's word pieces."""
    pairs = combinations(range(len(reading.papers)), 2)
    return max(pairs, key=lambda pair: float(reading.papers[list(pair)].max(axis=0) @ reading.weights))


def _fill(
    chosen: Sequence[_Candidate], ranked: Sequence[_Candidate], titles: Sequence[int], words: int
) -> list[_Candidate]:
    """The chosen candidates, and others worth reading as long as they fit in these words."""
    kept = list(chosen)
    papers = {candidate.hit for candidate in kept}
    left = words - sum(candidate.words for candidate in kept) - sum(titles[hit] for hit in papers)
    for candidate in ranked:
        cost = candidate.words + (titles[candidate.hit] if candidate.hit not in papers else 0)
        is_same = candidate.hit == ranked[0].hit
        least = (_SHARE_SAME_PAPER if is_same else _SHARE_OTHER_PAPER) * ranked[0].value
        is_new = not any(_says_the_same(candidate, other) for other in kept)
        if cost <= left and candidate.value >= least and is_new:
            kept.append(candidate)
            papers.add(candidate.hit)
            left -= cost
    return kept


def _grouped(chosen: Sequence[_Candidate]) -> list[list[_Candidate]]:
    """Paper by paper, in the order of their first sentences."""
    groups: dict[int, list[_Candidate]] = {}
    for candidate in chosen:
        groups.setdefault(candidate.hit, []).append(candidate)
    return list(groups.values())


def _record_of(number: int, hit: Hit) -> _Candidate:
    """What the record of a hit says, as a sentence of it."""
    place = hit.paper.whole("record")
    return _Candidate(
        Sentence(number, place, hit.paper.words_of(place), np.empty((0, 0), np.float32), place), 0.0
    )


def _within(
    listed: Sequence[_Candidate], hits: Sequence[Hit], question: Understanding
) -> list[list[_Candidate]]:
    """The first candidates that fit in the words asked for, at least one, each by itself."""
    telling = [candidate for candidate in listed if candidate.words]
    used = np.cumsum(
        [candidate.words + len(hits[candidate.hit].paper.heading.split()) for candidate in telling]
    )
    words = question.request.words
    most = None if words is None else max(1, int(np.searchsorted(used, words, "right")))
    return [[candidate] for candidate in telling[:most]]


def _says_the_same(one: _Candidate, other: _Candidate) -> bool:
    mine, others = set(content_words(one.sentence.text)), set(content_words(other.sentence.text))
    return len(mine & others) >= _SAYS_THE_SAME * max(min(len(mine), len(others)), 1)


def _readable(sentence: Sentence) -> str:
    """A sentence as it reads, without the paper's own reference numbers, and with a full stop."""
    if sentence.place.part == "record":
        return sentence.text
    text = without_markers(readable(sentence.text)).strip()
    return text if _ENDS.search(text) else f"{text}."

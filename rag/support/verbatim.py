"""Claims that are a passage's own words, whole or with clauses cut out."""

from dataclasses import dataclass
from itertools import islice

from rag.support.clauses import WORD, number_clauses
from rag.support.lexicon import is_negation

_MOST_STARTS = 64  # places at which a claim may begin; its first word stands at some in an abstract
_RUN = 3  # words in a row that show where the claim goes on behind a cut


@dataclass(frozen=True)
class _Passage:
    words: list[str]
    clauses: list[int]  # the clause of each word, by number


def is_verbatim(claim: str, passage: str) -> bool:
    """Whether the words of a claim stand in a passage in this order, and what is cut out begins or ends
    where a clause does, and holds no negation, so that nothing is turned round by the cut."""
    words = [match[0].lower() for match in WORD.finditer(claim)]
    there = _read(passage)
    if not words or not set(words) <= set(there.words):
        return False
    starts = (place for place, word in enumerate(there.words) if word == words[0])
    return any(_follows(words, there, start) for start in islice(starts, _MOST_STARTS))


def _read(passage: str) -> _Passage:
    matches = list(WORD.finditer(passage))
    spans = [match.span() for match in matches]
    return _Passage([match[0].lower() for match in matches], number_clauses(passage, spans))


def _follows(words: list[str], there: _Passage, start: int) -> bool:
    """Whether the words stand in the passage from this place on, with cuts."""
    if _is_negated(there, there.clauses[start], range(start)):
        return False
    place = start
    for done, word in enumerate(words):
        if there.words[place : place + 1] != [word]:
            place = _behind_cut(words[done : done + _RUN], there, place)
        if place < 0:
            return False
        place += 1
    return not _is_negated(there, there.clauses[place - 1], range(place, len(there.words)))


def _behind_cut(run: list[str], there: _Passage, place: int) -> int:
    """Where the passage goes on with these words behind a cut at this place, -1 if nowhere."""
    for other in range(place + 1, len(there.words)):
        if there.words[other : other + len(run)] == run:
            clauses = there.clauses
            at_clause = clauses[place - 1] != clauses[place] or clauses[other - 1] != clauses[other]
            if at_clause and not any(map(is_negation, there.words[place:other])):
                return other
    return -1


def _is_negated(there: _Passage, clause: int, places: range) -> bool:
    """Whether the part of a clause that lies in these places negates."""
    return any(is_negation(there.words[place]) for place in places if there.clauses[place] == clause)

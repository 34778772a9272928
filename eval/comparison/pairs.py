"""Pairs the rows of two runs: the same turn of the same case, with the same expectations."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from eval.rows import Expected, Place, Row
from rag.identity import reference_keys


@dataclass(frozen=True)
class RowPair:
    """A question as both runs answered it."""

    before: Row
    after: Row

    @property
    def place(self) -> Place:
        return self.before.place

    @property
    def tags(self) -> tuple[str, ...]:
        """The tags of either row."""
        return tuple(dict.fromkeys(self.before.tags + self.after.tags))


@dataclass(frozen=True)
class Unlike:
    """A case and turn whose question differs between the runs, and in what ("question", "papers", …)."""

    place: Place
    what: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        return {**place_dict(self.place), "differs": list(self.what)}


@dataclass(frozen=True)
class Pairing:
    """All rows of both runs: the pairs, and the three kinds that are left out."""

    pairs: tuple[RowPair, ...]
    only_before: tuple[Place, ...]
    only_after: tuple[Place, ...]
    unlike: tuple[Unlike, ...]


def pair_rows(before: Sequence[Row], after: Sequence[Row]) -> Pairing:
    """The rows of both runs side by side, in the order of the first."""
    left, right = ({row.place: row for row in rows} for rows in (before, after))
    asked_left, asked_right = _asked(before), _asked(after)
    pairs, unlike = [], []
    for pair in (RowPair(row, right[place]) for place, row in left.items() if place in right):
        what = _unlike(pair, is_asked_alike=asked_left[pair.place] == asked_right[pair.place])
        if what:
            unlike.append(Unlike(pair.place, what))
        else:
            pairs.append(pair)
    return Pairing(
        pairs=tuple(pairs),
        only_before=tuple(place for place in left if place not in right),
        only_after=tuple(place for place in right if place not in left),
        unlike=tuple(unlike),
    )


def place_dict(place: Place) -> dict[str, Any]:
    case_id, turn = place
    return {"id": case_id, "turn": turn}


def _asked(rows: Sequence[Row]) -> Mapping[Place, Sequence[str]]:
    """The questions of each row's conversation up to its own, which a follow-up depends on."""
    cases: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        cases[row.case_id].append(row)
    conversations: dict[Place, Sequence[str]] = {}
    for case in cases.values():
        case.sort(key=lambda row: row.turn)
        questions = [row.question for row in case]
        conversations |= {row.place: questions[:number] for number, row in enumerate(case, start=1)}
    return conversations


def _unlike(pair: RowPair, *, is_asked_alike: bool) -> tuple[str, ...]:
    known, now = pair.before.expected, pair.after.expected
    differs = {
        "question": pair.before.question != pair.after.question,
        "conversation before it": pair.before.question == pair.after.question and not is_asked_alike,
        "papers": not _have_same_papers(known, now),
        "facts": known.facts != now.facts,
        "answerable": known.answerable != now.answerable,
        "reference": known.reference != now.reference,
    }
    return tuple(what for what, is_different in differs.items() if is_different)


def _have_same_papers(known: Expected, now: Expected) -> bool:
    """A paper that one library lacks is known there by its title, in the other by its id."""
    mine, yours = ([_keys(paper, expected) for paper in expected.papers] for expected in (known, now))
    return len(mine) == len(yours) and all(any(keys & others for others in yours) for keys in mine)


def _keys(paper: str, expected: Expected) -> set[str]:
    return {*reference_keys(paper), *reference_keys(expected.titles.get(paper, paper))}

"""Which paper of a library is which paper of the collection."""

from collections.abc import Mapping, Sequence
from difflib import SequenceMatcher

from benchmarks.papers.collection import WholePaper
from eval.cases import Case, CaseTurn
from rag.identity import normalise_title
from rag.types import Paper

_ALIKE = 0.5  # two titles; below, they name different papers
_BEGINNING = 15  # letters and digits


def ids_of(collection: Sequence[WholePaper], papers: Sequence[Paper]) -> tuple[dict[str, str], list[str]]:
    """The ids in the library by the titles of the collection, and what is said of wrong titles.

    A paper with a wrong title is found by its likeness, so that a mistake is counted only once.
    """
    by_title = {normalise_title(paper.title): paper for paper in papers}
    ids: dict[str, str] = {}
    for whole in collection:
        if right := [by_title[key] for key in map(normalise_title, whole.titles) if key in by_title]:
            ids[whole.titles[0]] = right[0].paper_id
    wrong = []
    for whole in collection:
        if (title := whole.titles[0]) not in ids:
            others = [paper for paper in papers if paper.paper_id not in ids.values()]
            nearest = max(others, key=lambda paper: _likeness(paper.title, title), default=None)
            if nearest and _likeness(nearest.title, title) >= _ALIKE:
                ids[title] = nearest.paper_id
                wrong.append(f"{whole.key}: {nearest.title}")
            else:
                wrong.append(f"{whole.key}: not in the library")
    return ids, wrong


def with_ids(case: Case, ids: Mapping[str, str]) -> Case:
    """The case with its papers by their ids; those that the library lacks stay titles."""

    def placed(turn: CaseTurn) -> CaseTurn:
        papers = tuple(ids.get(paper, paper) for paper in turn.papers)
        evidence = tuple(
            place.model_copy(update={"paper": ids.get(place.paper, place.paper)}) for place in turn.evidence
        )
        return turn.model_copy(update={"papers": papers, "evidence": evidence})

    return case.model_copy(update={"turns": tuple(map(placed, case.turns))})


def _likeness(one: str, other: str) -> float:
    """In [0, 1]; 1 where one title is the beginning of the other."""
    short, long = sorted((normalise_title(one), normalise_title(other)), key=len)
    if len(short) >= _BEGINNING and long.startswith(short):
        return 1.0
    return SequenceMatcher(None, short, long, autojunk=False).ratio()

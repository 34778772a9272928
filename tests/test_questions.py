"""The questions that come with the program: their number and kinds, and that their facts hold."""

from collections import Counter

import pytest
from conftest import needs_pages, runs

from eval.cases import Case, CaseTurn, read_cases
from eval.metrics import holds
from ingest.bundled import ECONOMICS, BundledSource
from rag.identity import normalise_title
from rag.types import Paper

SETS = {name: read_cases([name]) for name in ("dev", "test")}
CASES = [case for cases in SETS.values() for case in cases]
TURNS = [(case, turn) for case in CASES for turn in case.turns]
DIGESTS = {
    normalise_title(paper.title): paper for paper in BundledSource().read() if isinstance(paper, Paper)
}
KINDS = {
    "single": 120,
    "name": 40,
    "paraphrase": 40,
    "list": 25,
    "year": 6,
    "comparison": 20,
    "unanswerable": 35,
    "followup": 20,
}
UNANSWERABLE = ("detail", "absent", "offtopic", "false-premise", "injection")


def tagged(tag: str, cases: list[Case] = CASES) -> list[Case]:
    return [case for case in cases if tag in case.turns[0].tags]


def papers(turn: CaseTurn, texts: dict[str, Paper]) -> list[Paper]:
    return [texts[normalise_title(title)] for title in turn.papers]


def lacks(
    texts: dict[str, Paper], turns: list[tuple[Case, CaseTurn]] = TURNS
) -> list[tuple[str, tuple[str, ...]]]:
    """Each fact of which no form stands in the texts of its papers, titles included."""
    return [
        (case.id, forms)
        for case, turn in turns
        for forms in turn.facts
        if not any(
            holds(f"{paper.title}. {paper.abstract}", form)
            for form in forms
            for paper in papers(turn, texts)
        )
    ]


def test_there_are_enough_of_each_kind():
    counts = {kind: len(tagged(kind)) for kind in KINDS}
    assert all(counts[kind] >= wanted for kind, wanted in KINDS.items()), counts
    assert sum(len(tagged(kind)) for kind in ("keywords", "misspelt", "acronym")) >= 40
    assert all(len(tagged(kind)) == 7 for kind in UNANSWERABLE)


def test_every_kind_is_halved():
    for kind in (*KINDS, *UNANSWERABLE):
        dev, test = (len(tagged(kind, cases)) for cases in SETS.values())
        assert abs(dev - test) <= 1, kind


def test_no_question_is_asked_twice_and_every_field_is_read():
    asked = Counter(normalise_title(case.turns[0].question) for case in CASES)
    assert max(asked.values()) == 1
    assert len({case.id for case in CASES}) == len(CASES)
    assert not [case.id for case in CASES if case.unread]


def test_every_paper_is_in_the_bundled_library():
    named = {title for _, turn in TURNS for title in (*turn.papers, *turn.ignore)}
    assert not [title for title in named if normalise_title(title) not in DIGESTS]
    assert not [case.id for case, turn in TURNS if set(turn.papers) & set(turn.ignore)]


def test_what_can_be_answered_has_papers_and_a_reference():
    answerable = [(case, turn) for case, turn in TURNS if turn.answerable]
    assert not [case.id for case, turn in answerable if not turn.papers or not turn.reference]
    without_facts = [case for case, turn in answerable if not turn.facts and "list" not in turn.tags]
    assert not [case.id for case in without_facts if len(case.turns) == 1]
    assert not [case.id for case, turn in TURNS if not turn.answerable and turn.facts]


def test_the_later_turns_of_a_conversation_are_marked():
    for case in tagged("followup"):
        first, *later = case.turns
        assert "first" in first.tags
        assert 1 <= len(later) <= 2
        assert all("later" in turn.tags for turn in later)


def test_years_are_those_of_the_papers():
    for case in tagged("year"):
        (turn,) = case.turns
        assert turn.expected_filters is not None
        first, last = turn.expected_filters.from_year or 0, turn.expected_filters.to_year or 9999
        years = [paper.year for paper in papers(turn, DIGESTS)]
        assert all(year is not None and first <= year <= last for year in years)


def test_facts_hold_in_the_digests():
    assert not lacks(DIGESTS)


@needs_pages
def test_facts_hold_in_the_real_abstracts(pages):
    assert not lacks({normalise_title(title): paper for title, paper in pages.items()})


@needs_pages
def test_no_run_of_words_is_taken_from_any_abstract(pages):
    taken = set().union(*(runs(paper.abstract) for paper in pages.values()))
    written = [(case.id, text) for case, turn in TURNS for text in (turn.question, turn.reference or "")]
    assert not [case_id for case_id, text in written if runs(text) & taken]


def test_a_fact_is_not_given_away_by_the_question():
    given = [
        (case.id, forms)
        for case, turn in TURNS
        for forms in turn.facts
        if any(holds(turn.question, form) for form in forms)
    ]
    assert not given


def test_the_questions_for_calibration_are_others_and_hold_as_well():
    calibration = read_cases(["calibration"])
    asked = {normalise_title(case.turns[0].question) for case in CASES}
    assert not [case.id for case in calibration if normalise_title(case.turns[0].question) in asked]
    assert len(tagged("single", calibration)) == 240
    assert all(len(tagged(kind, calibration)) == 30 for kind in UNANSWERABLE)
    assert not lacks(DIGESTS, [(case, case.turns[0]) for case in calibration])


ECONOMICS_DIGESTS = {
    normalise_title(paper.title): paper
    for paper in BundledSource(ECONOMICS).read()
    if isinstance(paper, Paper)
}
FIELDS = {
    name: read_cases([name]) for name in ("biomedicine-dev", "biomedicine-test", "economics", "fresh")
}


@pytest.mark.parametrize("name", FIELDS)
def test_the_questions_of_each_later_set_hold_as_well(name):
    """Those on biomedicine are about texts that do not come with the program."""
    turns = [(case, turn) for case in FIELDS[name] for turn in case.turns]
    assert not [case.id for case in FIELDS[name] if case.unread]
    assert not [case.id for case, turn in turns if turn.answerable != bool(turn.papers and turn.reference)]
    assert not [case.id for case, turn in turns if turn.facts and not turn.answerable]
    asked = [
        forms for _, turn in turns for forms in turn.facts if any(holds(turn.question, f) for f in forms)
    ]
    assert not asked
    texts = {"economics": ECONOMICS_DIGESTS, "fresh": DIGESTS}.get(name)
    if texts:
        named = {title for _, turn in turns for title in (*turn.papers, *turn.ignore)}
        assert not {title for title in named if normalise_title(title) not in texts}
        assert not lacks(texts, turns)


def test_the_questions_on_biomedicine_are_halved_by_their_numbers():
    for odd, name in ((1, "biomedicine-dev"), (0, "biomedicine-test")):
        assert {int(case.id.split("-")[-1]) % 2 for case in FIELDS[name]} == {odd}


def test_the_papers_on_economics_are_digests():
    assert len(ECONOMICS_DIGESTS) == 12
    assert all(digest.is_digest for digest in ECONOMICS_DIGESTS.values())


@pytest.mark.parametrize("name", SETS)
def test_a_set_mixes_the_kinds(name):
    kinds = [case.turns[0].tags[0] for case in SETS[name]]
    assert len(set(kinds)) >= 5

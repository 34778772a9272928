"""What the measurements of answers without a model, and the fits behind them, stand on."""

import numpy as np
import pytest
from answers import an_answer

from benchmarks.calibrate_answers import REFUSED, Example, examples, fit_nearness, fit_relevance
from benchmarks.commands import turns_of
from benchmarks.fields import AskedTurn, ask, lists_in, measure, table
from benchmarks.logistic import fit
from eval.cases import CaseTurn, Years
from ingest.bundled import ECONOMICS, BundledSource
from ingest.pipeline import ingest
from rag import nearness
from rag.library import Library
from rag.types import Citation, Filters, Markers, RankedPaper
from rag.writers import relevance


@pytest.fixture(scope="module")
def library(tmp_path_factory, encoder):
    with Library.create(tmp_path_factory.mktemp("economics"), encoder) as library:
        ingest(library, [BundledSource(ECONOMICS)])
        yield library


def answer(status="answered", papers=("a",), text="It is 45%.", years=Filters()):
    return an_answer(
        status=status,
        text=text,
        citations=tuple(Citation(1, paper, paper, None, "", "", 0, 0) for paper in papers),
        papers=tuple(RankedPaper(paper, paper, 0.5) for paper in papers),
        filters=years,
        markers=Markers(1),
        seconds={"total": 0.1},
    )


def asked(answer, relevant="a", ignored="", **known):
    return AskedTurn(CaseTurn(question="?", **known), answer, frozenset(relevant), frozenset(ignored))


def test_a_set_is_measured_by_what_it_asks():
    found = measure(
        [
            asked(answer(), tags=("single",), facts=(("45%",), ("owls",))),
            asked(answer("refused"), tags=("single", "paraphrase"), facts=(("45%",),)),
            asked(answer(papers=("b", "a")), tags=("single", "paraphrase"), facts=(("45%",),)),
            asked(answer("refused"), relevant="", answerable=False, tags=("unanswerable", "absent")),
            asked(answer(), relevant="", answerable=False, tags=("unanswerable", "offtopic")),
            asked(answer(papers=("a", "b", "c")), relevant="ad", ignored="c", tags=("list",)),
            asked(answer("refused"), relevant="ad", tags=("list",)),
        ]
    )
    assert (found["questions"], found["refused_wrongly"]) == (7, 0.4)
    assert found["refused_wrongly_by_tag"] == {"single": 0.333, "paraphrase": 0.5, "list": 0.5}
    assert found["refused_rightly"] == {"absent": 1.0, "offtopic": 0.0}
    assert (found["hit@1"], found["hit@5"]) == (0.667, 1)
    assert (found["paraphrase_hit@1"], found["paraphrase_hit@5"]) == (0.5, 1)
    assert (found["facts"], found["words"], found["list_f1"]) == (0.5, 3, 0.25)


def test_years_are_wrong_where_the_question_asks_for_none_and_where_it_asks_for_others():
    bound = answer(years=Filters(2019))
    asks = {"expected_filters": Years(from_year=2019)}
    others = {"expected_filters": Years(to_year=2019)}
    rows = [asked(bound), asked(bound, **asks), asked(bound, **others), asked(answer(), **asks)]
    found = measure(rows)
    assert (found["wrong_years"], found["missed_years"]) == (2, 1)


def test_what_a_set_does_not_ask_has_no_number_and_a_dash_in_the_table():
    found = measure([asked(answer("refused"), relevant="", answerable=False, tags=("absent",))])
    assert (found["refused_wrongly"], found["hit@1"], found["list_f1"]) == (None, None, None)
    shown = "\n".join(table({"mine": found}))
    assert "–" in shown
    assert "absent 1.000" in shown


@pytest.mark.slow
def test_real_questions_are_asked_and_lists_judged_on_the_smaller_library(library, bundled):
    turns = [turn for turn in turns_of(["economics"]) if "list" in turn.tags or not turn.answerable][:4]
    found = list(ask(library, turns))
    assert [one.answer.writer for one in found] == ["extractive"] * 4
    among = frozenset(found[0].ranking[:1])
    assert all(one.list_f1(among) <= 1 for one in found if one.relevant)
    assert (
        lists_in(library, library, ["economics"])
        == measure(list(ask(library, turns_of(["economics"]))))["list_f1"]
    )


@pytest.mark.slow
def test_the_fits_have_the_features_of_what_they_fit_and_refuse_as_few_as_they_may(library, monkeypatch):
    monkeypatch.setattr("benchmarks.calibrate_answers.SETS", {"economics": ("economics",)})
    found = list(examples("economics", library))
    assert {one.kind for one in found} == {"answerable", "offtopic", "absent"}
    near, relevant = fit_nearness(found), fit_relevance(found)
    assert set(near["weights"]) == set(nearness.near.weights)
    assert near["refused"]["economics: answerable"] <= REFUSED + 1 / 32
    assert near["refused"]["economics: offtopic"] > 0.5
    assert set(relevant["weights"]) == set(relevance.WEIGHTS)
    assert 0 < relevant["answers"] < relevant["sentences"]
    assert relevant["weights"]["match"] > 0


def test_an_example_that_counts_twice_is_as_good_as_two():
    rows, targets = np.array([[0.0], [1.0], [2.0], [3.0]]), np.array([0.0, 1.0, 0.0, 1.0])
    twice = fit(np.vstack([rows, rows[1:2]]), np.append(targets, 1.0))
    assert fit(rows, targets, np.array([1.0, 2.0, 1.0, 1.0])) == pytest.approx(twice)
    assert fit(rows, targets) == pytest.approx(fit(rows, targets, np.ones(4)))


def test_a_kind_is_what_the_last_tag_says():
    def example(**known):
        return Example("pages", CaseTurn(question="?", **known), (), None, {}, frozenset())

    assert example(tags=("single",)).kind == "answerable"
    assert example(answerable=False, tags=("unanswerable", "absent")).kind == "absent"

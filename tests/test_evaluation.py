"""Batch runs: real answers scored, every row written, means with their intervals."""

from dataclasses import replace

import model_server as served
import pytest
from conftest import ledgers, library_of

from eval.cases import Case, CaseTurn
from eval.metrics.registry import METRICS
from eval.outcomes import Outcome, failed, not_applicable, scored
from eval.rows import Row
from eval.runner import evaluate, missing_papers
from eval.scoring import expect, score
from eval.statistics import interval, sign_test, unanimous_interval
from eval.summary import summarise
from eval.wording import notes
from rag import Answer, Assistant, KeyRefusedError
from rag.settings import Settings
from rag.types import Filters, Markers, Request

pytestmark = pytest.mark.usefixtures("without_charts")

TOPICS = ["owls", "bees", "foxes", "eels", "rivers", "violins"]


@pytest.fixture(scope="module")
def shelf(tmp_path_factory, encoder):
    """A library of six papers, of 2011 to 2016, that tests only read."""
    with library_of(ledgers(TOPICS), tmp_path_factory.mktemp("shelf"), encoder) as library:
        yield library


@pytest.fixture(scope="module")
def assistant(shelf):
    return Assistant(shelf, writer="extractive")


@pytest.fixture(scope="module")
def answer(assistant) -> Answer:
    """A real answer, which cites the paper on owls."""
    return assistant.ask("How many entries does the ledger of owls hold?", words=7)


def turn(question="How many entries does the ledger of owls hold?", **fields) -> CaseTurn:
    return CaseTurn.model_validate({"question": question} | fields)


def outcomes(turn, answer, shelf):
    """The outcome of every metric."""
    return score(turn, expect(turn, shelf.catalog), answer, shelf.catalog)


def values(turn, answer, shelf):
    """The value of every metric, None where it has none."""
    return {name: outcome.value for name, outcome in outcomes(turn, answer, shelf).items()}


def test_a_right_answer_is_scored_by_every_metric_that_applies(answer, shelf):
    known = {
        "papers": ["a study of OWLS!"],
        "facts": [["131"], ["entries"], ["900"]],
        "expected_filters": {},
        "tags": ["list"],
    }
    scores = values(turn(**known), answer, shelf)
    assert list(scores) == list(METRICS)
    assert scores == {
        **dict.fromkeys(("hit@1", "hit@5", "mrr@10", "ndcg@10", "recall@10"), 1),
        **dict.fromkeys(("set_precision", "set_recall", "set_f1"), 1),
        "fact_recall": pytest.approx(2 / 3),
        "page_hit": None,
        "filter_accuracy": 1,
        "words": 12,  # five of them the title
        **dict.fromkeys(("faithfulness", "verbatim", "names_and_numbers", "citation_validity"), 1),
        "abstention_recall": None,
        "over_refusal": 0,
        "requests": None,
        "seconds": answer.seconds["total"],
    }


def test_what_the_case_does_not_know_is_not_scored(answer, shelf):
    scores = values(turn(), answer, shelf)
    absent = {name for name, value in scores.items() if value is None}
    rankings = {"hit@1", "hit@5", "mrr@10", "ndcg@10", "recall@10"}
    sets = {"set_precision", "set_recall", "set_f1"}
    others = {"fact_recall", "page_hit", "filter_accuracy", "abstention_recall", "requests"}
    assert absent == rankings | sets | others


def test_a_page_is_hit_by_a_citation_of_the_same_paper_on_it(answer, shelf):
    on_page = replace(answer, citations=tuple(replace(each, page=7) for each in answer.citations))

    def hit(answer, *places, **known):
        evidence = [dict(zip(("paper", "page"), place, strict=True)) for place in places]
        return outcomes(turn(evidence=evidence, **known), answer, shelf)["page_hit"]

    owls, bees = "a study of OWLS!", "A Study of bees"
    assert hit(on_page, (owls, 6), (owls, 7)).value == 1
    assert hit(on_page, (owls, 6), (bees, 7)).value == 0
    assert hit(on_page, (owls, 6)).explanation == "pages cited: 7; that answer: 6"
    assert hit(answer, (owls, 7)).value == 0  # its citations have no pages
    assert hit(replace(on_page, status="refused"), (owls, 7)).value == 0
    assert hit(on_page, (owls, None)).kind == "not applicable"
    assert hit(on_page, (owls, 7), answerable=False).kind == "not applicable"


def test_a_wrong_paper_and_wrong_years_score_nothing(answer, shelf):
    known = {"papers": ["A Study of comets"], "expected_filters": {"to_year": 2019}, "tags": ["list"]}
    scores = values(turn(**known), answer, shelf)
    zero = ("hit@1", "hit@5", "mrr@10", "ndcg@10", "recall@10", "set_f1", "filter_accuracy")
    assert [scores[name] for name in zero] == [0] * len(zero)


def test_only_years_are_compared_with_the_expected_ones(assistant, shelf):
    bound = assistant.ask(
        "How many entries does the ledger of owls hold?", filters=Filters(papers=("A Study of owls",))
    )
    assert values(turn(expected_filters={}), bound, shelf)["filter_accuracy"] == 1


def test_ignored_papers_count_neither_way(answer, shelf):
    second = answer.papers[1].title
    scores = values(turn(papers=[second], ignore=["A Study of owls"], tags=["list"]), answer, shelf)
    assert (scores["hit@1"], scores["mrr@10"]) == (1, 1)
    assert (scores["set_precision"], scores["set_recall"]) == (None, 0)


def test_a_refusal_is_neither_faithful_nor_long_and_gives_no_fact(assistant, shelf):
    refused = assistant.ask("Which papers are about owls?", from_year=2050)
    scores = values(turn(papers=["A Study of owls"], facts=[["papers"]], tags=["list"]), refused, shelf)
    for name in ("words", "faithfulness", "verbatim", "names_and_numbers", "citation_validity"):
        assert scores[name] is None
    assert (scores["fact_recall"], scores["set_recall"], scores["over_refusal"]) == (0, 0, 1)
    assert values(turn(answerable=False), refused, shelf)["abstention_recall"] == 1


def test_an_answer_where_none_is_right_is_no_abstention(answer, shelf):
    scores = values(turn(answerable=False, facts=[["131"]]), answer, shelf)
    assert (scores["abstention_recall"], scores["over_refusal"], scores["fact_recall"]) == (0, None, None)


def test_a_quote_that_is_not_the_papers_and_unknown_markers_count_against_validity(answer, shelf):
    altered = replace(answer.citations[0], quote="A ledger of owls holds 132 entries.")
    forged = replace(answer, citations=(altered,), markers=Markers(written=1))
    assert values(turn(), forged, shelf)["citation_validity"] == 0
    unknown = replace(answer, markers=Markers(written=2, unknown=1))
    assert values(turn(), unknown, shelf)["citation_validity"] == 0.5


def test_validity_counts_the_quotes_of_a_number_and_numbers_without_any(answer, shelf):
    """A paper has one number, and each of its quotes counts."""
    (first,) = answer.citations
    forged = replace(first, quote="A ledger of owls.")
    several = replace(answer, citations=(first, first, forged), markers=Markers(written=1))
    assert values(turn(), several, shelf)["citation_validity"] == pytest.approx(2 / 3)
    unquoted = replace(answer.claims[0], citations=(1, 2))
    assert values(turn(), replace(answer, claims=(unquoted,)), shelf)["citation_validity"] == 0.5


def with_claims(answer, *checks, text="Violins are made of maple."):
    """The answer with further sentences of these verdicts."""
    claims = (replace(answer.claims[0], text=text, check=check, reason="so it says") for check in checks)
    return replace(answer, claims=(*answer.claims, *claims), checked_by="llm:scripted")


def test_faithfulness_is_that_of_the_answers_own_checks(answer, shelf):
    checks = ("supported", "partly", "contradicted", "not found")
    faithful = outcomes(turn(), with_claims(answer, *checks), shelf)["faithfulness"]
    assert (faithful.value, faithful.unchecked) == (2 / 5, 0)
    assert "“Violins are made of maple.” (not found: so it says)" in faithful.explanation


def test_a_sentence_that_nobody_judged_is_in_no_value_but_counted(answer, shelf):
    some = outcomes(turn(), with_claims(answer, "not found", "unchecked", "unchecked"), shelf)
    assert (some["faithfulness"].value, some["faithfulness"].unchecked) == (0.5, 2)
    assert some["faithfulness"].explanation.endswith("; 2 sentences unchecked")
    unchecked = [replace(claim, check="unchecked") for claim in with_claims(answer, "unchecked").claims]
    for count, why in enumerate(("its 1 sentence", "its 2 sentences"), start=1):
        none = replace(answer, claims=tuple(unchecked[:count]))
        found = outcomes(turn(), none, shelf)["faithfulness"]
        assert (found.kind, found.unchecked) == ("not applicable", count)
        assert found.explanation == f"nobody judged {why}"


def test_rules_know_what_is_verbatim_and_which_names_and_numbers_stand_in_the_papers(answer, shelf):
    wrong = outcomes(turn(), with_claims(answer, "supported", text="BERT costs 99 euros."), shelf)
    assert (wrong["verbatim"].value, wrong["names_and_numbers"].value) == (0.5, 0.5)
    assert wrong["verbatim"].explanation == "in other words: BERT costs 99 euros."
    assert wrong["names_and_numbers"].explanation == "not in the papers: 99, BERT of “BERT costs 99 euros.”"
    reworded = values(turn(), with_claims(answer, "unchecked", text="It holds 131 entries."), shelf)
    assert (reworded["verbatim"], reworded["names_and_numbers"]) == (0.5, 1)


def test_an_answer_that_cites_nothing_is_compared_with_all_papers_it_was_given(answer, shelf):
    claim = replace(answer.claims[0], text="It holds 131 entries, or 231.", citations=())
    bare = replace(answer, claims=(claim,), citations=(), markers=Markers())
    scores = values(turn(), bare, shelf)
    assert (scores["names_and_numbers"], scores["citation_validity"]) == (1, None)


def test_each_outcome_says_why(answer, assistant, shelf):
    known = turn(papers=["A Study of owls", "Comets"], facts=[["131"], ["900"]], tags=["list"])
    told = {name: outcome.explanation for name, outcome in outcomes(known, answer, shelf).items()}
    assert told["hit@1"] == "right papers at rank 1; not retrieved: Comets"
    assert told["set_recall"] == "cited 1 of 2; missed: Comets"
    assert told["fact_recall"] == "said: 131; not said: 900"
    assert told["filter_accuracy"] == "nothing is known of its years"
    assert told["faithfulness"] == "quotations alone"
    judged = replace(answer, claims=(replace(answer.claims[0], check="supported"),))
    assert outcomes(known, judged, shelf)["faithfulness"].explanation == ""
    refused = outcomes(known, assistant.ask("Which papers are about owls?", from_year=2050), shelf)
    assert refused["faithfulness"] == not_applicable("the answer is a refusal")
    assert refused["over_refusal"] == scored(1, "No papers from these years.")


def rows(system, *cases, **options):
    return evaluate(system, list(cases), **options).rows


def test_later_turns_see_the_earlier_ones(assistant):
    turns = [turn("How many entries does the ledger of owls hold?"), turn("And what did it cost?")]
    found = rows(assistant, Case(id="talk", turns=turns))
    assert [row.place for row in found] == [("talk", 1), ("talk", 2)]
    assert found[1].answer["papers"][0]["title"] == "A Study of owls"
    assert found[1].answer["resolved_question"]
    (alone,) = rows(assistant, Case(id="alone", turns=turns[1:]))
    assert alone.answer["resolved_question"] is None


def test_options_are_passed_on_and_the_filters_of_a_case_go_first(assistant):
    wide = turn("We count owls in the field; what did it cost, and what does the ledger of owls hold?")
    cases = [Case(id="one", turns=[wide]), Case(id="two", turns=[turn(filters={"from_year": 2012})])]
    one, two = rows(assistant, *cases, request=Request(filters=Filters(2014, 2016), words=5))
    assert one.answer["filters"] == {"from_year": 2014, "to_year": 2016}
    assert two.answer["filters"] == {"from_year": 2012, "to_year": 2016}
    assert one.outcomes["words"].value < rows(assistant, *cases)[0].outcomes["words"].value


def test_a_question_that_cannot_be_asked_is_an_error_and_the_run_goes_on(assistant):
    long = turn("why " * 2000, papers=["A Study of owls"])
    wrong, fine = rows(assistant, Case(id="long", turns=[long]), Case(id="fine", turns=[turn()]))
    assert "shorten it" in wrong.error
    assert (wrong.answer, fine.error) == (None, None)
    kinds = {name: outcome.kind for name, outcome in wrong.outcomes.items()}
    assert (kinds["hit@1"], kinds["faithfulness"], kinds["over_refusal"]) == ("error",) * 3
    assert (kinds["fact_recall"], kinds["abstention_recall"]) == ("not applicable",) * 2
    summary = summarise([wrong, fine])
    assert (summary["n"], summary["errors"]) == (2, 1)
    words = summary["metrics"]["words"]
    assert (words["n"], words["errors"], words["not_applicable"]) == (1, 1, 0)


def test_an_answer_by_another_writer_is_an_error_and_a_refused_key_ends_the_run(shelf):
    case = Case(id="one", turns=[turn()])
    with served.running() as server:
        assistant = Assistant(shelf, settings=Settings(base_url=server.url, model="scripted"))
        server.play(served.error(500, "overloaded"))
        (row,) = rows(assistant, case)
        assert row.error.startswith("the server of the model scripted answers with status 500")
        for workers in (1, 3):
            server.play(served.error(401, "invalid_api_key"))
            with pytest.raises(KeyRefusedError):
                rows(assistant, case, workers=workers)
        server.play(served.answer("The ledger of owls holds 131 entries [1] [9]."))
        (row,) = rows(assistant, case)
        quotes = len(row.answer["citations"])
        assert row.outcomes["citation_validity"].value == quotes / (quotes + 1)


def test_several_workers_give_the_same_rows_in_the_same_order(assistant):
    cases = [
        Case(
            id=topic, turns=[turn(f"How many entries does the ledger of {topic} hold?"), turn("Its cost?")]
        )
        for topic in TOPICS
    ]
    alone, together = (evaluate(assistant, cases, workers=workers) for workers in (1, 4))
    assert [row.place for row in together.rows] == [row.place for row in alone.rows]
    for one, other in zip(alone.rows, together.rows, strict=True):
        assert {**one.answer, "seconds": None} == {**other.answer, "seconds": None}
        assert {**one.outcomes, "seconds": None} == {**other.outcomes, "seconds": None}


def test_papers_that_the_library_lacks_are_named(shelf):
    known = turn(papers=["A Study of owls", "a study of: bees", "Comets"])
    assert missing_papers(shelf, [Case(id="one", turns=[known])]) == ["Comets"]


def row(case, value, tags=("all",)):
    missing = {"fact_recall": not_applicable("no facts are expected"), "hit@5": failed("it broke")}
    hit = not_applicable("no right papers are known") if value is None else scored(value)
    return Row(case, 1, "?", tags, outcomes={"hit@1": hit, **missing})


def test_means_are_over_what_applies_in_all_and_by_tag():
    rows = [row("a", 1.0, ("x",)), row("b", 0.0, ("x", "y")), row("c", None, ("y",))]
    summary = summarise(rows)
    assert set(summary["metrics"]) == set(METRICS)
    counts = {"not_applicable": 1, "errors": 0}
    assert summary["metrics"]["hit@1"] == {"mean": 0.5, "n": 2, "ci95": [0.0, 1.0], **counts}
    nothing = {"mean": None, "n": 0, "ci95": [None, None]}
    assert summary["metrics"]["fact_recall"] == {**nothing, "not_applicable": 3, "errors": 0}
    assert summary["metrics"]["hit@5"] == {**nothing, "not_applicable": 0, "errors": 3}
    assert [summary["by_tag"][tag]["hit@1"]["mean"] for tag in ("x", "y")] == [0.5, 0]


def test_sentences_that_nobody_judged_stand_beside_the_mean():
    def judged(case, value, unchecked, checked_by):
        outcomes = {"faithfulness": Outcome(value, unchecked=unchecked)}
        return Row(case, 1, "?", ("x",), answer={"checked_by": checked_by}, outcomes=outcomes)

    summary = summarise([judged("a", 1.0, 2, "llm:large"), judged("b", None, 3, None)])
    faithful = summary["metrics"]["faithfulness"]
    assert (faithful["mean"], faithful["n"], faithful["not_applicable"]) == (1, 1, 1)
    assert (faithful["unchecked"], faithful["checked_by"]) == (5, "llm:large")
    assert summary["by_tag"]["x"]["faithfulness"]["unchecked"] == 5
    assert list(notes(summary)) == ["faithfulness: checked by llm:large, 5 sentences unchecked"]
    quoted = summarise([judged("a", 1.0, 0, None)])
    assert quoted["metrics"]["faithfulness"]["checked_by"] is None
    assert list(notes(quoted)) == ["faithfulness: quotations alone"]


def test_where_all_agree_the_interval_still_has_a_width():
    summary = summarise([row(str(number), 1.0) for number in range(10)])
    low, high = summary["metrics"]["hit@1"]["ci95"]
    assert high == 1
    assert low**10 == pytest.approx(0.025, abs=0.001)
    assert unanimous_interval(10, is_one=False) == pytest.approx((0, 1 - low), abs=0.001)


def test_one_question_says_nothing_of_the_others():
    alone = Row("a", 1, "?", outcomes={"fact_recall": scored(0.5), "words": scored(7)})
    metrics = summarise([alone])["metrics"]
    assert (metrics["fact_recall"]["ci95"], metrics["words"]["ci95"]) == ([0, 1], [None, None])


def test_the_sign_test_by_hand():
    assert sign_test(0, 0) == 1
    assert sign_test(5, 5) == 1
    assert sign_test(0, 6) == sign_test(6, 0) == 2 / 64
    assert sign_test(1, 5) == 2 * (1 + 6) / 64


def test_the_interval_is_the_textbooks_and_the_same_each_time():
    ones, count = 60, 200
    values = [1.0] * ones + [0.0] * (count - ones)
    low, high = interval(values, [1] * count)
    half = 1.96 * (0.3 * 0.7 / count) ** 0.5
    assert (low, high) == pytest.approx((0.3 - half, 0.3 + half), abs=0.012)
    assert (low, high) == interval(values, [1] * count)


def test_turns_of_one_conversation_are_no_independent_observations():
    apart = interval([1.0, 0.0] * 20, [1] * 40)
    together = interval([4.0, 0.0] * 5, [4] * 10)
    assert together[1] - together[0] > 1.5 * (apart[1] - apart[0])

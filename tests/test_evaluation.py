"""Batch runs: real answers scored, every row written, means with their intervals."""

import json
from dataclasses import replace

import model_server as served
import pytest

from eval.cases import Case, Turn
from eval.errors import RunError
from eval.runner import Options, Row, missing_papers, run_cases, write_rows
from eval.scoring import METRICS, score
from eval.summary import interval, summarise
from ingest.pipeline import ingest
from ingest.sources.files import open_path
from rag import Answer, Assistant, KeyRefusedError, Library
from rag.embedding import embedded_encoder
from rag.settings import Settings
from rag.support import CalibratedJudge
from rag.types import Filters, Markers

JUDGE = CalibratedJudge(embedded_encoder())

TOPICS = ["owls", "bees", "foxes", "eels", "rivers", "violins"]


def paper(number, topic):
    text = f"We count {topic} in the field. A ledger of {topic} holds {number}31 entries. It cost 12% less."
    return {"title": f"A Study of {topic}", "abstract": text, "published": f"{2010 + number}-05-06"}


@pytest.fixture(scope="module")
def shelf(tmp_path_factory, encoder):
    """A library of six papers, of 2011 to 2016, that tests only read."""
    folder = tmp_path_factory.mktemp("shelf")
    records = [json.dumps(paper(number, topic)) for number, topic in enumerate(TOPICS, start=1)]
    (folder / "papers.jsonl").write_text("\n".join(records))
    with Library.create(folder / "library", encoder) as library:
        ingest(library, open_path(folder / "papers.jsonl", None))
        yield library


@pytest.fixture(scope="module")
def assistant(shelf):
    return Assistant(shelf, writer="extractive")


@pytest.fixture(scope="module")
def answer(assistant) -> Answer:
    """A real answer, which cites the paper on owls."""
    return assistant.ask("How many entries does the ledger of owls hold?", words=7)


def turn(question="How many entries does the ledger of owls hold?", **fields) -> Turn:
    return Turn.model_validate({"question": question} | fields)


def test_a_right_answer_is_scored_by_every_metric_that_applies(answer, shelf):
    known = {
        "papers": ["a study of OWLS!"],
        "facts": [["131"], ["entries"], ["900"]],
        "expected_filters": {},
        "tags": ["list"],
    }
    scores = score(turn(**known), answer, shelf, JUDGE)
    assert list(scores) == list(METRICS)
    assert scores == {
        **dict.fromkeys(("hit@1", "hit@5", "mrr@10", "ndcg@10", "recall@10"), 1),
        **dict.fromkeys(("set_precision", "set_recall", "set_f1"), 1),
        "fact_recall": pytest.approx(2 / 3),
        "filter_accuracy": 1,
        "words": 7,
        **dict.fromkeys(("faithfulness", "citation_precision", "citation_recall"), 1),
        "citation_validity": 1,
        "abstention_recall": None,
        "over_refusal": 0,
        "seconds": answer.seconds["total"],
    }


def test_what_the_case_does_not_know_is_not_scored(answer, shelf):
    scores = score(turn(), answer, shelf, JUDGE)
    absent = {name for name, value in scores.items() if value is None}
    rankings = {"hit@1", "hit@5", "mrr@10", "ndcg@10", "recall@10"}
    sets = {"set_precision", "set_recall", "set_f1"}
    assert absent == rankings | sets | {"fact_recall", "filter_accuracy", "abstention_recall"}


def test_a_wrong_paper_and_wrong_years_score_nothing(answer, shelf):
    known = {"papers": ["A Study of comets"], "expected_filters": {"to_year": 2019}, "tags": ["list"]}
    scores = score(turn(**known), answer, shelf, JUDGE)
    zero = ("hit@1", "hit@5", "mrr@10", "ndcg@10", "recall@10", "set_f1", "filter_accuracy")
    assert [scores[name] for name in zero] == [0] * len(zero)


def test_only_years_are_compared_with_the_expected_ones(assistant, shelf):
    bound = assistant.ask(
        "How many entries does the ledger of owls hold?", filters=Filters(papers=("A Study of owls",))
    )
    assert score(turn(expected_filters={}), bound, shelf, JUDGE)["filter_accuracy"] == 1


def test_ignored_papers_count_neither_way(answer, shelf):
    second = answer.papers[1].title
    scores = score(turn(papers=[second], ignore=["A Study of owls"], tags=["list"]), answer, shelf, JUDGE)
    assert (scores["hit@1"], scores["mrr@10"]) == (1, 1)
    assert (scores["set_precision"], scores["set_recall"]) == (None, 0)


def test_a_refusal_is_neither_faithful_nor_long_and_gives_no_fact(assistant, shelf):
    refused = assistant.ask("Which papers?", from_year=2050)
    scores = score(
        turn(papers=["A Study of owls"], facts=[["papers"]], tags=["list"]), refused, shelf, JUDGE
    )
    for name in ("words", "faithfulness", "citation_precision", "citation_recall", "citation_validity"):
        assert scores[name] is None
    assert (scores["fact_recall"], scores["set_recall"], scores["over_refusal"]) == (0, 0, 1)
    assert score(turn(answerable=False), refused, shelf, JUDGE)["abstention_recall"] == 1


def test_an_answer_where_none_is_right_is_no_abstention(answer, shelf):
    scores = score(turn(answerable=False, facts=[["131"]]), answer, shelf, JUDGE)
    assert (scores["abstention_recall"], scores["over_refusal"], scores["fact_recall"]) == (0, None, None)


def test_a_quote_that_is_not_the_papers_and_unknown_markers_count_against_validity(answer, shelf):
    altered = replace(answer.citations[0], quote="A ledger of owls holds 132 entries.")
    forged = replace(answer, citations=(altered,), markers=Markers(written=1))
    assert score(turn(), forged, shelf, JUDGE)["citation_validity"] == 0
    unknown = replace(answer, markers=Markers(written=2, unknown=1))
    scores = score(turn(), unknown, shelf, JUDGE)
    assert (scores["citation_validity"], scores["citation_precision"]) == (0.5, 0.5)


def test_an_unsupported_claim_counts_against_faithfulness(answer, shelf):
    claim = replace(answer.claims[0], text="Violins are made of maple.", supported=False)
    scores = score(turn(), replace(answer, claims=(*answer.claims, claim)), shelf, JUDGE)
    assert (scores["faithfulness"], scores["citation_recall"]) == (0.5, 0.5)


def test_later_turns_see_the_earlier_ones(assistant):
    turns = [turn("How many entries does the ledger of owls hold?"), turn("And what did it cost?")]
    rows = list(run_cases(assistant, [Case(id="talk", turns=turns)]))
    assert [(row.case_id, row.turn) for row in rows] == [("talk", 1), ("talk", 2)]
    assert rows[1].answer.papers[0].title == "A Study of owls"
    assert rows[1].answer.resolved_question
    (alone,) = run_cases(assistant, [Case(id="alone", turns=turns[1:])])
    assert alone.answer.resolved_question is None


def test_options_are_passed_on_and_the_filters_of_a_case_go_first(assistant):
    wide = turn("We count owls in the field; what did it cost, and what does the ledger of owls hold?")
    cases = [Case(id="one", turns=[wide]), Case(id="two", turns=[turn(filters={"from_year": 2012})])]
    options = Options(Filters(2014, 2016), words=5)
    one, two = run_cases(assistant, cases, options)
    assert one.answer.filters == Filters(2014, 2016)
    assert two.answer.filters == Filters(2012, 2016)
    assert one.scores["words"] < next(run_cases(assistant, cases)).scores["words"]


def test_a_question_that_cannot_be_asked_is_an_error_and_the_run_goes_on(assistant):
    cases = [Case(id="long", turns=[turn("why " * 2000)]), Case(id="fine", turns=[turn()])]
    wrong, fine = run_cases(assistant, cases)
    assert "shorten it" in wrong.error
    assert (wrong.answer, wrong.scores, fine.error) == (None, {}, None)
    summary = summarise([wrong, fine])
    assert (summary["n"], summary["errors"], summary["metrics"]["words"]["n"]) == (2, 1, 1)


def test_an_answer_by_another_writer_is_an_error_and_a_refused_key_ends_the_run(shelf):
    with served.running() as server:
        assistant = Assistant(shelf, settings=Settings(base_url=server.url, model="scripted"))
        server.play(served.error(500, "overloaded"))
        (row,) = run_cases(assistant, [Case(id="one", turns=[turn()])])
        assert "The model failed" in row.error
        server.play(served.error(401, "invalid_api_key"))
        with pytest.raises(KeyRefusedError):
            list(run_cases(assistant, [Case(id="one", turns=[turn()])]))
        server.play(served.answer("The ledger of owls holds 131 entries [1] [9]."))
        (row,) = run_cases(assistant, [Case(id="one", turns=[turn()])])
        assert (row.scores["citation_validity"], row.scores["citation_recall"]) == (0.5, 1)


def test_each_row_is_written_at_once_and_an_earlier_run_replaced(assistant, tmp_path):
    out = tmp_path / "new" / "out"
    cases = [Case(id=name, turns=[turn(tags=["single"])]) for name in ("one", "two")]
    rows = run_cases(assistant, cases)

    def watched():
        for number, row in enumerate(rows):
            assert len((out / "results.jsonl").read_text().splitlines()) == number
            yield row

    written = write_rows(watched(), out)
    lines = [json.loads(line) for line in (out / "results.jsonl").read_text().splitlines()]
    assert [set(line) for line in lines] == [{"id", "turn", "tags", "answer", "scores", "error"}] * 2
    assert lines[1] == json.loads(json.dumps(written[1].to_dict()))
    assert (lines[0]["id"], lines[0]["turn"], lines[0]["tags"]) == ("one", 1, ["single"])
    assert lines[0]["answer"]["text"] == written[0].answer.text
    write_rows(written[:1], out)
    assert len((out / "results.jsonl").read_text().splitlines()) == 1


def test_a_place_that_cannot_be_written_says_what_to_do(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(RunError, match="--out"):
        write_rows([], tmp_path / "file")


def test_an_error_of_asking_is_not_blamed_on_the_folder(tmp_path):
    def broken():
        raise OSError("the library's disk is gone")
        yield

    with pytest.raises(OSError, match="library's disk"):
        write_rows(broken(), tmp_path)


def test_papers_that_the_library_lacks_are_named(shelf):
    known = turn(papers=["A Study of owls", "a study of: bees", "Comets"])
    assert missing_papers(shelf, [Case(id="one", turns=[known])]) == ["Comets"]


def row(case, value, tags=("all",)):
    return Row(case, 1, tags, scores={"hit@1": value, "fact_recall": None})


def test_means_are_over_what_applies_in_all_and_by_tag():
    rows = [row("a", 1.0, ("x",)), row("b", 0.0, ("x", "y")), row("c", None, ("y",))]
    summary = summarise(rows)
    assert set(summary["metrics"]) == set(METRICS)
    assert summary["metrics"]["hit@1"] == {"mean": 0.5, "n": 2, "ci95": [0.0, 1.0]}
    assert summary["metrics"]["fact_recall"] == {"mean": None, "n": 0, "ci95": [None, None]}
    assert [summary["by_tag"][tag]["hit@1"]["mean"] for tag in ("x", "y")] == [0.5, 0]


def test_the_interval_is_the_textbooks_and_the_same_each_time():
    ones, count = 60, 200
    values = [1.0] * ones + [0.0] * (count - ones)
    low, high = interval(values, [1] * count)
    half = 1.96 * (0.3 * 0.7 / count) ** 0.5
    assert (low, high) == pytest.approx((0.3 - half, 0.3 + half), abs=0.01)
    assert (low, high) == interval(values, [1] * count)


def test_turns_of_one_conversation_are_no_independent_observations():
    apart = interval([1.0, 0.0] * 20, [1] * 40)
    together = interval([4.0, 0.0] * 5, [4] * 10)
    assert together[1] - together[0] > 1.5 * (apart[1] - apart[0])

"""Two runs side by side: what is paired, how sure a difference is, and what changed side."""

import itertools
import json
import random
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as effort
from hypothesis import strategies as some

from eval.comparison import compare
from eval.comparison.differences import differ
from eval.comparison.markdown import render_comparison
from eval.comparison.pairs import RowPair
from eval.errors import RunError
from eval.metrics.registry import JUDGED, METRICS
from eval.outcomes import failed, not_applicable, scored
from eval.rows import Expected, Row
from eval.run import Run
from eval.statistics import sign_test

RECORD = {"name": "run", "system": {"writer": "extractive"}, "seconds": 1.0}


def row(case="a", turn=1, *, values=None, judged=None, status="answered", **fields) -> Row:
    """A row whose metrics have these values: a number, None (not applicable), or "error"."""
    return Row(
        case,
        turn,
        fields.pop("question", f"What of {case}, {turn}?"),
        answer={"status": status} if status else None,
        outcomes=outcomes(values),
        judged=outcomes(judged),
        **fields,
    )


def outcomes(values):
    kinds = {None: not_applicable("not of this kind"), "error": failed("it broke")}
    return {
        name: kinds[value] if value in kinds else scored(value) for name, value in (values or {}).items()
    }


def run(*rows, **record) -> Run:
    return Run(RECORD | record, rows)


def hits(*values, name="hit@1", cases="abcdefgh"):
    return [row(case, values={name: value}) for case, value in zip(cases, values, strict=False)]


def test_a_difference_is_that_of_the_pairs():
    found = compare(run(*hits(1, 0, 1, 0)), run(*hits(1, 1, 0, 1))).deterministic.metrics["hit@1"]
    assert (found.pairs, found.before, found.after, found.difference) == (4, 0.5, 0.75, 0.25)
    assert (found.better, found.worse, found.equal, found.p) == (2, 1, 1, 1.0)
    assert found.ci95[0] < 0.25 < found.ci95[1]


@pytest.mark.parametrize(
    ("name", "better", "worse"), [("hit@1", 3, 0), ("over_refusal", 0, 3), ("words", None, None)]
)
def test_which_way_is_better_is_the_metrics_own(name, better, worse):
    before, after = run(*hits(0, 0, 0, name=name)), run(*hits(1, 1, 1, name=name))
    found = compare(before, after).deterministic.metrics[name]
    assert (found.better, found.worse, found.higher, found.p) == (better, worse, 3, 0.25)


def test_a_run_is_no_different_from_itself():
    rows = [
        row(case, turn, values={"hit@1": turn % 2, "fact_recall": 1 / 3, "seconds": 0.1}, judged=None)
        for case in "abcde"
        for turn in (1, 2)
    ]
    comparison = compare(run(*rows), run(*rows))
    for name in ("hit@1", "fact_recall", "seconds"):
        found = comparison.deterministic.metrics[name]
        assert (found.difference, found.ci95, found.p) == (0, (0, 0), 1)
        assert (found.better, found.worse, found.equal) == (0, 0, 5)
    assert not (comparison.deterministic.changed or comparison.differing or comparison.notes)


VALUES = some.sampled_from([None, "error", 0, 0.25, 1 / 3, 0.5, 1])
PAIRS = some.lists(some.tuples(some.sampled_from("abcd"), VALUES, VALUES), min_size=1, max_size=12)


def of_pairs(pairs, place):
    """The run of one side of `PAIRS`; each further pair of a case is its next turn."""
    turns = {case: itertools.count(1) for case in "abcd"}
    return [row(pair[0], next(turns[pair[0]]), values={"fact_recall": pair[place]}) for pair in pairs]


@given(PAIRS, some.randoms())
def test_the_other_way_round_each_difference_is_negated_whatever_the_order(pairs, chance):
    rows, others = of_pairs(pairs, 1), of_pairs(pairs, 2)
    there = compare(run(*rows), run(*others)).deterministic.metrics["fact_recall"]
    chance.shuffle(rows)
    back = compare(run(*others), run(*rows)).deterministic.metrics["fact_recall"]
    assert (there.pairs, there.equal, there.p) == (back.pairs, back.equal, back.p)
    assert (there.before, there.after) == (back.after, back.before)
    assert (there.better, there.worse) == (back.worse, back.better)
    assert {kinds[::-1]: number for kinds, number in there.unpaired.items()} == back.unpaired
    if there.pairs:
        assert there.difference == -back.difference
        assert there.ci95 == tuple(-end for end in reversed(back.ci95))


@effort(max_examples=20)
@given(some.lists(some.lists(some.integers(-4, 4), min_size=1, max_size=3), min_size=1, max_size=6))
def test_the_interval_is_that_of_a_slow_twin(cases):
    """Draw cases with replacement, one at a time, all turns of each; the percentiles of the means."""
    rows = [
        [row(f"{case}", turn, values={"fact_recall": value}) for turn, value in enumerate(values, start=1)]
        for side in (lambda change: 0.5, lambda change: 0.5 + change / 8)
        for case, values in enumerate([[side(change) for change in changes] for changes in cases])
    ]
    before, after = (list(itertools.chain(*half)) for half in (rows[: len(cases)], rows[len(cases) :]))
    found = compare(run(*before), run(*after)).deterministic.metrics["fact_recall"]

    chance = random.Random(1)
    means = []
    for _ in range(4000):
        drawn = [change / 8 for changes in chance.choices(cases, k=len(cases)) for change in changes]
        means.append(sum(drawn) / len(drawn))
    means.sort()
    for end, share in zip(found.ci95, (0.025, 0.975), strict=True):
        near = [means[round(len(means) * (share + off))] for off in (-0.023, 0.023)]
        assert near[0] - 1e-4 <= end <= near[1] + 1e-4


@given(some.integers(0, 5), some.integers(0, 5))
def test_the_sign_test_counts_all_outcomes_that_are_at_least_as_uneven(better, worse):
    tosses = list(itertools.product((-1, 1), repeat=better + worse))
    uneven = [toss for toss in tosses if abs(sum(toss)) >= abs(better - worse)]
    assert sign_test(better, worse) == pytest.approx(len(uneven) / len(tosses))


def test_a_case_that_moves_by_rounding_alone_has_not_moved():
    values = (0.1, 0.2, 0.3), (0.3, 0.2, 0.1)
    before, after = (
        run(*(row("a", turn, values={"fact_recall": value}) for turn, value in enumerate(side, start=1)))
        for side in values
    )
    found = compare(before, after).deterministic.metrics["fact_recall"]
    assert (found.equal, found.difference) == (1, 0)
    assert str(found.difference) == "0.0"


def test_what_is_not_paired_is_told():
    before = run(row("a"), row("b"), row("c", 1), row("c", 2))
    after = run(row("a"), row("c", 1), row("d"))
    told = compare(before, after).to_dict()
    assert told["pairs"] == 2
    assert told["only_before"] == [{"id": "b", "turn": 1}, {"id": "c", "turn": 2}]
    assert told["only_after"] == [{"id": "d", "turn": 1}]


def test_a_value_that_one_run_lacks_is_counted_and_in_no_mean():
    before = run(*hits(1, 1, "error", None, None, "error"))
    after = run(*hits(0, None, 1, "error", None, "error"))
    found = compare(before, after).to_dict()["metrics"]["hit@1"]
    assert (found["pairs"], found["before"], found["after"]) == (1, 1, 0)
    assert {(each["before"], each["after"]): each["n"] for each in found["unpaired"]} == {
        ("scored", "not applicable"): 1,
        ("error", "scored"): 1,
        ("not applicable", "error"): 1,
        ("error", "error"): 1,
    }


@pytest.mark.parametrize(
    ("changes", "what"),
    [
        ({"question": "Another?"}, "question"),
        ({"expected": Expected(papers=("2",))}, "papers"),
        ({"expected": Expected(papers=("1", "2"))}, "papers"),
        ({"expected": Expected(papers=("1",), facts=(("x",),))}, "facts"),
        ({"expected": Expected(papers=("1",), answerable=False)}, "answerable"),
        ({"expected": Expected(papers=("1",), reference="Yes.")}, "reference"),
    ],
)
def test_another_question_under_the_same_id_is_left_out_and_named(changes, what):
    asked = row("a", expected=Expected(papers=("1",)), values={"hit@1": 0})
    now = replace(asked, outcomes=outcomes({"hit@1": 1}), **changes)
    comparison = compare(run(asked, row("b")), run(now, row("b")))
    assert comparison.to_dict()["unlike"] == [{"id": "a", "turn": 1, "differs": [what]}]
    assert comparison.deterministic.metrics["hit@1"].pairs == 0
    assert not comparison.deterministic.changed


def test_a_follow_up_of_another_question_is_another_question():
    before = run(row("a", 1, question="On owls?"), row("a", 2), row("b"))
    after = run(row("a", 1, question="On bees?"), row("a", 2), row("b"))
    told = compare(before, after).to_dict()
    assert [each["differs"] for each in told["unlike"]] == [["question"], ["conversation before it"]]


def test_a_paper_that_one_library_lacks_is_still_the_same_paper():
    title, number = "A Study of Owls", "2110.07143"
    here = Expected(papers=("0f1e", number), titles={"0f1e": "A study of owls!", number: "Bees"})
    missing = Expected(papers=(f"https://arxiv.org/abs/{number}v2", title))
    comparison = compare(run(row("a", expected=here)), run(row("a", expected=missing)))
    assert len(comparison.pairing.pairs) == 1


def test_runs_without_a_common_question_are_refused():
    with pytest.raises(RunError, match="no question in common: compare"):
        compare(run(row("a")), run(row("b")))


def test_a_question_counts_for_the_tags_that_either_run_gave_it():
    before = run(row("a", tags=("x",), values={"hit@1": 0}), row("b", values={"hit@1": 1}))
    after = run(row("a", tags=("x", "y"), values={"hit@1": 1}), row("b", values={"hit@1": 1}))
    by_tag = compare(before, after).deterministic.by_tag
    assert {tag: found["hit@1"].difference for tag, found in by_tag.items()} == {"x": 1, "y": 1}


def test_the_layers_stay_apart():
    before = run(row("a", values={"hit@1": 1}, judged={"judge_relevancy": 1}))
    after = run(row("a", values={"hit@1": 1}, judged={"judge_relevancy": 0}))
    comparison = compare(before, after)
    assert set(comparison.deterministic.metrics) == set(METRICS)
    assert set(comparison.judge.metrics) == set(JUDGED)
    assert comparison.judge.metrics["judge_relevancy"].difference == -1
    assert not comparison.deterministic.changed
    assert [change.name for change in comparison.judge.changed[0].changes] == ["judge_relevancy"]


def test_what_only_one_run_was_judged_on_is_not_compared():
    comparison = compare(run(row("a", judged={"judge_relevancy": 1})), run(row("a")))
    assert comparison.judge is None
    assert "judge" not in comparison.to_dict()
    assert "only run A was given to a judge" in comparison.notes[0]


def crossing(before, after):
    (changed,) = compare(run(before), run(after)).deterministic.changed
    return changed


@pytest.mark.parametrize(
    ("name", "old", "new", "verdict"),
    [
        ("hit@1", 0, 1, "better"),
        ("fact_recall", 0.5, 0.49, "worse"),
        ("fact_recall", 0.49, 0.5, "better"),
        ("over_refusal", 0, 1, "worse"),
    ],
)
def test_a_value_that_crosses_one_half_changes_side(name, old, new, verdict):
    changed = crossing(row(values={name: old}), row(values={name: new}))
    assert changed.verdict == verdict
    assert [(each.name, each.before, each.after) for each in changed.changes] == [(name, old, new)]
    assert (changed.place, changed.question) == (("a", 1), "What of a, 1?")


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("fact_recall", 0.5, 1),
        ("fact_recall", 0, 0.49),
        ("hit@1", 0, None),
        ("hit@1", "error", 1),
        ("words", 0, 9),
        ("seconds", 0, 9),
    ],
)
def test_nothing_else_changes_side(name, old, new):
    before, after = run(row(values={name: old})), run(row(values={name: new}))
    assert not compare(before, after).deterministic.changed


@pytest.mark.parametrize(
    ("old", "new", "is_answerable", "verdict"),
    [
        ("answered", "refused", True, "worse"),
        ("refused", "partial", True, "better"),
        ("partial", "refused", False, "better"),
        ("refused", "answered", False, "worse"),
    ],
)
def test_to_refuse_is_right_where_nothing_answers(old, new, is_answerable, verdict):
    expected = Expected(answerable=is_answerable)
    changed = crossing(row(status=old, expected=expected), row(status=new, expected=expected))
    assert (changed.verdict, changed.changes[0].name) == (verdict, "status")


@pytest.mark.parametrize(("old", "new"), [("answered", "partial"), ("answered", None), (None, "refused")])
def test_an_answer_in_part_or_an_error_is_no_other_side(old, new):
    error = {"error": "the model failed"}
    before = row(status=old, **({} if old else error))
    after = row(status=new, **({} if new else error))
    assert not compare(run(before), run(after)).deterministic.changed


def test_the_worse_stand_first_then_what_is_both():
    two = {"hit@1": 0, "fact_recall": 1}
    before = [row("a", values={"hit@1": 0}), row("b", values=two), row("c", values={"hit@1": 1})]
    after = [
        row("a", values={"hit@1": 1}),
        row("b", values={"hit@1": 1, "fact_recall": 0}),
        row("c", values={"hit@1": 0}),
    ]
    changed = compare(run(*before), run(*after)).deterministic.changed
    assert [(each.place[0], each.verdict) for each in changed] == [
        ("c", "worse"),
        ("b", "mixed"),
        ("a", "better"),
    ]


FULL = {
    "format": 1,
    "name": "one",
    "started": "2026-11-21T07:10:00Z",
    "seconds": 31.2,
    "finished": True,
    "commit": "a" * 40,
    "packages": {"numpy": "2.4.6"},
    "questions": [{"name": "test.jsonl", "sha256": "0" * 64, "cases": 110}],
    "system": {
        "writer": "extractive",
        "encoder": "minilm",
        "library": {"papers": 333},
        "options": {"words": None},
    },
    "judge": {"name": "llm:small", "usage": {"requests": 3}},
}


@pytest.mark.parametrize(
    ("changes", "names", "note"),
    [
        ({"name": "two", "started": "later", "seconds": 1.0}, [], ""),
        ({"judge": {"name": "llm:small", "usage": {"requests": 9}}}, [], ""),
        ({"commit": "b" * 40, "packages": {"numpy": "2"}}, ["commit", "packages.numpy"], ""),
        ({"system": FULL["system"] | {"writer": "gpt"}}, ["system.writer"], ""),
        ({"system": FULL["system"] | {"options": {"words": 30}}}, ["system.options.words"], ""),
        (
            {"questions": [{"name": "test.jsonl", "sha256": "1" * 64, "cases": 110}]},
            ["questions.test.jsonl.sha256"],
            "question files differ",
        ),
        (
            {"system": FULL["system"] | {"library": {"papers": 9}}},
            ["system.library.papers"],
            "libraries differ",
        ),
        ({"system": FULL["system"] | {"encoder": "x"}}, ["system.encoder"], "encoders differ"),
        ({"support_judge": "calibrated-1"}, ["support_judge"], "of an earlier version"),
        (
            {"system": FULL["system"] | {"checks": {"judge": "llm:large"}}},
            ["system.checks.judge"],
            "checked by other judges",
        ),
        ({"judge": {"name": "llm:large"}}, ["judge.name"], "not measured alike"),
        ({"finished": False}, [], "run B is not finished"),
    ],
)
def test_what_the_runs_were_made_with_is_told_where_it_differs(changes, names, note):
    comparison = compare(Run(FULL, [row()]), Run(FULL | changes, [row()]))
    assert [condition.name for condition in comparison.differing] == names
    assert len(comparison.notes) == bool(note)
    assert note in "".join(comparison.notes)


def test_a_record_that_says_little_is_compared_with_one_that_says_much():
    comparison = compare(Run(FULL, [row()]), Run({"name": "theirs"}, [row()]))
    told = {condition.name: (condition.before, condition.after) for condition in comparison.differing}
    assert told["system.writer"] == ("extractive", None)
    assert render_comparison(comparison)


def test_the_frame_has_a_row_a_metric_and_tag():
    rows = [row("a", tags=("x",), values={"hit@1": 1}, judged={"judge_relevancy": 1})]
    frame = compare(run(*rows), run(*rows)).frame()
    assert len(frame) == 2 * (len(METRICS) + len(JUDGED))
    (found,) = frame[(frame.metric == "hit@1") & (frame.tag == "x")].to_dict("records")
    assert (found["layer"], found["before"], found["low"], found["pairs"]) == ("deterministic", 1, 0, 1)


def test_it_is_all_json():
    rows = [row("a", tags=("x",), values={"hit@1": 1}, judged={"judge_relevancy": 1})]
    told = compare(Run(FULL, rows), run(*rows)).to_dict()
    assert json.loads(json.dumps(told)) == told
    assert set(told["judge"]) == {"metrics", "by_tag", "changed"}


def binary(chance, cases):
    """A system that is right for 0.6 of the questions, and one that is for 0.7, mostly of the same."""
    before = chance.random(cases) < 0.6
    after = np.where(chance.random(cases) < 0.6, before, chance.random(cases) < 0.85)
    return [[pair] for pair in zip(before.astype(float), after.astype(float), strict=True)]


def continuous(chance, cases):
    """Values that share what makes a question hard; the second is higher by 0.1."""
    hard = chance.normal(0.5, 0.3, cases)
    before, after = (hard + chance.normal(shift, 0.15, cases) for shift in (0, 0.1))
    return [[pair] for pair in zip(before, after, strict=True)]


def conversations(chance, cases):
    """A third are conversations of three turns, which mostly gain or lose together; 0.1 on the whole."""
    talks = []
    for gain, number in zip(chance.normal(0.1, 0.3, cases), chance.random(cases) < 1 / 3, strict=True):
        before = chance.normal(0.5, 0.3, 3 if number else 1)
        talks.append(list(zip(before, before + gain + chance.normal(0, 0.1, len(before)), strict=True)))
    return talks


def simulated(talks, *, is_null=False, chance=None):
    """The pairs of two simulated runs; where no run shall be better each case is turned round by a coin."""
    for case, talk in enumerate(talks):
        is_turned = is_null and chance.random() < 0.5
        for turn, values in enumerate(talk, start=1):
            before, after = values[::-1] if is_turned else values
            yield RowPair(*(row(f"{case}", turn, values={"fact_recall": each}) for each in (before, after)))


def measured(simulate, *, is_null, repetitions, cases=120):
    """Each repetition's difference."""
    chance = np.random.default_rng(7)
    for _ in range(repetitions):
        pairs = list(simulated(simulate(chance, cases), is_null=is_null, chance=chance))
        yield differ(pairs, METRICS["fact_recall"], lambda row: row.outcomes)


@pytest.mark.slow
@pytest.mark.parametrize("simulate", [binary, continuous, conversations])
def test_the_interval_covers_a_known_difference_in_about_95_of_100_simulations(simulate):
    """400 simulations of 120 cases: three standard errors round 0.95 are 0.917 to 0.983."""
    found = list(measured(simulate, is_null=False, repetitions=400))
    covering = sum(low - 1e-9 <= 0.1 <= high + 1e-9 for low, high in (each.ci95 for each in found))
    assert 0.917 <= covering / len(found) <= 0.983
    assert abs(np.mean([each.difference for each in found]) - 0.1) < 0.01


@pytest.mark.slow
@pytest.mark.parametrize("simulate", [binary, continuous, conversations])
def test_the_sign_test_raises_a_false_alarm_in_at_most_5_of_100_simulations(simulate):
    found = list(measured(simulate, is_null=True, repetitions=400))
    assert sum(each.p < 0.05 for each in found) / len(found) <= 0.05

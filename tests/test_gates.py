"""Gates: what is read of them, and when they let a run pass."""

import pytest
from hypothesis import given
from hypothesis import strategies as some

from eval.comparison import compare
from eval.errors import GateError
from eval.gates import Gate, fail_on, parse_gate, require
from eval.metrics.registry import JUDGED, METRICS
from eval.outcomes import Outcome, scored
from eval.rows import Row
from eval.run import Run


def run(*values, name="hit@1", judge=None) -> Run:
    """A run of a case a value, each with the tag "all", the first with "first" too."""
    rows = [
        Row(
            f"{number}",
            1,
            "What?",
            tags=("all", "first") if number == 0 else ("all",),
            outcomes={name: Outcome() if value is None else scored(value)},
            judged={} if judge is None else {"judge_relevancy": scored(judge)},
        )
        for number, value in enumerate(values)
    ]
    return Run({"name": "run", "seconds": 1.0}, rows)


@pytest.mark.parametrize(
    ("text", "metric", "tag", "operator", "number"),
    [
        ("faithfulness<-0.02", "faithfulness", None, "<", -0.02),
        ("hit@5>=0.9", "hit@5", None, ">=", 0.9),
        ("hit@1[paraphrase]>=0.3", "hit@1", "paraphrase", ">=", 0.3),
        ("  judge_relevancy [ two words ] <= 1 ", "judge_relevancy", "two words", "<=", 1),
        ("seconds>1e1", "seconds", None, ">", 10),
        ("hit@1[a]b<0.5]>.5", "hit@1", "a]b<0.5", ">", 0.5),
        ("hit@1[]>0", "hit@1", "", ">", 0),
    ],
)
def test_a_gate_is_a_metric_perhaps_a_tag_a_comparison_and_a_number(text, metric, tag, operator, number):
    assert parse_gate(text) == Gate(text.strip(), metric, tag, operator, number)


NUMBERS = some.integers(-50_000, 50_000).map(lambda number: number / 10_000)


@given(
    some.sampled_from([*METRICS, *JUDGED]),
    some.none() | some.text(min_size=1).filter(lambda text: text == text.strip()),
    some.sampled_from(["<", "<=", ">", ">="]),
    NUMBERS,
    some.text(" \t", max_size=2),
)
def test_what_is_written_is_read(metric, tag, operator, number, space):
    bracket = "" if tag is None else f"{space}[{space}{tag}{space}]"
    read = parse_gate(f"{space}{metric}{bracket}{space}{operator}{space}{number}{space}")
    assert (read.metric, read.tag, read.operator, read.number) == (metric, tag, operator, number)


@given(some.text(alphabet="hit@15[]<>=0.9- nax_", max_size=20))
def test_whatever_else_is_written_is_told_what_a_gate_is(text):
    try:
        assert parse_gate(text).metric in METRICS | JUDGED
    except GateError as error:
        assert "write one like" in str(error) or "take one of" in str(error)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "write one like"),
        ("hit@5", "write one like"),
        ("hit@5>=", "write one like"),
        (">=0.9", "write one like"),
        ("hit@2>0.5", "take one of hit@1, hit@5, .*judge_relevancy"),
        ("hit@5=0.9", "take one of < <= > >="),
        ("hit@5!=0.9", "take one of < <= > >="),
        ("hit@5>=90%", "write one like 0.9"),
        ("hit@5>=high", "write one like 0.9"),
        ("hit@5>=nan", "write one like 0.9"),
        ("hit@5<inf", "write one like 0.9"),
        ("hit@5>=0.33333", "at most 4 decimals"),
    ],
)
def test_what_is_no_gate_says_what_would_be_one(text, told):
    with pytest.raises(GateError, match=told):
        parse_gate(text)


@pytest.mark.parametrize(
    ("text", "passed"),
    [
        ("hit@1<-0.25", True),
        ("hit@1<=-0.25", False),
        ("hit@1<-0.2", False),
        ("hit@1>0", True),
        ("hit@1>-0.3", False),
        ("hit@1[first]<0", False),
    ],
)
def test_fail_on_fails_where_it_holds_for_the_difference(text, passed):
    comparison = compare(run(1, 1, 1, 0), run(0, 1, 1, 0))
    checked = fail_on(parse_gate(text), comparison)
    assert checked.passed == passed
    value = -1 if "first" in text else -0.25
    assert (checked.value, checked.n) == (value, 1 if "first" in text else 4)
    assert f"the difference is {value:.4f} (" in checked.explanation


@pytest.mark.parametrize(
    ("text", "passed"),
    [
        ("hit@1>=0.75", True),
        ("hit@1>0.75", False),
        ("hit@1<0.8", True),
        ("hit@1[first]>=1", True),
        ("hit@1[all]>=1", False),
    ],
)
def test_require_fails_where_it_does_not_hold_for_the_mean(text, passed):
    checked = require(parse_gate(text), run(1, 1, 1, 0, None).rows)
    assert checked.passed == passed
    assert checked.n == (1 if "first" in text else 4)
    assert "the mean is" in checked.explanation


@given(some.integers(1, 9999), some.integers(1, 9999))
def test_a_gate_decides_by_the_digits_that_are_printed(old, new):
    """0.28 - 0.3 is no number of two decimals; that of the gate is the difference all the same."""
    old, new = old / 10_000, new / 10_000
    checked = [
        fail_on(
            parse_gate(f"fact_recall{operator}{new - old:.4f}"),
            compare(*(run(value, name="fact_recall") for value in (old, new))),
        )
        for operator in ("<", "<=", ">=", ">")
    ]
    assert [each.passed for each in checked] == [True, False, False, True]
    mean = [
        require(parse_gate(f"fact_recall{sign}{new:.4f}"), run(new, name="fact_recall").rows)
        for sign in "<>"
    ]
    assert not any(each.passed for each in mean)


def test_what_has_no_value_passes_no_gate():
    comparison = compare(run(1, None), run(None, 1))
    checks = [
        fail_on(parse_gate(text), comparison) for text in ("hit@1<-1", "words>9", "judge_relevancy<-1")
    ]
    checks += [require(parse_gate(text), run(None).rows) for text in ("hit@1>=0", "judge_relevancy>=0")]
    for check in checks:
        assert (check.passed, check.value, check.n) == (False, None, 0)
        assert "no question has a value" in check.explanation


def test_a_judges_metric_is_gated_by_its_name():
    before, after = run(1, judge=1), run(1, judge=0.5)
    assert not fail_on(parse_gate("judge_relevancy<-0.2"), compare(before, after)).passed
    assert require(parse_gate("judge_relevancy>=0.5"), after.rows).passed


@pytest.mark.parametrize(
    "check",
    [
        lambda gate, rows: fail_on(gate, compare(rows, rows)),
        lambda gate, rows: require(gate, rows.rows),
    ],
)
def test_a_tag_that_no_question_has_is_an_error_that_names_those_there_are(check):
    with pytest.raises(GateError, match="no question has the tag second: take one of all, first"):
        check(parse_gate("hit@1[second]>0"), run(1, 0))
    with pytest.raises(GateError, match="none has any"):
        check(parse_gate("hit@1[second]>0"), Run({"name": "x"}, [Row("a", 1, "What?")]))


def test_what_decided_is_json():
    told = require(parse_gate("hit@1>=0.5"), run(1, 0).rows).to_dict()
    assert told == {
        "option": "--require",
        "gate": "hit@1>=0.5",
        "passed": True,
        "value": 0.5,
        "ci95": [0.0, 1.0],
        "n": 2,
        "explanation": "the mean is 0.5000 (0.0000 to 1.0000, 2 questions)",
    }

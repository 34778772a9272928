"""`askpapers compare`: what it prints, what it exits with, and that data stays data."""

import json
import re
import subprocess
import sys
from functools import partial
from itertools import pairwise

import pytest
from markdown_it import MarkdownIt
from synthetic_runs import OF_EARLIER, row_of_earlier

from eval.outcomes import failed, scored
from eval.rows import Expected, Row, dump_outcomes

HOSTILE = (
    "\x1b]0;owned\x07\x1b[31m \u202e<script>alert(1)</script> | `x` | <img src=x onerror=y> "
    "[a](http://e.vil) @someone #1 **bold**\r\n\n# Heading\n</details>"
)
CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e]")
VALUES = {"hit@1": 1.0, "faithfulness": 1.0, "words": 40.0}


@pytest.fixture
def run(run):
    """Compare in this process: exit code, stdout, stderr."""
    return partial(run, "compare")


def row(case, *, values=(), status="answered", **fields) -> Row:
    outcomes = {name: scored(value) for name, value in (VALUES | dict(values)).items()}
    outcomes["mrr@10"] = failed("it broke")
    return Row(
        case,
        1,
        fields.pop("question", f"What of {case}?"),
        answer={"status": status},
        outcomes=outcomes,
        **fields,
    )


def write(folder, rows, judged=None, **record):
    """A run folder, as `askpapers eval` leaves it."""
    folder.mkdir(parents=True)
    known = {
        "format": 1,
        "name": folder.name,
        "seconds": 1.0,
        "finished": True,
        "system": {"writer": "extractive"},
        "judge": {"name": "llm:x", "usage": {}} if judged else None,
    }
    (folder / "run.json").write_text(json.dumps(known | record))
    (folder / "results.jsonl").write_text("".join(f"{json.dumps(row.to_dict())}\n" for row in rows))
    if judged:
        lines = [
            {"id": row.case_id, "turn": row.turn, **dump_outcomes({"judge_relevancy": scored(judged)})}
            for row in rows
        ]
        (folder / "judged.jsonl").write_text("".join(f"{json.dumps(line)}\n" for line in lines))
    return folder


@pytest.fixture
def runs(tmp_path):
    """Two runs of four questions: the second is wrong twice, right once more, and refuses once."""
    before = [row("a", tags=("x",)), row("b"), row("c", values={"hit@1": 0.0}), row("d"), row("old")]
    after = [
        row("a", tags=("x",), values={"hit@1": 0.0}),
        row("b", values={"hit@1": 0.0}),
        row("c"),
        row("d", status="refused"),
    ]
    one = write(tmp_path / "one", before, commit="a" * 40)
    return one, write(tmp_path / "two", after, commit="b" * 40, system={"writer": "gpt-x"})


def test_a_table_says_what_changed_and_by_how_much(run, runs):
    code, out, err = run(*runs)
    assert (code, err) == (0, "")
    (line,) = [line.split() for line in out.splitlines() if line.startswith("hit@1")]
    assert line == ["hit@1", "0.750", "0.500", "-0.250", "-1.000", "to", "+0.500", "1", "2", "1.000", "4"]
    assert re.search(r"system.writer +extractive +gpt-x", out)
    assert re.search(r"commit +a{12} +b{12}\s", out)
    assert "questions only in A: 1" in out
    assert "mrr@10: 4 error → error" in out
    assert out.index("worse   a: What of a?") < out.index("hit@1 1 → 0") < out.index("better  c:")
    assert "status answered → refused" in out


def test_json_is_the_whole_comparison(run, runs):
    code, out, _ = run(*runs, "--json", "--changed", 0, "--require", "hit@1>=0.5")
    comparison = json.loads(out)
    assert code == 0
    assert set(comparison) == {
        "before", "after", "pairs", "only_before", "only_after", "unlike", "notes", "differing",
        "metrics", "by_tag", "changed", "gates",
    }  # fmt: skip
    assert comparison["metrics"]["hit@1"]["difference"] == -0.25
    assert [changed["id"] for changed in comparison["changed"]] == ["a", "b", "d", "c"]
    assert comparison["gates"][0]["passed"]


def test_the_judge_layer_has_a_table_of_its_own(run, tmp_path):
    rows = [row("a"), row("b")]
    one, two = write(tmp_path / "one", rows, judged=0.25), write(tmp_path / "two", rows, judged=0.75)
    _, out, _ = run(one, two)
    first, second = out.split("Judge layer")
    assert "judge_relevancy" not in first
    assert "judge_relevancy 0.25 → 0.75" in second
    assert json.loads(run(one, two, "--json")[1])["judge"]["metrics"]["judge_relevancy"]["pairs"] == 2
    assert "| judge_relevancy | 0.250 | 0.750 | +0.500 |" in run(one, two, "--markdown")[1]


@pytest.mark.parametrize("form", [(), ("--json",), ("--markdown",)])
@pytest.mark.parametrize(
    ("gates", "failing"),
    [
        (["--fail-on", "hit@1<-0.3", "--require", "words>=40"], []),
        (["--fail-on", "hit@1<-0.2"], ["--fail-on hit@1<-0.2"]),
        (["--fail-on", "hit@1[x]<0", "--fail-on", "hit@1>0"], ["--fail-on hit@1[x]<0"]),
        (
            ["--require", "hit@1>0.5", "--fail-on", "ndcg@10<0"],
            ["--fail-on ndcg@10<0", "--require hit@1>0.5"],
        ),
    ],
)
def test_gates_decide_the_exit_code_and_stderr_names_those_that_failed(run, runs, form, gates, failing):
    code, out, err = run(*runs, *form, *gates)
    assert code == bool(failing)
    assert out.count("passed") + out.count("failed") >= len(gates) // 2
    if failing:
        total = len(gates) // 2
        assert err.startswith(f"askpapers: {len(failing)} of {total} gates failed ({failing[0]}: ")
        assert all(f"{gate}: " in err for gate in failing)
        assert err.count("\n") == 1
    else:
        assert err == ""


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--fail-on", "hit@2<0"], "take one of hit@1"),
        (["--require", "hit@1>=much"], "0.9"),
        (["--require", "hit@1[y]>0"], "take one of x"),
        (["--fail-on", "hit@1[y]>0"], "take one of x"),
        (["--changed", "-1"], "no number from 0 on"),
        (["--json", "--markdown"], "leave one out"),
    ],
)
def test_what_is_asked_for_wrongly_is_a_usage_error(run, runs, arguments, message):
    code, out, err = run(*runs, *arguments)
    assert (code, out) == (2, "")
    assert message in err


def test_folders_that_hold_no_comparable_runs_say_what_to_do(run, runs, tmp_path):
    other = write(tmp_path / "other", [row("z")])
    for folder, message in (
        (tmp_path / "nowhere", "holds no run"),
        (other, "compare runs of the same questions"),
    ):
        code, out, err = run(runs[0], folder)
        assert (code, out, err.count("\n")) == (1, "", 1)
        assert message in err


@pytest.mark.parametrize(("form", "sign"), [((), "and 2 more"), (("--markdown",), "- and 2 more")])
def test_so_many_of_the_changed_questions_are_shown_and_the_others_counted(run, runs, form, sign):
    _, out, _ = run(*runs, *form, "--changed", 2)
    assert sign in out
    assert "What of b?" in out
    assert "What of c?" not in out


@pytest.fixture
def hostile(tmp_path):
    """Two runs whose ids, tags, questions and records would be markup."""
    expected = Expected(papers=(HOSTILE,))
    rows = [
        row(HOSTILE, tags=(HOSTILE,), question=HOSTILE, expected=expected, values={"hit@1": value})
        for value in (1.0, 0.0)
    ]
    questions = [{"name": HOSTILE, "sha256": "0"}]
    one = write(
        tmp_path / "one", rows[:1], system={"writer": HOSTILE, HOSTILE: 1}, name=HOSTILE, started=HOSTILE
    )
    return one, write(tmp_path / "two", rows[1:], questions=questions)


def test_a_terminal_is_shown_text(run, hostile):
    code, out, _ = run(*hostile, "--fail-on", "hit@1>0")
    assert code == 0
    assert "owned" in out
    assert "# Heading" not in out.splitlines()
    assert not CONTROL.search(out)


def test_markdown_is_text_too(run, hostile):
    code, out, _ = run(*hostile, "--markdown", "--require", "hit@1<=0")
    assert code == 0
    assert not CONTROL.search(out)
    blocks = MarkdownIt("commonmark").enable("table").parse(out)
    every = [*blocks, *(child for block in blocks for child in block.children or [])]
    assert {token.type for token in every if "alert(1)" in token.content} == {"inline", "code_inline"}
    assert not {token.type for token in every} & {"link_open", "image", "html_inline"}
    headings = [following.content for token, following in pairwise(blocks) if token.type == "heading_open"]
    assert headings == ["Comparison of two runs"]
    folds = "".join(block.content for block in blocks if block.type == "html_block")
    assert set(re.sub(r"<summary>[\w ,]+</summary>", "", folds).split()) == {"<details>", "</details>"}


@pytest.mark.slow
def test_a_reader_that_goes_away_changes_no_exit_code(tmp_path):
    rows = [row(str(number), question="?" * 3000) for number in range(60)]
    one, two = write(tmp_path / "one", rows), write(tmp_path / "two", rows)
    command = [sys.executable, "-m", "ui.cli", "compare", one, two, "--json", "--require", "hit@1>2"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        process.stdout.close()
        err = process.stderr.read()
    assert process.returncode == 1
    assert "1 of 1 gates failed" in err


def test_gates_decide_nothing_about_a_run_that_is_not_finished(run, tmp_path):
    rows = [row("a"), row("b")]
    one, two = write(tmp_path / "one", rows), write(tmp_path / "two", rows)
    record = json.loads((two / "run.json").read_text())
    (two / "run.json").write_text(json.dumps(record | {"finished": False}))
    assert run(one, two)[0] == 0
    code, _, err = run(one, two, "--require", "hit@1>=0")
    assert (code, "not finished" in err) == (1, True)


@pytest.mark.parametrize("form", [(), ("--json",), ("--markdown",)])
def test_a_run_of_an_earlier_version_is_compared_in_what_both_have(run, tmp_path, form):
    """It has metrics that are gone, lacks new ones, and its lines say nothing of unchecked sentences."""
    line = row_of_earlier("one").to_dict()
    del line["unchecked"]
    write(tmp_path / "before", [row_of_earlier("one")], **OF_EARLIER)
    (tmp_path / "before" / "results.jsonl").write_text(f"{json.dumps(line)}\n")
    write(tmp_path / "after", [row_of_earlier("one")])
    code, out, _ = run(tmp_path / "before", tmp_path / "after", *form)
    assert code == 0
    assert "one run is of an earlier version: its faithfulness is not measured alike" in out
    assert "citation_recall" not in out

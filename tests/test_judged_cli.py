"""`eval --judge` and `eval --check-judge`: the whole way, before a scripted model server."""

import json
import re

import model_server as served
import pytest
from judge_replies import data_of, decided, play, sent
from trials import trial

from eval.folder import read_run
from eval.labelled import read_claims
from rag.checking.trial import keep

pytestmark = pytest.mark.usefixtures("without_charts")

OWLS = {"title": "A Study of owls", "abstract": "We count owls. The ledger of owls holds 131 entries."}
QUESTION = {"id": "one", "question": "How many entries does the ledger of owls hold?", "reference": "131."}
LATER = {"id": "two", "question": "Why do violins sing?", "answerable": False}


def in_a_word(request):
    """A judge to whom everything is supported and right."""
    data = data_of(request)
    if "sentences" in data:
        return decided(request, lambda *_: "supported", "it says <b>so</b>")
    return json.dumps({"reason": "it says <b>so</b>", "score": 5 if "reference" in data else 2})


@pytest.fixture
def server(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    with served.running() as server:
        monkeypatch.setenv("OPENAI_BASE_URL", server.url)
        monkeypatch.setenv("OPENAI_API_KEY", "sk-never-shown")
        monkeypatch.setenv("ASKPAPERS_MODEL", "scripted")
        keep(trial(f"scripted at {server.url}"))
        play(server, served.answered_by(in_a_word))
        yield server


@pytest.fixture
def command(run, tmp_path):
    """An eval of two questions about one paper."""
    (tmp_path / "papers.jsonl").write_text(json.dumps(OWLS))
    (tmp_path / "questions.jsonl").write_text(f"{json.dumps(QUESTION)}\n{json.dumps(LATER)}")
    assert run("ingest", tmp_path / "papers.jsonl", "--library", tmp_path / "library")[0] == 0
    place = ("--out", tmp_path / "out", "--library", tmp_path / "library")
    return ("eval", tmp_path / "questions.jsonl", *place)


def test_a_model_judges_apart_from_the_scores_and_is_asked_once(command, run, server, tmp_path):
    code, out, _ = run(*command, "--judge", "llm", "--json")
    summary = json.loads(out)
    assert code == 0
    judged = summary["judge"]
    assert judged["name"] == "llm:scripted"
    assert judged["metrics"]["judge_correctness"]["mean"] == 1
    assert judged["metrics"]["judge_faithfulness"]["not_applicable"] == 1  # the refusal
    assert judged["usage"]["total_tokens"] > 0
    assert not [name for name in summary["metrics"] if name.startswith("judge_")]
    asked = len(sent(server))
    assert asked > 0
    assert json.loads(run(*command, "--judge", "llm", "--json")[1])["judge"]["metrics"] == judged["metrics"]
    assert len(sent(server)) == asked
    again = json.loads(run(*command, "--json")[1])  # what was judged stays with the run
    assert again["judge"]["metrics"] == judged["metrics"]
    assert read_run(tmp_path / "out").is_judged
    report = (tmp_path / "out" / "report.html").read_text()
    assert "llm:scripted" in report
    assert "<b>so</b>" not in report
    files = [path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()]
    assert not [content for content in files if b"sk-never-shown" in content]


def test_a_terminal_shows_the_judge_layer_in_a_table_of_its_own(command, run, server):
    code, out, _ = run(*command, "--judge", "llm")
    first, second = out.split("Judge layer: llm:scripted")
    assert code == 0
    assert "judge_" not in first
    assert re.search(r"^judge_correctness +1\.000 +0\.025 to 1\.000 +1 +1 +0$", second, re.MULTILINE)
    assert re.search(r"requests, [\d,]+ tokens\)", second)


def test_what_answers_took_and_who_checked_them_stand_apart_from_the_judge(command, run, server):
    server.play(served.answer("In the ledger of owls are 131 entries [1]."))
    code, out, _ = run(*command, "--writer", "llm", "--workers", "2", "--json")
    summary = json.loads(out)
    usage, steps, metrics = summary["usage"], summary["steps"], summary["metrics"]
    assert code == 0
    assert usage["requests"] == len(sent(server))
    assert usage["total_tokens"] == len(sent(server)) * served.USAGE["total_tokens"]
    assert {"understand", "write", "check"} <= steps.keys()
    assert sum(step["requests"] for step in steps.values()) == usage["requests"]
    assert metrics["requests"]["mean"] == usage["requests"] / 2
    assert metrics["faithfulness"]["checked_by"] == "llm:scripted"
    out = run(*command, "--writer", "llm")[1]
    assert re.search(r"s \(\d+ requests?, [\d,]+ tokens\)\nunderstand \d requests, ", out)
    assert "faithfulness: checked by llm:scripted" in out
    quoted = json.loads(run(*command, "--fresh", "--json")[1])
    assert not {"usage", "steps"} & quoted.keys()
    assert quoted["metrics"]["requests"]["mean"] is None
    assert "faithfulness: quotations alone" in run(*command)[1]


def test_a_gate_on_the_judge_layer_needs_a_judge(command, run, server):
    assert run(*command, "--judge", "llm", "--require", "judge_relevancy>=1")[0] == 0
    assert run(*command, "--fresh", "--require", "judge_relevancy>=1")[0] == 1


def test_a_verdict_that_cannot_be_read_is_an_error_and_in_no_mean(command, run, server):
    play(server, served.answer("Well, yes and no."))
    code, out, err = run(*command, "--judge", "llm", "--json")
    found = json.loads(out)["judge"]["metrics"]["judge_relevancy"]
    assert code == 1
    assert "1 of 2 questions are errors" in err
    assert (found["mean"], found["n"], found["errors"], found["not_applicable"]) == (None, 0, 1, 1)
    play(server, served.answered_by(in_a_word))  # what was an error is asked again
    found = json.loads(run(*command, "--judge", "llm", "--json")[1])["judge"]["metrics"]
    assert (found["judge_relevancy"]["mean"], found["judge_relevancy"]["errors"]) == (1, 0)


def test_a_refused_key_is_one_line_and_leaves_the_answers_reported(command, run, server, tmp_path):
    play(server, served.error(401, "invalid_api_key"))
    code, out, err = run(*command, "--judge", "llm")
    assert (code, out) == (1, "")
    assert err.splitlines()[-1].startswith("askpapers: ")
    assert (tmp_path / "out" / "report.html").exists()
    assert len((tmp_path / "out" / "results.jsonl").read_text().splitlines()) == 2


def test_a_judge_that_was_stopped_is_in_no_mean_before_it_has_spoken_of_all(command, run, server, tmp_path):
    whole = json.loads(run(*command, "--judge", "llm", "--json")[1])["judge"]
    record, judged = tmp_path / "out" / "run.json", tmp_path / "out" / "judged.jsonl"
    first = judged.read_text().splitlines(keepends=True)[0]
    for kept in (json.loads(record.read_text()), json.loads(record.read_text()) | {"judge": None}):
        record.write_text(json.dumps(kept))
        judged.write_text(first)
        assert not read_run(tmp_path / "out").is_judged
        code, out, _ = run(*command, "--json")
        assert code == 0
        assert "judge" not in json.loads(out)
        assert (
            json.loads(run(*command, "--judge", "llm", "--json")[1])["judge"]["metrics"] == whole["metrics"]
        )


def test_a_judge_that_takes_the_place_of_another_does_not_speak_in_its_name(command, run, server, tmp_path):
    assert run(*command, "--judge", "llm")[0] == 0
    play(server, served.error(401, "invalid_api_key"))
    assert run(*command, "--judge", "llamaindex")[0] == 1
    assert json.loads((tmp_path / "out" / "run.json").read_text())["judge"] is None
    assert run(*command)[0] == 0


def test_a_judge_without_a_model_is_one_line(command, run):
    code, out, err = run(*command, "--judge", "llm")
    assert (code, out) == (1, "")
    assert "OPENAI_API_KEY" in err


@pytest.mark.parametrize("missing", [(), ("test",), ("--out", "out")])
def test_a_run_without_questions_or_a_folder_is_usage(run, missing):
    code, out, err = run("eval", *missing)
    assert (code, out) == (2, "")
    assert "missing" in err
    assert err.count("\n") == 1


def test_without_a_judge_there_is_nothing_to_check(run):
    code, out, err = run("eval", "--check-judge")
    assert (code, out) == (2, "")
    assert err == "askpapers: --check-judge needs a language model to check: add --judge llm\n"
    code, _, err = run("eval", "--check-judge", "--judge", "llm")
    assert code == 1
    assert "OPENAI_API_KEY" in err


def test_a_model_is_checked_on_the_claims_that_come_with_it(run, server):
    code, out, _ = run("eval", "--check-judge", "--judge", "llm", "--json")
    found = json.loads(out)
    assert (code, found["n"], found["errors"]) == (0, len(read_claims()), 0)
    assert sum(sum(given.values()) for given in found["confusion"].values()) == found["n"]
    assert found["false_alarms"]["value"] == 0  # to it all is supported
    assert found["passed"]["value"] == 1
    assert found["unchecked"] > 0  # numbers and names that the words do not hold
    assert len(sent(server)) < found["n"] / 10


def test_a_model_is_checked_on_claims_of_ones_own(run, server, tmp_path):
    claims = [
        {
            "id": str(number),
            "claim": f"Owls {number}.",
            "passages": ["Owls", f"Here are {number} owls."],
            "label": label,
            "kind": "k",
        }
        for number, label in enumerate(["supported", "contradicted", "not mentioned", "supported"])
    ]
    (tmp_path / "claims.jsonl").write_text("\n".join(map(json.dumps, claims)))
    command = ("eval", "--check-judge", tmp_path / "claims.jsonl", "--judge", "llm")
    code, out, _ = run(*command, "--json")
    found = json.loads(out)
    assert (code, found["accuracy"]["value"], found["kappa"]["value"]) == (0, 0.5, 0)
    code, out, _ = run(*command)
    assert "accuracy, 3 classes" in out
    assert re.search(r"^false alarms.* 0\.000 +0\.000 to 0\.842 +2$", out, re.MULTILINE)
    assert re.search(r"^passed.* 1\.000 +0\.158 to 1\.000 +2$", out, re.MULTILINE)
    play(server, served.answer("Who knows?"))
    (tmp_path / "data" / "askpapers" / "verdicts.sqlite").unlink()
    code, out, err = run(*command)
    assert code == 1
    assert "4 of 4 verdicts are errors" in err


@pytest.mark.parametrize("given", [("test",), ("--out", "out"), ("--require", "hit@5>1")])
def test_what_a_check_of_the_judge_does_not_read_is_refused(run, given):
    code, out, err = run("eval", *given, "--check-judge")
    assert (code, out) == (2, "")
    assert "leave" in err


def test_claims_that_cannot_be_read_are_one_line(run, tmp_path):
    (tmp_path / "claims.jsonl").write_text('{"id": "one", "claim": "Owls.", "passages": []}')
    code, out, err = run("eval", "--check-judge", tmp_path / "claims.jsonl", "--judge", "llm")
    assert (code, out) == (1, "")
    assert "claims.jsonl:1" in err


def test_a_second_judge_whose_key_is_refused_is_one_line_too(command, run, server, tmp_path):
    assert run(*command, "--judge", "llm")[0] == 0
    play(server, served.error(401, "invalid_api_key"))
    code, out, err = run(*command, "--judge", "llamaindex")
    assert (code, out) == (1, "")
    assert "key" in err.splitlines()[-1]
    assert "judge" not in json.loads((tmp_path / "out" / "summary.json").read_text())

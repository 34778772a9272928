"""Run folders: every row at once on disk, nothing lost or doubled however a run ends."""

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from eval.cases import Case, CaseTurn
from eval.errors import CaseError, RunError
from eval.folder import RunFolder, read_rows, read_run
from eval.record import differences
from eval.rows import Expected, Row
from eval.runner import evaluate
from eval.selection import Questions, Selection
from eval.systems import AssistantSystem
from rag import Assistant
from rag.errors import ModelFailedError
from rag.settings import Settings
from rag.types import Request

pytestmark = pytest.mark.usefixtures("without_charts")
QUESTIONS = ["What is bert2BERT?", "How much compute does bert2BERT save?", "Which papers study Dutch?"]


@pytest.fixture(scope="module")
def assistant(bundled):
    return Assistant(bundled, writer="extractive")


def case(name, *questions, **fields):
    return Case(id=name, turns=[CaseTurn(question=question, **fields) for question in questions])


CASES = [case("talk", *QUESTIONS[:2]), case("one", QUESTIONS[2], tags=("list",)), case("two", QUESTIONS[1])]


def lines(folder, name="results.jsonl"):
    return [json.loads(line) for line in (folder / name).read_text(encoding="utf-8").splitlines()]


class Breaking:
    """Our assistant, which breaks at its n-th question: as if the process were killed there."""

    def __init__(self, system, after):
        self.system, self.left = system, after

    def __getattr__(self, name):
        return getattr(self.system, name)

    def answer(self, turn, history):
        if self.left == 0:
            raise KeyboardInterrupt
        self.left -= 1
        return self.system.answer(turn, history)


@pytest.fixture
def breaking(assistant, monkeypatch):
    """Makes runs that break at their n-th question."""
    import eval.runner

    real = eval.runner.as_system

    def run(out, after):
        monkeypatch.setattr(
            eval.runner, "as_system", lambda *args, **options: Breaking(real(*args, **options), after)
        )
        with pytest.raises(KeyboardInterrupt):
            evaluate(assistant, CASES, out=out)
        monkeypatch.setattr(eval.runner, "as_system", real)

    return run


def without_times(line):
    answer = line["answer"] and {**line["answer"], "seconds": None}
    return {**line, "answer": answer, "scores": {**line["scores"], "seconds": None}}


@pytest.mark.parametrize("after", range(4))
def test_a_stopped_run_goes_on_and_ends_as_if_it_had_not_been_stopped(assistant, breaking, tmp_path, after):
    whole, stopped = tmp_path / "whole", tmp_path / "stopped"
    evaluate(assistant, CASES, out=whole)
    breaking(stopped, after)
    assert len(lines(stopped)) == after
    evaluate(assistant, CASES, out=stopped)
    assert [without_times(line) for line in lines(stopped)] == [
        without_times(line) for line in lines(whole)
    ]
    assert (stopped / "scores.jsonl").read_bytes() == (whole / "scores.jsonl").read_bytes()


def test_a_finished_run_is_not_asked_again_unless_fresh(assistant, tmp_path):
    evaluate(assistant, CASES, out=tmp_path)
    before = (tmp_path / "results.jsonl").read_bytes()
    evaluate(assistant, CASES, out=tmp_path)
    assert (tmp_path / "results.jsonl").read_bytes() == before
    evaluate(assistant, CASES, out=tmp_path, fresh=True)
    assert (tmp_path / "results.jsonl").read_bytes() != before  # the times


def test_a_fresh_run_leaves_nothing_of_the_one_before_it(assistant, tmp_path):
    evaluate(assistant, CASES, out=tmp_path)
    with RunFolder(tmp_path, {"format": 1, "seconds": 0.0}, fresh=True):
        assert {path.name for path in tmp_path.iterdir()} <= {".lock", "run.json", "results.jsonl"}
        assert (tmp_path / "results.jsonl").read_bytes() == b""


def test_a_model_of_another_server_is_another_writer(bundled):
    def record(url, writer="llm"):
        settings = Settings(api_key="sk-never-shown", base_url=url, model="default")
        return AssistantSystem(Assistant(bundled, settings=settings, writer=writer)).record

    here, there = record("http://me:secret@localhost:8080/v1"), record("http://localhost:11434/v1")
    assert differences({"system": here}, {"system": there}) == ["system"]
    assert record("http://localhost:8080/v1") == here
    assert "secret" not in json.dumps(here)
    assert "sk-never-shown" not in json.dumps(here)
    assert record("http://localhost:8080/v1", "extractive") == record(None, "extractive")


def test_a_line_that_was_cut_off_is_asked_again(assistant, tmp_path):
    evaluate(assistant, CASES, out=tmp_path)
    path = tmp_path / "results.jsonl"
    whole = path.read_bytes()
    path.write_bytes(whole[:-20])
    evaluate(assistant, CASES, out=tmp_path)
    assert [line["id"] for line in lines(tmp_path)] == ["talk", "talk", "one", "two"]


def test_a_line_may_be_cut_off_anywhere(tmp_path):
    record = {"format": 1, "seconds": 0.0}
    with RunFolder(tmp_path, record) as folder:
        folder.append(Row("one", 1, "Où?"))
        folder.append(Row("two", 1, "“é…”"))
    whole = (tmp_path / "results.jsonl").read_bytes()
    for end in range(whole.index(b"\n") + 1, len(whole)):
        (tmp_path / "results.jsonl").write_bytes(whole[:end])
        with RunFolder(tmp_path, record) as folder:
            assert list(folder.rows) == [("one", 1)]


def test_a_full_disk_is_one_line_and_the_run_goes_on_when_there_is_room(tmp_path):
    written = """
import resource, sys
from pathlib import Path
from eval.errors import RunError
from eval.folder import RunFolder
from eval.rows import Row
resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))
try:
    with RunFolder(Path(sys.argv[1]), {"format": 1, "seconds": 0.0}) as folder:
        for number in range(99):
            folder.append(Row(str(number), 1, "é" * 500))
except RunError as error:
    print(error)
"""
    command = [sys.executable, "-c", written, tmp_path]
    done = subprocess.run(
        command, capture_output=True, check=True, text=True, cwd=Path(__file__).parents[1]
    )
    assert done.stdout.count("\n") == 1
    assert "cannot be written" in done.stdout
    whole = whole_lines(tmp_path / "results.jsonl")
    assert 5 < len(whole) < 99
    with RunFolder(tmp_path, {"format": 1, "seconds": 0.0}) as folder:
        assert len(folder.rows) == len(whole)


@pytest.mark.parametrize(
    ("change", "names"),
    [
        ({"request": Request(words=20)}, "system"),
        ({"questions": CASES[:2]}, "questions"),
        ({"selection": Selection(tags=("list",))}, "tags"),
        ({"selection": Selection(sample=1)}, "sample"),
    ],
)
def test_another_run_is_not_overwritten_unless_told(assistant, tmp_path, change, names):
    evaluate(assistant, CASES, out=tmp_path)
    before = (tmp_path / "results.jsonl").read_bytes()
    options = {"questions": CASES, **change}
    with pytest.raises(RunError, match=rf"not the same: {names}.*--fresh"):
        evaluate(assistant, **options, out=tmp_path)
    assert (tmp_path / "results.jsonl").read_bytes() == before
    evaluate(assistant, **options, out=tmp_path, fresh=True)
    assert (tmp_path / "results.jsonl").read_bytes() != before


def test_two_processes_do_not_write_one_run(assistant, tmp_path):
    record = {"format": 1, "seconds": 0.0}
    with RunFolder(tmp_path, record), pytest.raises(RunError, match="another process"):
        RunFolder(tmp_path, record)
    with RunFolder(tmp_path, record):
        pass


def test_what_failed_is_asked_again_with_the_turns_behind_it(tmp_path):
    record = {"format": 1, "seconds": 0.0}
    kept = [Row("a", 1, "?"), Row("b", 1, "?"), Row("c", 2, "?")]
    dropped = [Row("a", 2, "?", error="overloaded"), Row("a", 3, "?"), Row("d", 1, "?", error="overloaded")]
    with RunFolder(tmp_path, record) as folder:
        for row in [*kept, *dropped, Row("c", 1, "?")]:
            folder.append(row)
    with RunFolder(tmp_path, record) as folder:
        assert set(folder.rows) == {("a", 1), ("b", 1), ("c", 1), ("c", 2)}


def test_a_run_is_read_as_it_was_written(assistant, tmp_path):
    run = evaluate(assistant, CASES, out=tmp_path)
    read = read_run(tmp_path)
    assert read.record == json.loads(json.dumps(run.record))
    assert [json.loads(json.dumps(row.to_dict())) for row in read.rows] == [
        json.loads(json.dumps(row.to_dict())) for row in run.rows
    ]
    assert read.summary() == run.summary()
    assert read.record["finished"]
    assert read.record["questions"][0]["sha256"]
    assert read.record["system"]["library"]["papers"] == 333
    assert len(read.record["system"]["library"]["sha256"]) == 64


def test_a_run_has_the_name_of_its_folder(assistant, tmp_path, monkeypatch):
    (tmp_path / "one").mkdir()
    monkeypatch.chdir(tmp_path / "one")
    assert evaluate(assistant, CASES[2:], out=".").name == "one"


def test_half_a_character_does_not_break_a_line(tmp_path):
    row = Row("\ud800", 1, "\u2028?", expected=Expected(reference="\udfff"))
    with RunFolder(tmp_path, {"format": 1, "seconds": 0.0}) as folder:
        folder.append(row)
    assert read_run(tmp_path).rows == [row]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("run.json", "{"),
        ("run.json", "[]"),
        ("run.json", '{"format": 99}'),
    ],
)
def test_a_damaged_record_says_what_to_do(assistant, tmp_path, name, text):
    evaluate(assistant, CASES, out=tmp_path)
    (tmp_path / name).write_text(text)
    with pytest.raises(RunError, match="--fresh"):
        read_run(tmp_path)
    with pytest.raises(RunError, match="--fresh"):
        evaluate(assistant, CASES, out=tmp_path)
    assert len(evaluate(assistant, CASES, out=tmp_path, fresh=True).rows) == 4


@pytest.mark.parametrize(
    "damaged",
    [
        "{}",
        "somebody's",
        json.dumps(Row("one", 1, "?").to_dict() | {"scores": []}),
        json.dumps(Row("one", 1, "?").to_dict() | {"turn": "1"}),
    ],
)
def test_a_damaged_line_is_named_and_asked_again(assistant, tmp_path, damaged):
    whole = evaluate(assistant, CASES, out=tmp_path)
    path = tmp_path / "results.jsonl"
    lines = path.read_text(encoding="utf-8").splitlines()
    path.write_text("\n".join([*lines[:2], damaged, lines[3], ""]), encoding="utf-8")
    with pytest.raises(RunError, match=r"results.jsonl:3 .*`askpapers eval`"):
        read_run(tmp_path)
    again = evaluate(assistant, CASES, out=tmp_path)
    assert [row.place for row in again.rows] == [row.place for row in whole.rows]
    assert path.read_text(encoding="utf-8").splitlines()[3] == lines[3]


def test_results_without_a_record_are_not_overwritten_unless_told(assistant, tmp_path):
    (tmp_path / "results.jsonl").write_text("somebody's\n")
    with pytest.raises(RunError, match="--fresh"):
        evaluate(assistant, CASES, out=tmp_path)
    assert (tmp_path / "results.jsonl").read_text() == "somebody's\n"
    assert len(evaluate(assistant, CASES, out=tmp_path, fresh=True).rows) == 4


def test_where_no_run_is_and_where_none_can_be(tmp_path):
    with pytest.raises(RunError, match="holds no run"):
        read_run(tmp_path)
    (tmp_path / "file").write_text("")
    with pytest.raises(RunError, match="--out"):
        RunFolder(tmp_path / "file", {"format": 1, "seconds": 0.0})
    assert read_rows(tmp_path / "file") == []
    with pytest.raises(RunError, match="holds no run"):
        read_run(tmp_path / "file")


@pytest.mark.slow
def test_a_killed_run_goes_on_with_nothing_lost_or_doubled(bundled, tmp_path, run):
    out = tmp_path / "run"
    command = ["eval", "test", "--sample", "8", "--out", out, "--json"]
    command += ["--library", bundled.folder, "--workers", "2"]
    program = [sys.executable, "-m", "ui.cli", *command]
    with subprocess.Popen(program, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        results = out / "results.jsonl"
        while not (results.exists() and results.read_bytes().count(b"\n") >= 2):
            assert process.poll() is None
            time.sleep(0.02)
        os.kill(process.pid, signal.SIGKILL)
    before = {(line["id"], line["turn"]): line for line in map(json.loads, whole_lines(results))}
    assert run(*command)[0] == 0
    after = {(line["id"], line["turn"]): line for line in lines(out)}
    assert len(lines(out)) == len(after)
    assert before.items() <= after.items()
    asked = Selection(sample=8).of(Questions.read("test").cases)
    assert list(after) == [(case.id, turn) for case in asked for turn in range(1, len(case.turns) + 1)]


def whole_lines(path: Path) -> list[bytes]:
    return [line for line in path.read_bytes().splitlines(keepends=True) if line.endswith(b"\n")]


def test_cases_are_chosen_by_tag_and_at_random():
    cases = [
        case(f"c{number}", "?", tags=("even",) if number % 2 == 0 else ("odd",)) for number in range(40)
    ]
    even = Selection(tags=("even",)).of(cases)
    assert [each.id for each in even] == [f"c{number}" for number in range(0, 40, 2)]
    few = Selection(sample=7, seed=1).of(cases)
    assert len({each.id for each in few}) == 7
    assert few == [each for each in cases if each in few]
    assert few == Selection(sample=7, seed=1).of(cases) != Selection(sample=7, seed=2).of(cases)
    assert Selection(sample=99).of(cases) == cases
    with pytest.raises(CaseError, match="even, odd"):
        Selection(tags=("prime",)).of(cases)
    with pytest.raises(CaseError, match="one question or more"):
        Selection(sample=0).of(cases)


def test_a_model_that_fails_leaves_the_others_their_answers(assistant, tmp_path, monkeypatch):
    import eval.runner

    real = eval.runner.as_system

    class Failing(Breaking):
        def answer(self, turn, history):
            if turn.question == QUESTIONS[2]:
                raise ModelFailedError("overloaded: ask again")
            return self.system.answer(turn, history)

    monkeypatch.setattr(eval.runner, "as_system", lambda *a, **o: Failing(real(*a, **o), 0))
    run = evaluate(assistant, CASES, out=tmp_path)
    assert [row.error for row in run.rows] == [None, None, "overloaded: ask again", None]
    monkeypatch.setattr(eval.runner, "as_system", real)
    assert [row.error for row in evaluate(assistant, CASES, out=tmp_path).rows] == [None] * 4


def test_rows_survive_their_json(assistant):
    for row in evaluate(assistant, CASES).rows:
        told = json.loads(json.dumps(row.to_dict()))
        assert json.loads(json.dumps(Row.from_dict(told).to_dict())) == told
        assert replace(row, judged={}) == row

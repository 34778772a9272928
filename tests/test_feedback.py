"""Likes and dislikes: kept as cases that an evaluation reads, whatever else happens to the file."""

import json
import subprocess
import sys
import threading
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from answers import an_answer
from hypothesis import given
from hypothesis import strategies as st

from eval.cases import read_cases
from eval.runner import evaluate
from rag import Assistant
from rag.conversation import Conversation
from rag.errors import AskpapersError
from rag.types import Citation, Filters, Markers
from ui.cli import main
from ui.web.feedback import LONGEST_TEXT, MOST_RATINGS, MOST_TURNS, Feedback, FeedbackError, Rating

ROOT = Path(__file__).parents[1]
NOW = datetime(2026, 7, 1, 9, 30, tzinfo=UTC)
CITED = tuple(
    Citation(number, paper_id, "Of Owls", "2021", None, "Owls sleep.", 0, 11)
    for number, paper_id in enumerate(["2101.00001", "2101.00002", "2101.00001"], start=1)
)
ANSWER = an_answer(
    question="Do owls sleep?",
    text="They do [1, 2]. By day [3].",
    citations=CITED,
    markers=Markers(3),
    seconds={"total": 0.1},
)
REFUSED = replace(
    ANSWER, status="refused", text="Not in the papers.", citations=CITED[:1], reason="no owls"
)


def rating(id_="one", answer=ANSWER, *before, liked=True, **others) -> Rating:
    turns = [(asked, ANSWER) for asked in before]
    return Rating(id_, (*turns, (answer.question, answer)), liked, **others)


@pytest.fixture
def feedback(tmp_path) -> Feedback:
    return Feedback(tmp_path / "new" / "folder" / "feedback.jsonl")


def lines(feedback):
    return [json.loads(line) for line in feedback.path.read_text(encoding="utf-8").split("\n")[:-1]]


def read(feedback):
    return read_cases([str(feedback.path)])


# What a rating says


def test_a_liked_answer_is_what_is_expected():
    assert rating(reason=" to the point\n").to_case(NOW) == {
        "id": "one",
        "question": "Do owls sleep?",
        "answerable": True,
        "papers": ["2101.00001", "2101.00002"],
        "reference": "They do. By day.",
        "tags": ["feedback", "liked"],
        "feedback": {
            "reason": "to the point",
            "answer": "They do [1, 2]. By day [3].",
            "writer": "extractive",
            "when": "2026-07-01T09:30:00+00:00",
        },
    }


def test_of_a_liked_refusal_only_that_it_refuses():
    case = rating(answer=REFUSED).to_case(NOW)
    assert {name for name in case if name not in ("id", "question", "tags", "feedback")} == {"answerable"}
    assert case["answerable"] is False


@pytest.mark.parametrize("answer", [ANSWER, REFUSED])
def test_what_is_disliked_asserts_nothing(answer):
    case = rating(answer=answer, liked=False, reason=" ").to_case(NOW)
    assert case.keys() == {"id", "question", "tags", "feedback"}
    assert (case["tags"], case["feedback"]["reason"]) == (["feedback", "disliked"], None)
    assert case["feedback"]["answer"] == answer.text


def test_of_a_conversation_the_last_turn_is_judged(feedback):
    feedback.save(rating("talk", ANSWER, "What of owls?", "And of bees?", filters=Filters(2019, None)))
    (case,) = read(feedback)
    *before, last = case.turns
    assert [turn.question for turn in case.turns] == ["What of owls?", "And of bees?", "Do owls sleep?"]
    assert all((turn.tags, turn.papers, turn.reference) == (("feedback",), (), None) for turn in before)
    assert (last.tags, last.reference) == (("feedback", "liked"), "They do. By day.")
    assert [turn.filters.as_filters() for turn in case.turns] == [Filters(), Filters(), Filters(2019)]
    assert lines(feedback)[0]["feedback"]["writer"] == "extractive"


def test_the_years_that_were_set_are_applied_and_no_other_filter_is(feedback):
    feedback.save(rating(filters=Filters(2019, 2021, min_authors=2)))
    feedback.save(rating("two", filters=Filters(min_authors=2)))
    assert [case.turns[0].filters.as_filters() for case in read(feedback)] == [
        Filters(2019, 2021),
        Filters(),
    ]


texts = st.text(st.characters() | st.sampled_from("\ud800\r\n\t\x00\u202e\u2028\x85\ufeff"))


@given(texts, texts, texts, st.booleans(), st.booleans())
def test_whatever_is_said_the_file_stays_one_that_eval_reads(
    tmp_path_factory, question, text, reason, liked, is_followup
):
    feedback = Feedback(tmp_path_factory.mktemp("feedback") / "feedback.jsonl")
    answer = replace(ANSWER, question=question, text=text)
    before = [question] if is_followup else []
    feedback.save(rating("one", answer, *before, liked=liked, reason=reason))
    feedback.save(rating("two"))
    one, two = read(feedback)
    assert (one.id, two.id, one.unread) == ("one", "two", set())
    assert one.turns[-1].tags == ("feedback", "liked" if liked else "disliked")
    assert len(lines(feedback)) == 2


def test_texts_and_conversations_have_a_bound(feedback):
    long = replace(ANSWER, question="q" * 10**5, text="t" * 10**5)
    feedback.save(rating("one", long, *["Who?"] * 100, reason="r" * 10**5))
    (case,) = lines(feedback)
    said = [case["turns"][-1]["question"], case["turns"][-1]["reference"]]
    said += [case["feedback"]["answer"], case["feedback"]["reason"]]
    assert [len(text) for text in said] == [LONGEST_TEXT] * 4
    assert len(case["turns"]) == MOST_TURNS


@pytest.mark.parametrize(
    ("id_", "turns"), [("", (("Who?", ANSWER),)), (" \x00", (("Who?", ANSWER),)), ("a", ())]
)
def test_a_verdict_is_on_something(id_, turns):
    with pytest.raises(ValueError, match="id"):
        Rating(id_, turns, is_liked=True)


# The file


def test_a_verdict_takes_the_place_of_the_former_one_and_can_be_withdrawn(feedback):
    for id_ in ("one", "two", " one\n"):
        feedback.save(rating(id_, liked=id_ != " one\n"))
    assert [(case["id"], case["tags"][1]) for case in lines(feedback)] == [
        ("two", "liked"),
        ("one", "disliked"),
    ]
    feedback.withdraw("one")
    feedback.withdraw("three")
    assert [case["id"] for case in lines(feedback)] == ["two"]


def test_what_is_withdrawn_where_nothing_was_saved_makes_no_file(feedback):
    feedback.withdraw("one")
    assert not feedback.path.parent.exists()


def test_the_file_is_for_its_owner_alone_and_nothing_else_is_left(feedback):
    feedback.path.parent.mkdir(parents=True)
    feedback.path.touch(0o644)
    feedback.save(rating())
    left = {path.name: path.stat().st_mode & 0o777 for path in feedback.path.parent.iterdir()}
    assert left.pop("feedback.jsonl") == 0o600
    assert left.keys() <= {"feedback.jsonl.lock"}


def test_a_link_to_the_file_stays_one(feedback, tmp_path):
    feedback.save(rating())
    (tmp_path / "link.jsonl").symlink_to(feedback.path)
    Feedback(tmp_path / "link.jsonl").save(rating("two"))
    assert (tmp_path / "link.jsonl").is_symlink()
    assert [case["id"] for case in lines(feedback)] == ["one", "two"]


ODD = [b'{"id": "cut off', b"\xff\xfe\x00", b"[" * 10_000, b"[1]", b"", b'"one"', b"9" * 5000, b"{}\r"]


def test_lines_that_cannot_be_read_stay_and_lose_no_others(feedback):
    feedback.save(rating())
    kept = feedback.path.read_bytes()
    feedback.path.write_bytes(b"\n".join([*ODD, kept + ODD[0]]))  # the last one without its end
    feedback.save(rating("two"))
    feedback.withdraw("one")
    *odd, two = feedback.path.read_bytes().removesuffix(b"\n").split(b"\n")
    assert odd == [*ODD, ODD[0]]
    assert json.loads(two)["id"] == "two"


def test_the_oldest_verdicts_go_first_and_cases_written_by_hand_stay(feedback):
    feedback.save(rating("first"))
    line = feedback.path.read_text()
    many = [line.replace("first", str(number)) for number in range(MOST_RATINGS)]
    by_hand = '{"id": "mine", "question": "Why?"}\n'
    feedback.path.write_text("".join([by_hand, *many]))
    feedback.save(rating("0", liked=False))  # in place of the oldest: nothing goes
    assert len(lines(feedback)) == MOST_RATINGS + 1
    feedback.save(rating("last"))
    ids = [case["id"] for case in lines(feedback)]
    assert (len(ids), ids[:2], ids[-2:]) == (MOST_RATINGS + 1, ["mine", "2"], ["0", "last"])


@pytest.mark.slow
def test_threads_and_processes_at_once_lose_nothing(feedback):
    program = """
import sys
from pathlib import Path
sys.path.insert(0, "tests")
from test_feedback import ANSWER, Feedback, Rating
for number in range(12):
    Feedback(Path(sys.argv[1])).save(Rating(f"{sys.argv[2]} {number}", (("Who?", ANSWER),), True))
    Feedback(Path(sys.argv[1])).save(Rating("same", (("Who?", ANSWER),), False))
"""
    command = [sys.executable, "-c", program, str(feedback.path)]
    processes = [subprocess.Popen([*command, name], cwd=ROOT) for name in ("a", "b")]
    threads = [threading.Thread(target=save_many, args=(feedback, name)) for name in ("c", "d", "e")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [process.wait() for process in processes] == [0, 0]
    expected = {f"{name} {number}" for name in "abcde" for number in range(12)} | {"same"}
    ids = [case["id"] for case in lines(feedback)]
    assert (set(ids), len(ids)) == (expected, len(expected))


def save_many(feedback, name):
    for number in range(12):
        feedback.save(rating(f"{name} {number}"))


def test_who_reads_meanwhile_meets_whole_files(feedback):
    feedback.save(rating())
    saving = threading.Thread(target=save_many, args=(feedback, "more"))
    saving.start()
    counts = []
    while saving.is_alive():
        counts.append(len(lines(feedback)))
    assert counts == sorted(counts)


@pytest.mark.slow
def test_a_full_disk_is_one_line_and_nothing_is_lost(feedback):
    feedback.save(rating())
    before = feedback.path.read_bytes()
    program = """
import resource, sys
from pathlib import Path
sys.path.insert(0, "tests")
from test_feedback import ANSWER, Feedback, FeedbackError, Rating
resource.setrlimit(resource.RLIMIT_FSIZE, (200, 200))
try:
    Feedback(Path(sys.argv[1])).save(Rating("two", (("Who?", ANSWER),), True))
except FeedbackError as error:
    print(error)
"""
    command = [sys.executable, "-c", program, str(feedback.path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.count("\n") == 1
    assert "cannot be written" in done.stdout
    assert "make room" in done.stdout
    assert feedback.path.read_bytes() == before
    assert not feedback.path.with_name("feedback.jsonl.new").exists()


@pytest.mark.parametrize("place", ["a file/feedback.jsonl", "a folder"])
def test_a_place_that_cannot_be_written_is_one_line(tmp_path, place):
    (tmp_path / "a file").touch()
    (tmp_path / "a folder").mkdir()
    feedback = Feedback(tmp_path / place)
    with pytest.raises(FeedbackError, match=r"cannot be written .*: make room") as error:
        feedback.save(rating())
    assert isinstance(error.value, AskpapersError)
    assert "\n" not in str(error.value)


# Evaluated


@pytest.fixture(scope="module")
def judged(bundled, tmp_path_factory) -> Path:
    """Verdicts on real answers of the bundled library, good and bad."""
    feedback = Feedback(tmp_path_factory.mktemp("judged") / "feedback.jsonl")
    talk = Conversation(Assistant(bundled, writer="extractive"))
    first = talk.ask("How much compute does bert2BERT save?")
    later = talk.ask("Which models was it tried on?")
    refused = Assistant(bundled, writer="extractive").ask("Who won the football world cup in 1974?")
    assert [first.status, refused.status] == ["answered", "refused"]
    feedback.save(Rating("single", ((first.question, first),), True, "short", Filters(2015, None)))
    feedback.save(Rating("talk", ((first.question, first), (later.question, later)), True))
    feedback.save(Rating("refusal", ((refused.question, refused),), True))
    feedback.save(Rating("bad", ((first.question, first),), False, "too short"))
    return feedback.path


def test_an_evaluation_of_what_was_liked_finds_it_again(bundled, judged):
    run = evaluate(Assistant(bundled, writer="extractive"), judged)
    rows = {(row.case_id, row.turn): row for row in run.rows}
    assert len(rows) == 5
    assert not any(row.error for row in run.rows)
    value = {
        place: {name: outcome.value for name, outcome in row.outcomes.items()}
        for place, row in rows.items()
    }
    assert value["single", 1]["hit@5"] == 1
    assert value["refusal", 1]["abstention_recall"] == 1
    for place in (("bad", 1), ("talk", 1)):
        assert value[place]["hit@5"] is None
    assert value["talk", 2]["hit@5"] == 1


def test_the_command_reads_the_file_and_knows_every_field(bundled, judged, tmp_path, capsys):
    arguments = ["eval", judged, "--tag", "liked", "--out", tmp_path / "out", "--library", bundled.folder]
    assert main([*map(str, arguments), "--json"]) == 0
    printed, said = capsys.readouterr()
    assert json.loads(printed)["n"] == 4
    assert "not read" not in said
    assert "Not in this library" not in said

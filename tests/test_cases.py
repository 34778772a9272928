"""Question files: what is read from them, and the one line that says what is wrong with them."""

import json

import pytest

from eval.cases import BUNDLED, Case, CaseTurn, bundled_sets, read_cases
from eval.errors import CaseError
from eval.selection import Questions

PLAIN = {"id": "one", "question": "How much does it save?"}
WHOLE = PLAIN | {
    "papers": ["bert2BERT", "2110.07143"],
    "ignore": ["Another"],
    "facts": [["45%", "45 percent"], ["GPT"]],
    "answerable": False,
    "filters": {"from_year": 2019},
    "expected_filters": {"from_year": None, "to_year": 2021},
    "reference": "About 45%.",
    "evidence": [{"paper": "bert2BERT", "page": 7, "quote": "saves 45%"}, {"paper": "2110.07143"}],
    "tags": ["single", "name"],
}
TALK = {
    "id": "two",
    "turns": [{"question": "Who?", "tags": ["first"]}, {"question": "And why?", "tags": ["later"]}],
    "tags": ["followup"],
}


@pytest.fixture
def write(tmp_path):
    """Write cases, or a text as it stands, to a file; its path."""

    def write(*cases, name="cases.jsonl"):
        lines = [case if isinstance(case, str) else json.dumps(case) for case in cases]
        (tmp_path / name).write_text("\n".join(lines), encoding="utf-8")
        return str(tmp_path / name)

    return write


def test_every_field_is_read(write):
    (case,) = read_cases([write(WHOLE)])
    (turn,) = case.turns
    assert (case.id, turn.question, turn.reference) == ("one", "How much does it save?", "About 45%.")
    assert (turn.papers, turn.ignore) == (("bert2BERT", "2110.07143"), ("Another",))
    assert turn.facts == (("45%", "45 percent"), ("GPT",))
    assert not turn.answerable
    assert turn.filters.as_filters().from_year == 2019
    assert turn.expected_filters is not None
    assert turn.expected_filters.as_filters().to_year == 2021
    assert [(place.paper, place.page, place.quote) for place in turn.evidence] == [
        ("bert2BERT", 7, "saves 45%"),
        ("2110.07143", None, None),
    ]
    assert (turn.tags, case.unread) == (("single", "name"), set())


def test_what_is_absent_has_its_default_and_null_is_absent(write):
    nulls = dict.fromkeys(set(WHOLE) - set(PLAIN))
    plain, null = read_cases([write(PLAIN, PLAIN | nulls | {"id": "two", "turns": None})])
    assert plain.turns == null.turns
    assert plain.turns[0].answerable
    assert plain.turns[0].expected_filters is None


def test_the_turns_of_a_conversation_have_its_tags(write):
    (case,) = read_cases([write(TALK)])
    assert [turn.tags for turn in case.turns] == [("followup", "first"), ("followup", "later")]


def test_yaml_says_the_same(write):
    yaml = "- id: one\n  question: How much does it save?\n- id: two\n  question: Why?\n"
    cases = read_cases([write(yaml, name="cases.yaml")])
    assert cases[0] == read_cases([write(PLAIN)])[0]
    assert cases[1].id == "two"


def test_folders_and_bundled_sets_are_read(write, tmp_path):
    write(PLAIN, name="b.jsonl")
    write(TALK, name="a.jsonl")
    assert [case.id for case in read_cases([str(tmp_path)])] == ["two", "one"]
    assert {"dev", "test", "calibration", "biomedicine-dev"} < set(bundled_sets())
    assert read_cases(bundled_sets())  # no id belongs to two
    assert read_cases(["dev"]) == read_cases([str(BUNDLED / "dev.jsonl")])


def test_fields_that_mean_nothing_are_told(write):
    (case,) = read_cases([write(TALK | {"author": "me", "turns": [{"question": "Who?", "fact": []}]})])
    assert case.unread == {"author", "fact"}


def test_what_the_page_keeps_beside_a_case_is_passed_over(write):
    kept = {"feedback": {"reason": "good"}}
    plain, talk = read_cases([write(PLAIN | kept, TALK | kept)])
    assert (plain.unread, talk.unread) == (set(), set())


@pytest.mark.parametrize(
    ("record", "says"),
    [
        ("{", "no JSON"),
        ("[" * 100_000, "no JSON"),
        ([], "the case"),
        ({"question": "Who?"}, "id"),
        ({"id": "one"}, "question"),
        (PLAIN | {"question": "  "}, "question"),
        (PLAIN | {"id": 7}, "id"),
        (PLAIN | {"papers": "bert2BERT"}, "papers"),
        (PLAIN | {"facts": ["45%"]}, "facts.0"),
        (PLAIN | {"facts": [[]]}, "facts.0"),
        (PLAIN | {"answerable": "no"}, "answerable"),
        (PLAIN | {"filters": {"from_year": "2019"}}, "filters.from_year"),
        (PLAIN | {"expected_filters": {"since": 2019}}, "expected_filters.since"),
        (PLAIN | {"evidence": [{"page": 1}]}, "evidence.0.paper"),
        (PLAIN | {"evidence": [{"paper": "bert2BERT", "page": 0}]}, "evidence.0.page"),
        (PLAIN | {"tags": [1]}, "tags.0"),
        (TALK | {"turns": []}, "turns"),
        (TALK | {"turns": [{"papers": []}]}, "turns.0.question"),
    ],
)
def test_a_case_that_is_none_is_named_with_its_line(write, record, says):
    with pytest.raises(CaseError) as error:
        read_cases([write(WHOLE | {"id": "zero"}, record)])
    assert "cases.jsonl:2: " in str(error.value)
    assert says in str(error.value)
    assert "\n" not in str(error.value)


def test_an_id_belongs_to_one_case(write):
    with pytest.raises(CaseError, match=r"b.jsonl:1: `one` is the id of .*a.jsonl:1"):
        read_cases([write(PLAIN, name="a.jsonl"), write(PLAIN, name="b.jsonl")])
    one = Case(id="one", turns=[CaseTurn(question="?")])
    for others in ([one], [write(PLAIN, name="a.jsonl")]):
        with pytest.raises(CaseError, match="`one` is the id of 2 cases"):
            Questions.read([one, *others])


def test_a_name_that_no_file_can_have_is_no_question_file():
    with pytest.raises(CaseError, match="name a question file"):
        read_cases(["What is known of owls? " * 20])


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("cases.yaml", "- id: [", "no YAML"),
        ("cases.txt", "{}", "no question file"),
        ("empty.jsonl", "\n", "no question"),
        ("empty.yaml", "", "the case"),
    ],
)
def test_a_file_without_cases_says_what_to_do(write, name, content, says):
    with pytest.raises(CaseError, match=says):
        read_cases([write(content, name=name)])


def test_a_file_that_is_not_there_or_no_text_says_what_to_do(tmp_path):
    (tmp_path / "bytes.jsonl").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(CaseError, match="calibration, dev"):
        read_cases([str(tmp_path / "nowhere.jsonl")])
    with pytest.raises(CaseError, match="UTF-8"):
        read_cases([str(tmp_path / "bytes.jsonl")])
    with pytest.raises(CaseError, match="holds no question file"):
        (tmp_path / "empty").mkdir()
        read_cases([str(tmp_path / "empty")])

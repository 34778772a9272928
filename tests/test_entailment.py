"""The judge with an entailment model: a small graph and tokenizer, made here, run whole."""

import json
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from entailment_files import write_model
from hypothesis import given
from hypothesis import strategies as st

from rag import ModelError, ModelMissingError, Paper
from rag.assistant import Assistant
from rag.checking import Quote, Statement
from rag.checking.by_entailment import EntailmentJudge, evidence_for
from rag.checking.trial import try_judge
from rag.checking.trial.claims import all_claims
from rag.citations import cite
from rag.model.judges import ENTAILMENT, add_judge
from rag.parts import Sentence
from rag.settings import Settings
from rag.types import Hit, Passage

OWLS = Paper(
    "Owls at Night",
    "  Owls hunt mice by ear alone. They sleep in barns through the day. Their feathers muffle 90% of the "
    "noise. Old trees are rare here. Barns with cats hold no owls.",
    "2020",
)
BEES = Paper("Bees in Town", "Bees dance in the hive. Town bees fly 2 km to lime trees in June.")
QUESTIONS = (
    "By ear owls hunt the mice.",
    "By ear owls hunt not the mice.",
    "Whales sing at dawn.",
    "By ear alone owls hunt mice, and in barns they sleep through the day.",
    "Owls hunt mice by ear, and bees dance in the hive.",
    "Their feathers muffle 95% of the noise.",
)


class NotAsked:
    """Finds no nearest words, as the judge shows its own."""

    def nearest(self, text: str, paper: Paper) -> Quote:
        raise AssertionError(text)


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    texts = [OWLS.abstract, BEES.abstract, *QUESTIONS]
    return write_model(tmp_path_factory.mktemp("models") / "small", texts)


@pytest.fixture(scope="module")
def judge(files: Path) -> EntailmentJudge:
    return EntailmentJudge("small", files)


def verdict_of(judge: EntailmentJudge, text: str, *papers: Paper):
    usage: dict[str, float] = {}
    (verdict,) = judge.judge([Statement(text, papers or (OWLS,))], usage)
    assert usage == {}
    for quote in verdict.quotes:
        start, end = quote.span
        assert quote.text == quote.paper.abstract[start:end] == quote.text.strip() != ""
    return verdict


def test_what_a_sentence_entails_is_supported_with_that_sentence(judge):
    verdict = verdict_of(judge, "By ear owls hunt the mice.")
    assert verdict.check == "supported" and 0.5 <= verdict.support <= 1
    assert "Owls hunt mice by ear alone." in verdict.quotes[0].text
    assert judge.name == "entailment:small"


def test_the_contrary_is_contradicted(judge):
    verdict = verdict_of(judge, "By ear owls hunt not the mice.")
    assert verdict.check == "contradicted" and verdict.support < 0.5
    assert "Owls hunt mice" in verdict.quotes[0].text


def test_what_nothing_entails_is_not_found(judge):
    verdict = verdict_of(judge, "Whales sing at dawn.")
    assert (verdict.check, verdict.quotes) == ("not found", ()) and verdict.support < 0.5
    assert verdict_of(judge, "Owls hunt.", Paper("Empty", "")).check == "not found"


def test_a_papers_own_words_need_no_model(tmp_path):
    judge = EntailmentJudge("none", tmp_path)
    assert verdict_of(judge, "They sleep in barns through the day.").check == "verbatim"
    assert judge.judge([], {}) == []


def test_neighbours_are_read_together(judge):
    text = "By ear alone owls hunt mice, and in barns they sleep through the day."
    verdict = verdict_of(judge, text)
    assert verdict.check == "supported"
    (quote,) = verdict.quotes
    assert quote.text.startswith("Owls hunt") and "through the day." in quote.text


def test_two_sentences_of_two_papers_are_read_together(judge):
    verdict = verdict_of(judge, "Owls hunt mice by ear, and bees dance in the hive.", OWLS, BEES)
    assert verdict.check == "supported"
    assert [quote.text for quote in verdict.quotes] == [
        "Owls hunt mice by ear alone.",
        "Bees dance in the hive.",
    ]


def test_numbers_must_stand_in_the_quotes(judge):
    verdict = verdict_of(judge, "Their feathers muffle 95% of the noise.")
    assert verdict.check == "unchecked" and verdict.lacks_words and verdict.support is None
    assert "95" in verdict.reason and verdict.quotes


def test_the_support_is_that_of_the_claim(judge):
    text = "By ear owls hunt the mice."
    sentence = Sentence(f"{text} \0001\000", text, (1,), verdict_of(judge, text))
    cited = cite([sentence], [Hit(OWLS, 1.0, Passage(OWLS.paper_id, 0, 10))], NotAsked())
    assert cited.claims[0].support == sentence.verdict.support > 0.5
    assert cited.citations[0].quote == sentence.verdict.quotes[0].text


@pytest.mark.parametrize(
    ("labels", "at"),
    [
        (("CONTRADICTION", "NEUTRAL", "ENTAILMENT"), "model.onnx"),
        (("neutral", "entailment", "contradiction"), "onnx/model.onnx"),
        (("not_entailment", "entailment"), "model.onnx"),
        (("contradiction", "entailment"), "model.onnx"),
        (("consistent",), "model.onnx"),
        (("LABEL_0",), "model.onnx"),
    ],
)
def test_labels_in_any_case_and_order(tmp_path, labels, at):
    judge = EntailmentJudge("other", write_model(tmp_path, [OWLS.abstract, *QUESTIONS], labels, at))
    assert verdict_of(judge, "By ear owls hunt the mice.").check == "supported"
    contrary = verdict_of(judge, "By ear owls hunt not the mice.").check
    assert contrary == ("contradicted" if "contradiction" in str(labels).lower() else "not found")


def test_a_sentence_that_is_too_long_for_the_model_is_unchecked(tmp_path):
    folder = write_model(tmp_path, [OWLS.abstract], max_position_embeddings=24)
    judge = EntailmentJudge("short", folder)
    assert verdict_of(judge, "Owls hunt mice by ear, day and night.").check == "supported"
    verdict = verdict_of(judge, "Owls hunt mice by ear and " + "sleep in barns " * 8)
    assert verdict.check == "unchecked" and "too long" in verdict.reason


@pytest.mark.parametrize("missing", ["model.onnx", "tokenizer.json", "config.json"])
def test_a_missing_file_is_named_with_the_next_step(tmp_path, missing):
    folder = write_model(tmp_path / "model", [OWLS.abstract])
    (folder / missing).unlink()
    with pytest.raises(ModelMissingError, match="`askpapers model judge gone`") as error:
        verdict_of(EntailmentJudge("gone", folder), "Owls hunt.")
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("damaged", ["model.onnx", "tokenizer.json", "config.json"])
def test_a_damaged_file_is_an_error_in_one_line(tmp_path, damaged):
    folder = write_model(tmp_path / "model", [OWLS.abstract])
    (folder / damaged).write_bytes(b"\x08damaged")
    with pytest.raises(ModelError, match="no entailment model") as error:
        verdict_of(EntailmentJudge("damaged", folder), "Owls hunt.")
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("names", [["LABEL_0", "LABEL_1", "LABEL_2"], ["positive", "negative"]])
def test_labels_without_entailment_are_an_error(tmp_path, names):
    folder = write_model(tmp_path, [OWLS.abstract])
    (folder / "config.json").write_text(json.dumps({"id2label": dict(enumerate(names))}))
    with pytest.raises(ModelError, match=names[0].lower()):
        verdict_of(EntailmentJudge("moods", folder), "Owls hunt.")


def test_labels_that_do_not_fit_the_graph_are_an_error(tmp_path):
    folder = write_model(tmp_path, [OWLS.abstract])
    (folder / "config.json").write_text(json.dumps({"id2label": {"0": "entailment", "1": "neutral"}}))
    with pytest.raises(ModelError, match="no entailment model"):
        verdict_of(EntailmentJudge("other", folder), "Owls hunt.")


def test_several_threads_load_the_model_once(files):
    judge = EntailmentJudge("small", files)
    start = threading.Barrier(4)

    def check(_: int) -> str:
        start.wait()
        return verdict_of(judge, "By ear owls hunt the mice.").check

    with ThreadPoolExecutor(4) as threads:
        assert set(threads.map(check, range(4))) == {"supported"}


@given(st.lists(st.text("ab .\n", max_size=60), min_size=1, max_size=3))
def test_evidence_stands_in_its_paper(abstracts):
    papers = tuple(Paper(f"Paper {place}", abstract) for place, abstract in enumerate(abstracts))
    for piece in evidence_for(Statement("a b", papers)):
        assert piece and all(quote.text.strip() == quote.text != "" for quote in piece)


def test_the_trial_of_an_entailment_model(tmp_path):
    texts = [
        text
        for claim in all_claims()
        for text in (claim.statement.text, claim.statement.papers[0].abstract)
    ]
    trial = try_judge(EntailmentJudge("words", write_model(tmp_path, texts)), "words", {})
    assert trial.judge == "entailment:words" and not trial.passes and trial.n < 60


def test_an_assistant_judges_with_the_files_that_are_registered_now(bundled, home, tmp_path):
    known = [claim.statement.papers[0].abstract for claim in all_claims()]
    folder = tmp_path / "owls"
    name = add_judge(write_model(folder, known)).name
    with Assistant(bundled, settings=Settings(judge_model=f"{ENTAILMENT}{name}")) as assistant:
        before = assistant.try_judge()
        add_judge(write_model(folder, known[:8]))  # words of the others look alike to it
        after = assistant.try_judge()
    assert (before.n, before.right, before.passed) != (after.n, after.right, after.passed)

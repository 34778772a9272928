"""The trial of a judge: its claims, what passes, when it ends, and the register of results."""

import hashlib
import json
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from itertools import product

import model_server as served
import pytest
from conftest import runs
from hypothesis import given
from hypothesis import strategies as st
from judge_replies import data_of, decided, sentences_in
from model_server import ModelServer

from eval.labelled import read_claims
from rag import ModelFailedError, NotWritableError
from rag.checking import ModelJudge, Quote
from rag.checking.agreement import cohen_kappa
from rag.checking.evidence import lacking, own_words
from rag.checking.trial import Trial, keep, trial_of, try_judge, why_unused
from rag.checking.trial.claims import all_claims, fingerprint
from rag.checking.trial.trying import PASS, can_pass
from rag.model.chat import ChatModel
from rag.settings import Settings
from rag.words import content_words

CLAIMS = all_claims()
LABELS = {claim.statement.text: claim.label for claim in CLAIMS}
NEGATIONS = {"no", "not", "never", "nobody", "nowhere", "without"}


# The claims


def text_of(claim) -> str:
    (paper,) = claim.statement.papers
    return paper.abstract


def test_sixty_claims_are_labelled_and_differ():
    assert Counter(LABELS.values()) == {
        "supported": 24,
        "contradicted": 14,
        "not found": 12,
        "partly": 10,
    }
    assert len(LABELS) == len(CLAIMS) == 60
    texts = {text_of(claim) for claim in CLAIMS}
    assert len(texts) == 20 and all(60 <= len(text.split()) <= 110 for text in texts)


@pytest.mark.slow
def test_the_claims_are_apart_from_those_of_evaluations():
    others = " . ".join(" ".join((claim.claim, *claim.passages)) for claim in read_claims()).lower()
    for claim in CLAIMS:
        (paper,) = claim.statement.papers
        assert paper.title.lower() not in others and claim.statement.text.lower() not in others
        assert not runs(f"{claim.statement.text} {paper.abstract}") & runs(others)


def test_supported_claims_are_in_other_words_and_hold_no_more_than_their_texts():
    for claim in CLAIMS:
        (paper,) = claim.statement.papers
        assert not own_words(claim.statement)
        if claim.is_true:
            assert lacking(claim.statement.text, [Quote(paper, (0, len(paper.abstract)))]) == []


@pytest.mark.parametrize(
    "score",
    [
        lambda words, text: len(words),
        lambda words, text: (
            len(set(content_words(" ".join(words))) & set(content_words(text))) / len(words)
        ),
        lambda words, text: sum(word[0].isdigit() for word in words),
        lambda words, text: len(NEGATIONS & set(words)),
    ],
    ids=["length", "common words", "numbers", "negations"],
)
def test_the_form_of_a_claim_does_not_show_its_label(score):
    scored = [
        (score(re.findall(r"[\w.%-]+", claim.statement.text.lower()), text_of(claim)), claim.is_true)
        for claim in CLAIMS
    ]
    for limit, sign in product({value for value, _ in scored}, (1, -1)):
        assert cohen_kappa((sign * value >= sign * limit, label) for value, label in scored) < PASS


# Trials


@pytest.fixture(scope="module")
def server() -> Iterator[ModelServer]:
    """A scripted model server, where no model has passed the trial of judges."""
    with served.running() as server:
        yield server


@contextmanager
def judge_at(server: ModelServer, window: int = 8192) -> Iterator[ModelJudge]:
    with closing(ChatModel.open(Settings(base_url=server.url, context_window=window))) as model:
        yield ModelJudge(model)


def tried(server: ModelServer, decide: Callable[[str, str], object], **options: int) -> Trial:
    """The trial of a judge that decides so, and quotes the text for whatever it supports."""
    server.play(checking=served.answered_by(lambda request: decided(request, decide)))
    with judge_at(server, **options) as judge:
        return try_judge(judge, "model-1", {})


def right(sentence: str, _: str) -> object:
    return LABELS[sentence]


def by_hash(sentence: str, _: str) -> object:
    return "supported" if hashlib.sha256(sentence.encode()).digest()[0] % 2 else "not found"


def test_a_perfect_judge_passes(server):
    trial = tried(server, right)
    assert (trial.n, trial.right, trial.kappa, trial.passes) == (60, 60, 1, True)
    assert (trial.false_alarms, trial.passed, trial.unchecked) == (0, 0, 0)
    assert trial.judge.startswith("llm:") and trial.identity == "model-1"
    requests = [request.body for request in server.checks]
    assert {len(sentences_in(request)) for request in requests} == {3, 6}
    assert {len(data_of(request)["papers"]) for request in requests} == {1, 2}
    assert [text for request in requests for text in sentences_in(request)] == list(LABELS)


def test_a_judge_that_supports_everything_fails_early(server):
    trial = tried(server, lambda *_: "supported")
    assert not trial.passes and trial.n < 60
    assert trial.kappa <= 0 and trial.passed and not trial.false_alarms
    assert trial.right + trial.passed + trial.unchecked == trial.n


def test_a_judge_at_chance_fails_early(server):
    trial = tried(server, by_hash)
    assert not trial.passes and trial.n < 60
    assert trial.right + trial.passed + trial.false_alarms + trial.unchecked == trial.n


def test_partly_is_not_supported(server):
    trial = tried(server, lambda *own: label if (label := right(*own)) == "supported" else "partly")
    assert trial.passes and trial.kappa == 1


def test_a_small_window_takes_what_fits(server):
    trial = tried(server, right, window=1300)
    assert (trial.n, trial.kappa) == (60, 1)
    assert all(len(sentences_in(request.body)) < 3 for request in server.checks)


@pytest.mark.parametrize(
    "reply", [served.answer("I do not know."), served.answer("{", finish="length"), served.answer("")]
)
def test_replies_that_cannot_be_read_leave_claims_unchecked(server, reply):
    server.play(checking=reply)
    with judge_at(server) as judge:
        trial = try_judge(judge, "model-1", {})
    assert not trial.passes and trial.unchecked == trial.n < 60 and trial.kappa == 0


def test_an_error_of_the_server_ends_the_trial(server):
    server.play(checking=[served.answered_by(lambda sent: decided(sent, right)), served.error(500, "busy")])
    with judge_at(server) as judge, pytest.raises(ModelFailedError, match="status 500"):
        try_judge(judge, "model-1", {})


def test_progress_and_usage_are_those_of_the_claims(server):
    batches: list[int] = []

    def track(work, what, total):
        assert (what, total) == ("claims", 60)
        for batch in work:
            batches.append(len(batch))
            yield batch

    server.play(checking=served.answered_by(lambda request: decided(request, right)))
    usage: dict[str, float] = {}
    with judge_at(server) as judge:
        try_judge(judge, "model-1", usage, track)
    assert sum(batches) == 60 and usage["requests"] == len(batches) == len(server.checks)


@given(
    st.lists(st.tuples(st.sampled_from([True, False, None]), st.booleans()), max_size=12),
    st.lists(st.booleans(), max_size=5),
)
def test_a_trial_goes_on_exactly_while_some_verdicts_would_pass(pairs, untried):
    ends = product((True, False, None), repeat=len(untried))
    values = [cohen_kappa([*pairs, *zip(given, untried, strict=True)]) for given in ends]
    assert can_pass(pairs, untried) == any((value or 0) >= PASS for value in values)


# The register


@pytest.fixture
def trial() -> Trial:
    return Trial("llm:tiny", "sha-1", "2024-05-06", 60, 50, 0.66, 4, 5, 1, 12.5, fingerprint())


def test_results_are_kept_by_model(home, trial):
    assert trial_of("sha-1") is None
    keep(trial)
    keep(replace(trial, identity="sha-2", kappa=0.3))
    assert trial_of("sha-1") == trial and trial_of("sha-3") is None
    keep(replace(trial, kappa=0.7))
    assert [trial_of(name).kappa for name in ("sha-1", "sha-2")] == [0.7, 0.3]
    assert (home / "trials.json").stat().st_mode & 0o777 == 0o600


def test_a_result_by_other_rules_or_claims_does_not_count(home, trial):
    keep(replace(trial, fingerprint="0" * 64))
    assert trial_of("sha-1") is None


def test_a_result_of_another_version_does_not_count_and_stays(home, trial):
    keep(trial)
    others = {"sha-9": {"of": "another version"}}
    (home / "trials.json").write_text(json.dumps(others))
    assert trial_of("sha-9") is None
    keep(trial)
    assert json.loads((home / "trials.json").read_text())["sha-9"] == others["sha-9"]


@pytest.mark.parametrize("content", [b"{", b"[1]", b"\xff\x00", b"[" * 100_000])
def test_a_damaged_file_holds_no_results_and_is_named(home, trial, content):
    keep(trial)
    (home / "trials.json").write_bytes(content)
    assert trial_of("sha-1") is None
    assert str(home / "trials.json") in why_unused("sha-1")
    keep(trial)
    assert trial_of("sha-1") == trial


def test_why_a_model_does_not_judge(home, trial):
    assert "`askpapers model test`" in why_unused("sha-1")
    keep(replace(trial, kappa=0.31))
    assert "50 of 60 claims right, kappa 0.31" in why_unused("sha-1")
    keep(trial)
    assert why_unused("sha-1") is None
    keep(replace(trial, n=42))  # it ended early, as the judge could no longer pass
    assert why_unused("sha-1")


def test_a_folder_that_cannot_be_made_is_named(home, trial):
    home.parent.mkdir(parents=True)
    home.write_text("a file")
    with pytest.raises(NotWritableError, match=re.escape(str(home))):
        keep(trial)


@pytest.mark.slow
def test_processes_that_keep_results_at_once_lose_none(home, trial):
    keep(trial)
    program = (
        "import sys; from dataclasses import replace; from rag.checking.trial import keep, trial_of\n"
        "trial = trial_of('sha-1')\n"
        "for i in range(15): keep(replace(trial, identity=f'{sys.argv[1]}-{i}'))"
    )
    writers = [subprocess.Popen([sys.executable, "-c", program, str(number)]) for number in range(3)]
    assert [writer.wait() for writer in writers] == [0, 0, 0]
    assert all(trial_of(f"{number}-{i}") for number in range(3) for i in range(15)) and trial_of("sha-1")

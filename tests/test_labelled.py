"""Labelled claims: those that come with the program, and what is read from a file of one's own."""

import json
from collections import Counter
from statistics import fmean

import pytest
from conftest import needs_pages, runs
from pydantic import ValidationError
from tables import in_one_test

from eval.errors import CaseError
from eval.labelled import read_claims
from ingest.bundled import ECONOMICS, PAPERS, BundledSource
from rag.sentences import sentence_spans, strip_span
from rag.types import Paper

BUNDLED = read_claims(None)
LATER = BUNDLED[180:]  # worded as a capable model would answer
DIGESTS = {
    paper.title: paper.abstract
    for path in (PAPERS, ECONOMICS)
    for paper in BundledSource(path).read()
    if isinstance(paper, Paper)
}
ONE = {
    "id": "one",
    "claim": "It saves nearly half.",
    "passages": ["Title", "Saves 45%."],
    "label": "supported",
}


@pytest.fixture
def write(tmp_path):
    """Write claims, or a text as it stands, to a file; its path."""

    def write(*claims, name="claims.jsonl"):
        lines = [claim if isinstance(claim, str) else json.dumps(claim) for claim in claims]
        (tmp_path / name).write_text("\n".join(lines), encoding="utf-8")
        return tmp_path / name

    return write


def is_whole(claim) -> bool:
    title, words = claim.passages
    return words == DIGESTS[title]


def by_label(claims, values) -> dict[str, float]:
    """The mean of one value a claim, for each label."""
    groups: dict[str, list[float]] = {}
    for claim, value in zip(claims, values, strict=True):
        groups.setdefault(claim.label, []).append(value)
    return {label: fmean(group) for label, group in groups.items()}


def test_labels_are_balanced_over_many_papers():
    assert Counter(claim.label for claim in BUNDLED) == {
        "supported": 160,
        "contradicted": 125,
        "not mentioned": 95,
    }
    shares = by_label(BUNDLED, map(is_whole, BUNDLED))
    assert all(0.45 <= share <= 0.6 for share in shares.values())
    assert len({claim.passages[0] for claim in BUNDLED}) >= 280


def test_no_claim_stands_there_twice_and_each_has_a_kind():
    assert len({claim.claim for claim in BUNDLED}) == len({claim.id for claim in BUNDLED}) == 380
    assert all(claim.kind for claim in BUNDLED)


def test_length_and_digits_do_not_tell_the_label_of_later_claims():
    lengths = by_label(LATER, [len(claim.claim.split()) for claim in LATER])
    assert max(lengths.values()) < 1.2 * min(lengths.values())
    digits = by_label(LATER, [any(map(str.isdigit, claim.claim)) for claim in LATER])
    assert max(digits.values()) - min(digits.values()) < 0.2


@in_one_test("claim", BUNDLED)
def test_what_is_cited_stands_in_the_digest_to_the_character(claim):
    title, words = claim.passages
    digest = DIGESTS[title]
    spans = [strip_span(digest, span) for span in sentence_spans(digest)]
    start = digest.index(words)
    assert start in {first for first, _ in spans}
    assert start + len(words) in {last for _, last in spans}
    assert is_whole(claim) or len(sentence_spans(words)) <= 3


def test_claims_have_words_of_their_own():
    taken = set().union(*(runs(digest) for digest in DIGESTS.values()))
    assert not [claim.id for claim in BUNDLED if runs(claim.claim) & taken]


@needs_pages
def test_no_run_of_words_is_taken_from_any_abstract(pages):
    taken = set().union(*(runs(page.abstract) for page in pages.values()))
    assert not [claim.id for claim in BUNDLED if runs(claim.claim) & taken]


def test_every_field_is_read_and_none_can_be_changed(write):
    more = {"id": "two", "kind": "rounded", "paper": "Title"}
    plain, whole = read_claims(write(ONE | {"kind": None}, ONE | more))
    assert (plain.id, plain.claim, plain.label, plain.kind) == ("one", ONE["claim"], "supported", "")
    assert (whole.passages, whole.kind) == (("Title", "Saves 45%."), "rounded")
    with pytest.raises(ValidationError):
        plain.label = "contradicted"


@pytest.mark.parametrize(
    ("given", "label"),
    [
        (True, "supported"),
        (False, "not supported"),
        ("not supported", "not supported"),
        ("contradicted", "contradicted"),
        ("not mentioned", "not mentioned"),
        ("not found", "not found"),
    ],
)
def test_labels_are_words_or_true_or_false(write, given, label):
    assert read_claims(str(write(ONE | {"label": given})))[0].label == label


@pytest.mark.parametrize(
    ("record", "says"),
    [
        ("{", "no JSON"),
        ([], "the labelled claim"),
        ({"id": "one"}, "claim"),
        (ONE | {"id": 7}, "id"),
        (ONE | {"claim": " "}, "claim"),
        (ONE | {"passages": "Saves 45%."}, "passages"),
        (ONE | {"passages": []}, "passages"),
        (ONE | {"passages": [""]}, "passages.0"),
        (ONE | {"label": "maybe"}, "'not found' or 'not mentioned'"),
        (ONE | {"label": 1}, "label"),
        (ONE | {"label": None}, "label"),
        (ONE | {"kind": 1}, "kind"),
    ],
)
def test_a_claim_that_is_none_is_named_with_its_line(write, record, says):
    with pytest.raises(CaseError) as error:
        read_claims(write(ONE | {"id": "zero"}, record))
    assert "claims.jsonl:2: " in str(error.value)
    assert says in str(error.value)
    assert "mend" in str(error.value)
    assert "\n" not in str(error.value)


def test_an_id_belongs_to_one_claim(write):
    with pytest.raises(
        CaseError, match=r"claims.jsonl:2: `one` is the id of .*claims.jsonl:1 too: change one"
    ):
        read_claims(write(ONE, ONE))


def test_a_file_that_holds_no_claims_says_what_to_do(write, tmp_path):
    with pytest.raises(CaseError, match="write one a line"):
        read_claims(write(""))
    with pytest.raises(CaseError, match=r"ends in \.jsonl"):
        read_claims(write(ONE, name="claims.csv"))
    with pytest.raises(CaseError, match="UTF-8"):
        read_claims(tmp_path / "nowhere.jsonl")

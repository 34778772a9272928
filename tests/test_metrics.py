"""Metrics against hand-computed cases and slow twins."""

import math
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eval.metrics import (
    abstention_recall,
    citation_precision,
    citation_validity,
    fact_recall,
    hit_at,
    holds,
    is_supported,
    mrr_at,
    ndcg_at,
    needed_markers,
    over_refusal,
    page_hit,
    page_recall,
    recall_at,
    set_f1,
    set_precision,
    set_recall,
    share,
)
from rag.checking import Statement
from rag.types import Paper

papers = st.sampled_from("abcdefgh")
rankings = st.lists(papers, max_size=12)
relevants = st.sets(papers, min_size=1)


def test_hand_computed():
    ranking = ["x", "a", "y", "b"]
    assert hit_at(1, ranking, {"a", "b"}) == 0
    assert hit_at(2, ranking, {"a", "b"}) == 1
    assert recall_at(3, ranking, {"a", "b"}) == 0.5
    assert mrr_at(10, ranking, {"a", "b"}) == 0.5
    gained, best = 1 / math.log2(3) + 1 / math.log2(5), 1 + 1 / math.log2(3)
    assert ndcg_at(10, ranking, {"a", "b"}) == pytest.approx(gained / best)


def test_one_page_of_the_evidence_is_a_hit_and_each_counts_for_recall():
    evidence = {("a", 2), ("a", 3)}
    cited = [("b", 2), ("a", None), ("a", 3), ("a", 3)]
    assert (page_hit(cited, evidence), page_recall(cited, evidence)) == (1, 0.5)
    assert (page_hit(cited[:2], evidence), page_recall([], evidence)) == (0, 0)


def test_a_paper_counts_once():
    assert ndcg_at(10, ["a", "a", "b"], {"a", "b"}) == 1
    assert recall_at(2, ["x", "x", "a"], {"a"}) == 1


def slow_ndcg(k: int, ranking: list[str], relevant: set[str]) -> float:
    """By the textbook: gains by rank, then the same for the best order of all papers."""

    def dcg(order: list[str]) -> float:
        total = 0.0
        for position in range(min(k, len(order))):
            if order[position] in relevant:
                total += math.log(2) / math.log(position + 2)
        return total

    seen: list[str] = []
    for paper in ranking:
        if paper not in seen:
            seen.append(paper)
    return dcg(seen) / dcg(sorted("abcdefgh", key=lambda paper: paper not in relevant))


@given(st.integers(1, 10), rankings, relevants)
def test_ndcg_equals_its_slow_twin(k, ranking, relevant):
    assert ndcg_at(k, ranking, relevant) == pytest.approx(slow_ndcg(k, ranking, relevant))


@given(st.integers(1, 10), rankings, relevants)
def test_all_lie_in_the_unit_interval_and_agree_on_nothing_found(k, ranking, relevant):
    values = [metric(k, ranking, relevant) for metric in (hit_at, recall_at, mrr_at, ndcg_at)]
    assert all(0 <= value <= 1 for value in values)
    assert len({value == 0 for value in values}) == 1


@given(relevants, relevants)
def test_precision_and_recall_of_sets_make_their_harmonic_mean(cited, relevant):
    precision, recall = set_precision(cited, relevant), set_recall(cited, relevant)
    assert precision == len(cited & relevant) / len(cited)
    assert recall == set_precision(relevant, cited)
    both = precision + recall
    assert set_f1(cited, relevant) == pytest.approx(2 * precision * recall / both if both else 0)


def test_nothing_cited_has_no_precision_and_finds_nothing():
    assert set_precision(set(), {"a"}) is None
    assert (set_recall(set(), {"a"}), set_f1(set(), {"a"})) == (0, 0)


@pytest.mark.parametrize(
    ("text", "form"),
    [
        ("It saves about 45% [1].", "45%"),
        (r"reach $\sim$99\% of it", "99%"),
        ("on a page: sim99% of it", "99%"),
        ("is 3.5times faster", "3.5x"),
        ("saves 76.1 %", "76.1%"),
        ("is 3× faster", "3 times"),
        ("with 5,000 Hz", "5000 hz"),
        ("of 1000 papers", "1,000"),
        ("Pre\u2011training on  GO\nand Java", "pre-training on Go and java"),
        ("It is C++.", "C++"),
    ],
)
def test_a_fact_is_found_however_it_is_set(text, form):
    assert holds(text, form)


@pytest.mark.parametrize(
    ("text", "form"),
    [
        ("145% more", "45%"),
        ("2.45% more", "45%"),
        ("45.2 points", "45"),
        ("a 2.3x gain", "3x"),
        ("3 timescales", "3x"),
        ("GPT-3.5 answers", "GPT-3"),
        ("a mistrained model", "trained"),
        ("1,000,000 words", "1,000"),
    ],
)
def test_a_part_of_a_word_or_number_is_no_fact(text, form):
    assert not holds(text, form)


def test_each_fact_counts_once_whichever_of_its_forms_is_said():
    facts = [["45%", "45 percent"], ["GPT"], ["BERT", "45%"], ["Wikipedia"]]
    assert fact_recall("GPT saves 45 percent, 45%.", facts) == 0.75


def cited(text: str, documents: list[str]) -> Statement:
    return Statement(text, tuple(Paper("", document) for document in documents))


def together(statement: Statement) -> str:
    return "\n\n".join(paper.abstract for paper in statement.papers)


def alce(statements, unknown, supports):
    """Recall and precision."""
    found = [cited(text, documents) for text, documents in statements]
    needed = [mark for each in found for mark in needed_markers(each, supports)]
    recall = share([is_supported(each, supports) for each in found])
    return recall, citation_precision(needed, unknown)


def supports(statement: Statement) -> bool:
    """A judge for tests: every letter of the claim stands in the text."""
    return set(statement.text) <= set(together(statement))


@pytest.mark.parametrize(
    ("statements", "unknown", "recall", "precision"),
    [
        ([("ab", ["ab"])], 0, 1, 1),
        ([("ab", ["a", "b"])], 0, 1, 1),  # both are needed
        ([("ab", ["ab", "c"])], 0, 1, 0.5),  # the second adds nothing
        ([("ab", ["ab", "ab"])], 0, 1, 1),  # each is enough
        ([("ab", ["a"])], 0, 0, 0),
        ([("ab", [])], 0, 0, None),
        ([("ab", ["ab"]), ("cd", ["c"])], 0, 0.5, 0.5),
        ([("ab", ["ab"])], 1, 1, 0.5),  # a marker that names no paper
        ([], 2, None, 0),
        ([], 0, None, None),
    ],
)
def test_citations_by_hand(statements, unknown, recall, precision):
    assert alce(statements, unknown, supports) == (recall, precision)


def chance(claim: str, text: str) -> bool:
    """A judge without rhyme or reason, the same at each call."""
    return zlib.crc32(f"{claim}|{text}".encode()) % 2 == 0


def slow_alce(statements, unknown):
    """Gao et al., 2023, section 3.3, sentence by sentence and marker by marker, in its own terms."""
    recalled = needed = written = 0
    for claim, documents in statements:
        entails = chance(claim, "\n\n".join(documents))
        recall = 1 if documents and entails else 0
        recalled += recall
        for place, document in enumerate(documents):
            written += 1
            others = [other for at, other in enumerate(documents) if at != place]
            entailed_without = chance(claim, "\n\n".join(others)) if others else False
            is_irrelevant = not chance(claim, document) and entailed_without
            needed += 1 if recall and not is_irrelevant else 0
    written += unknown
    return (
        recalled / len(statements) if statements else None,
        needed / written if written else None,
    )


answers = st.lists(st.tuples(st.text("pqr", max_size=3), st.lists(st.sampled_from("abcdef"), max_size=4)))


@given(answers, st.integers(0, 3))
def test_citations_equal_alces_definitions(statements, unknown):
    values = alce(statements, unknown, lambda each: chance(each.text, together(each)))
    assert values == slow_alce(statements, unknown)
    assert all(value is None or 0 <= value <= 1 for value in values)


def test_abstention_stands_apart():
    assert abstention_recall(refused=True, answerable=False) == 1
    assert over_refusal(refused=True, answerable=False) is None
    assert over_refusal(refused=True, answerable=True) == 1
    assert abstention_recall(refused=False, answerable=True) is None


@given(st.integers(1, 10), rankings, relevants)
def test_hits_ranks_and_recall_equal_their_slow_twins(k, ranking, relevant):
    seen = []
    for paper in ranking:
        if paper not in seen and len(seen) < k:
            seen.append(paper)
    right = [number for number, paper in enumerate(seen, start=1) if paper in relevant]
    assert hit_at(k, ranking, relevant) == (1 if right else 0)
    assert mrr_at(k, ranking, relevant) == (1 / min(right) if right else 0)
    assert recall_at(k, ranking, relevant) == len(right) / len(relevant)


def test_what_does_not_apply_is_neither_0_nor_1():
    assert share([]) is None
    assert share([True, False]) == 0.5
    assert citation_validity(quotes=0, broken=0, unknown=0) is None
    assert citation_validity(quotes=3, broken=1, unknown=1) == 0.5

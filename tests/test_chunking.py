"""Passages are the abstract, cut; sentences stay whole; tokens are tiktoken's."""

import os
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import llama_index.core
import pytest
import tiktoken
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.chunking import PASSAGE_TOKENS, split_abstract
from rag.sentences import sentence_spans
from rag.tokens import ENCODING, count_tokens, token_offsets

VOCABULARY = Path(llama_index.core.__file__).parent / "_static" / "tiktoken_cache"
SENTENCES = [
    "Owls sleep by day.",
    "At night they hunt, e.g. for mice (Smith et al., 2020), and return with 3.5 of them on average.",
    "We show that (i) owls are patient, (ii) mice are not.",
    "Does it matter?",
    "Code is at https://owls.example/code.",
]
ODD = [
    "",
    " ",
    "\n",
    "word " * 400,
    "x" * 3000,
    "𝔘🦉é" * 300,
    "(a) (b) 1) ii) " * 60,
    "... ?! et al. % ;" * 40,
]
TOLERANCE = 4  # tokens: the first word of a piece can take more of them than it took in its sentence

budgets = st.sampled_from([1, 2, 7, PASSAGE_TOKENS, 200])
prose = st.lists(st.sampled_from(SENTENCES), max_size=25).map(" ".join)
scraps = st.lists(st.sampled_from([*"A. 1)(%é\n\u00a0\u3000\u2028\x85", "et al.", "Dr.", "(i)", "e.g."]))
texts = st.text(max_size=300) | prose | scraps.map("".join) | st.sampled_from(ODD)
law = settings(deadline=None)  # the first text waits for the vocabulary


@pytest.fixture(scope="module")
def encoding():
    """tiktoken's own, without our code between."""
    os.environ["TIKTOKEN_CACHE_DIR"] = str(VOCABULARY)
    try:
        return tiktoken.get_encoding(ENCODING)
    finally:
        del os.environ["TIKTOKEN_CACHE_DIR"]


@law
@given(texts, budgets)
def test_passages_are_the_text_in_order_to_the_character(text, budget):
    spans = split_abstract(text, budget)
    assert "".join(text[start:end] for start, end in spans) == text
    assert all(start < end for start, end in spans)
    assert [start for start, _ in spans] == [0, *(end for _, end in spans)][: len(spans)]


@law
@given(texts, st.sampled_from([7, 32, PASSAGE_TOKENS, 200]))
def test_no_passage_is_longer_than_the_budget(text, budget):
    for start, end in split_abstract(text, budget):
        assert count_tokens(text[start:end]) <= budget + TOLERANCE


@law
@given(texts, budgets)
def test_a_sentence_that_fits_stays_whole(text, budget):
    cuts = {end for _, end in split_abstract(text, budget)}
    for start, end in sentence_spans(text):
        if count_tokens(text[start:end]) <= budget:
            assert not any(start < cut < end for cut in cuts)


@law
@given(prose, budgets)
def test_a_passage_ends_only_where_the_next_piece_does_not_fit(text, budget):
    sizes = {start: count_tokens(text[start:end]) for start, end in sentence_spans(text)}
    spans = split_abstract(text, budget)
    for (start, end), (following, _) in pairwise(spans):
        if following in sizes and sizes[following] <= budget and start in sizes:
            assert count_tokens(text[start:end]) + sizes[following] > budget - len(sizes)


@law
@given(texts, budgets)
def test_the_same_text_is_cut_the_same_way(text, budget):
    assert split_abstract(text, budget) == split_abstract(text, budget)


def test_a_text_within_the_budget_is_one_passage():
    text = " ".join(SENTENCES)
    assert split_abstract(text, count_tokens(text) + len(SENTENCES)) == [(0, len(text))]
    assert split_abstract("", 10) == []


def test_one_character_can_be_more_than_the_budget():
    assert count_tokens("🦉") > 1
    assert split_abstract("🦉🦉", 1) == [(0, 1), (1, 2)]


def test_a_smaller_budget_gives_more_passages():
    text = " ".join(SENTENCES * 5)
    counts = [len(split_abstract(text, budget)) for budget in (200, 64, 32, 8)]
    assert counts == sorted(counts)
    assert len(set(counts)) == 4


@pytest.mark.parametrize("space", ["\u00a0", "\u3000", "\u2028", "\x85"])
def test_a_space_beyond_ascii_does_no_harm(space):
    text = f"Owls, by J.{space}A{space}. Brown. They sleep."
    assert "".join(text[start:end] for start, end in sentence_spans(text)) == text


def test_a_long_sentence_is_cut_between_words():
    text = "owl " * 100 + "end"
    spans = split_abstract(text, 10)
    assert len(spans) > 5
    assert all(text[start:end].endswith(" ") for start, end in spans[:-1])


@law
@given(st.text() | texts)
def test_tokens_are_counted_as_tiktoken_counts_them(encoding, text):
    assert count_tokens(text) == len(encoding.encode(text, disallowed_special=()))


@law
@given(texts)
def test_token_offsets_rise_within_the_text(text):
    offsets = token_offsets(text)
    assert len(offsets) == count_tokens(text)
    assert offsets == sorted(offsets)
    assert all(0 <= offset < len(text) for offset in offsets)


def test_the_name_of_a_special_token_is_text():
    assert count_tokens("<|endoftext|>") > 1


def test_counting_needs_no_network_and_leaves_the_environment_alone():
    program = (
        "import os, socket\n"
        "def refuse(*_): raise AssertionError('network')\n"
        "socket.socket.connect = refuse\n"
        "from rag.tokens import count_tokens\n"
        "assert count_tokens('owls sleep') == 3\n"
        "assert 'TIKTOKEN_CACHE_DIR' not in os.environ\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True, cwd=Path(__file__).parents[1])

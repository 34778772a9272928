"""The words that carry meaning."""

import sys
from concurrent.futures import ThreadPoolExecutor

import pytest
import snowballstemmer

from rag.words import content_words, stem


@pytest.fixture
def hasty():
    """Threads take turns as often as they can."""
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(interval)


def test_several_threads_get_the_stems_of_their_own_words(hasty):
    ends = ("ations", "fulness", "ically", "ingly")
    words = [f"{chr(97 + number % 26)}{number}nation{ends[number % 4]}" for number in range(4000)]
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(stem, words))
    assert found == snowballstemmer.stemmer("english").stemWords(words)


def test_function_words_carry_no_meaning():
    assert content_words("Which papers say how the owls were hunting?") == ["owl", "hunt"]
    assert content_words("What is it that they have?") == []


def test_words_are_stems():
    assert content_words("The frogs are LEAPING, and leaped over pre-trained_logs") == [
        *("frog", "leap", "leap", "pre", "train", "log")
    ]

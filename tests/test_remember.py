"""The encoder that remembers: the same word pieces as without, each text encoded once, within bounds."""

import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.embedding.base import Tokens
from rag.embedding.remember import Remembering


class Counting:
    """A token encoder whose vector of a text is its length; keeps what it was asked."""

    name, width, vocabulary = "counting", 1, 10

    def __init__(self):
        self.asked = []
        self.lock = threading.Lock()

    def encode_tokens(self, texts):
        with self.lock:
            self.asked.append(list(texts))
        return [
            Tokens(
                np.array([len(text)], np.int32), np.array([[len(text)]], np.float32), np.zeros(1, np.int32)
            )
            for text in texts
        ]


def lengths(found):
    return [int(tokens.ids[0]) for tokens in found]


texts = st.lists(st.text("abc", max_size=4), max_size=12)


@given(st.lists(texts, max_size=6), st.integers(1, 8))
def test_what_comes_back_is_what_the_encoder_says_whatever_was_asked_before(asked, most):
    remembering = Remembering(Counting(), most)
    for some in asked:
        assert lengths(remembering.encode_tokens(some)) == [len(text) for text in some]


@given(st.lists(texts, max_size=6))
def test_a_text_that_is_remembered_is_not_encoded_again(asked):
    counting = Counting()
    remembering = Remembering(counting, 1000)
    for some in asked:
        remembering.encode_tokens(some)
    encoded = [text for some in counting.asked for text in some]
    assert sorted(encoded) == sorted({text for some in asked for text in some})


def test_only_the_last_texts_are_remembered():
    counting = Counting()
    remembering = Remembering(counting, 2)
    remembering.encode_tokens(["a", "bb"])
    remembering.encode_tokens(["a"])  # used again, so "bb" goes first
    remembering.encode_tokens(["ccc"])
    remembering.encode_tokens(["a"])
    remembering.encode_tokens(["bb"])
    assert counting.asked == [["a", "bb"], ["ccc"], ["bb"]]


def test_more_texts_than_are_remembered_still_come_back_whole():
    many = ["x" * length for length in range(9)]
    assert lengths(Remembering(Counting(), 3).encode_tokens(many)) == [*range(9)]


def test_several_threads_get_their_own_texts():
    remembering = Remembering(Counting(), 5)
    batches = [["x" * (start + step) for step in range(6)] for start in range(40)]
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(remembering.encode_tokens, batches))
    assert [lengths(some) for some in found] == [[*range(start, start + 6)] for start in range(40)]


def test_it_names_the_encoder_behind_it_and_passes_its_word_pieces_on(encoder):
    remembering = Remembering(encoder)
    assert (remembering.name, remembering.width, remembering.vocabulary) == (
        encoder.name,
        encoder.width,
        encoder.vocabulary,
    )
    (once,), (again,) = remembering.encode_tokens(["Owls hunt."]), remembering.encode_tokens(["Owls hunt."])
    (plain,) = encoder.encode_tokens(["Owls hunt."])
    assert again is once
    assert once.vectors == pytest.approx(plain.vectors)

"""What a question and its options must be."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag import Filters, QuestionError
from rag.query.checks import LONGEST_QUESTION, check_question, check_request
from rag.types import Request


@given(st.text(max_size=50))
def test_a_question_is_stripped_or_refused(text):
    if text.strip():
        assert check_question(f" {text}\n") == text.strip()
    else:
        with pytest.raises(QuestionError, match="empty"):
            check_question(text)


def test_a_question_has_a_longest_length():
    assert check_question("x" * LONGEST_QUESTION)
    with pytest.raises(QuestionError, match="100,000 characters"):
        check_question("x" * 100_000)


def test_half_a_character_of_a_question_is_replaced():
    assert check_question("Frogs \udcff?") == "Frogs ??"


@pytest.mark.parametrize(("option", "bad"), [("words", 0), ("words", -1), ("k", 0)])
def test_a_number_that_cannot_be_is_refused(option, bad):
    with pytest.raises(QuestionError, match="at least 1"):
        check_request(Request("?", **{option: bad}))
    assert getattr(check_request(Request("?", **{option: 1})), option) == 1


def test_years_include_both_ends_and_may_be_open():
    assert Request.of("?", from_year=2020, to_year=2020).filters == Filters(2020, 2020)
    assert Request.of("?", filters=Filters(2019, 2020), to_year=2021).filters == Filters(None, 2021)
    assert Request.of("?", filters=Filters(2019, 2020)).filters == Filters(2019, 2020)
    with pytest.raises(QuestionError, match="2021 to 2020"):
        check_request(Request.of("?", from_year=2021, to_year=2020))

"""Checks what a user asks for: a question, a length, a number of papers, filters."""

from dataclasses import replace

from rag.errors import QuestionError
from rag.plain import encodable
from rag.types import Filters, Request

LONGEST_QUESTION = 4000  # characters


def check_request(request: Request) -> Request:
    """The request with its question stripped. Raises QuestionError."""
    check_options(request)
    return replace(request, question=check_question(request.question))


def check_options(request: Request) -> Request:
    """The request, whatever its question. Raises QuestionError if its options cannot be fulfilled."""
    words, k = request.words, request.k
    if words is not None and words < 1:
        raise QuestionError(f"an answer cannot have {words} words: ask for at least 1")
    if k is not None and k < 1:
        raise QuestionError(f"{k} papers cannot be ranked: ask for at least 1 with -k")
    check_filters(request.filters)
    return request


def check_question(question: str) -> str:
    """The question without white space around it. Raises QuestionError."""
    stripped = question.strip()
    if not stripped:
        raise QuestionError('the question is empty: ask something, like askpapers ask "What is …?"')
    if len(stripped) > LONGEST_QUESTION:
        raise QuestionError(
            f"the question has {len(stripped):,} characters and at most {LONGEST_QUESTION:,} are "
            "read: shorten it"
        )
    return encodable(stripped)


def check_filters(filters: Filters) -> Filters:
    """The filters. Raises QuestionError if no paper can fulfil them."""
    first, last = filters.from_year, filters.to_year
    for year in (first, last):
        if year is not None and not 1 <= year <= 9999:
            raise QuestionError(f"{year} is no year of a paper: give four digits, like 2021")
    if first is not None and last is not None and first > last:
        raise QuestionError(f"no year lies from {first} to {last}: swap the two")
    fewest, most = filters.min_authors, filters.max_authors
    for count in (fewest, most):
        if count is not None and count < 1:
            raise QuestionError(f"no paper has {count} authors: ask for at least 1")
    if fewest is not None and most is not None and fewest > most:
        raise QuestionError(f"no number of authors lies from {fewest} to {most}: swap the two")
    return filters

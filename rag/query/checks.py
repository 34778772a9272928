"""What can be asked: a question, a length, a number of papers, a range of years."""

from dataclasses import replace

from rag.errors import QuestionError
from rag.plain import encodable
from rag.types import Filters

LONGEST_QUESTION = 4000  # characters


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


def check_words(words: int | None) -> int | None:
    """Raises QuestionError unless this is a length that an answer can have."""
    if words is not None and words < 1:
        raise QuestionError(f"an answer cannot have {words} words: ask for at least 1")
    return words


def check_count(count: int) -> int:
    """Raises QuestionError unless this many papers can be asked for."""
    if count < 1:
        raise QuestionError(f"{count} papers cannot be ranked: ask for at least 1 with -k")
    return count


def check_papers(count: int | None) -> int | None:
    """Raises QuestionError unless an answer can be written from this many papers."""
    return None if count is None else check_count(count)


def check_filters(filters: Filters) -> Filters:
    """Raises QuestionError where no paper can fulfil them."""
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


def make_filters(from_year: int | None, to_year: int | None, others: Filters = Filters()) -> Filters:
    """`others` within these years, where any are given. Raises QuestionError."""
    if from_year is None and to_year is None:
        return check_filters(others)
    return check_filters(replace(others, from_year=from_year, to_year=to_year))

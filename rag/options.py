"""The options of a question, spelled once for every way to ask it."""

from typing import TYPE_CHECKING, Literal, TypedDict

from rag.query import History
from rag.types import Filters

if TYPE_CHECKING:
    from pathlib import Path

    from rag.library import Library

WriterName = Literal["auto", "llm", "extractive"]


class AskOptions(TypedDict, total=False):
    """What bounds the papers, and how the answer is to be.

    `filters` bound the papers, `from_year` and `to_year` go before their years. `words` bounds the
    length, `k` the papers that the writer is shown (8; for a list those that fit). Years in the
    question's words ("since 2021") bound the papers, unless years are given here or
    `years_from_question` is False.
    """

    from_year: int | None
    to_year: int | None
    filters: Filters
    words: int | None
    k: int | None
    years_from_question: bool


class HistoryOptions(AskOptions, total=False):
    """And what was said before, as OpenAI-style messages."""

    history: History


class PlaceOptions(HistoryOptions, total=False):
    """And where the papers are and who writes.

    `library` is a Library or its folder; without it ASKPAPERS_LIBRARY, then the user's own, then
    the bundled one is used. `writer` is auto, llm or extractive.
    """

    library: "Library | Path | str | None"
    writer: WriterName

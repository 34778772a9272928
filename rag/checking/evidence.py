"""What is known without a judge: which words are the paper's own, and which stand nowhere in it."""

from collections.abc import Iterator, Sequence

from rag.checking.base import Quote, Statement, Verdict
from rag.checking.names import missing_names
from rag.checking.numbers import missing_numbers
from rag.checking.verbatim import find_quote
from rag.readable import without_markup
from rag.types import Paper, Part

_PARTS: tuple[Part, ...] = ("abstract", "body", "note", "record")
_NO_EVIDENCE = "the judge shows no words that hold it"
_NOT_HELD = "the words that the judge shows do not hold"


def own_words(statement: Statement) -> Quote | None:
    """The words of a cited paper that the statement repeats; None if it is in other words."""
    return next(quotes_of(statement.text, statement.papers), None)


def quotes_of(words: str, papers: Sequence[Paper]) -> Iterator[Quote]:
    """The place of these words in each paper that has them.

    In its abstract, else in the excerpts that are read, as a body may repeat words; else in its body. What
    the paper does not say may stand in the user's note, or in its record.
    """
    for paper in papers:
        own = sorted((*paper.shown, paper.whole("body")), key=lambda passage: passage.part == "note")
        for passage in (*own, paper.whole("record")):
            if span := find_quote(words, paper.words_of(passage)):
                start, end = span
                yield Quote(paper, (passage.start + start, passage.start + end), passage.part)
                break


def lacking(text: str, quotes: Sequence[Quote]) -> list[str]:
    """The numbers and names of a sentence that neither its quotes nor the titles of their papers hold."""
    return _missing(text, [*(quote.text for quote in quotes), *(quote.paper.heading for quote in quotes)])


def supported(
    text: str, quotes: tuple[Quote, ...], reason: str | None = None, support: float | None = None
) -> Verdict:
    """A judge's verdict of support; unchecked where its quotes do not hold the numbers and names."""
    if not quotes:
        return Verdict("unchecked", quotes, _NO_EVIDENCE, lacks_words=True)
    if missing := lacking(text, quotes):
        return Verdict("unchecked", quotes, f"{_NOT_HELD} {', '.join(missing)}", lacks_words=True)
    return Verdict("supported", quotes, reason, support=support)


def absent(statement: Statement) -> list[str]:
    """The numbers and names of a statement that stand nowhere in its papers."""
    return _missing(statement.text, [text for paper in statement.papers for text in _texts(paper)])


def _missing(text: str, passages: Sequence[str]) -> list[str]:
    # A sentence may repeat either; mostly they are the same.
    passages = list(dict.fromkeys([*passages, *map(without_markup, passages)]))
    return list(dict.fromkeys([*missing_numbers(text, passages), *missing_names(text, passages)]))


def _texts(paper: Paper) -> Iterator[str]:
    yield from (
        paper.heading,
        *map(paper.text_of, _PARTS),
        paper.organization or "",
        ", ".join(paper.authors),
    )

"""Replies about the program and its library: plain sentences that claim nothing about papers."""

from collections.abc import Iterator

from rag.about import Topic
from rag.library.catalog import Catalog
from rag.plain import cut, in_a_line
from rag.readable import in_our_words
from rag.types import Answer, Filters, Paper, Request

_NEWEST = 5  # titles that a reply names
_LONGEST_TITLE = 150  # characters
_ADD = "Add papers with `askpapers ingest SOURCE...`, or in the Library tab of the page."
_SEE = "See them all with `askpapers library list`, or in the Library tab of the page."


def reply_to(
    request: Request, topic: Topic, catalog: Catalog, writer: str, *, has_model: bool, is_checked: bool
) -> Answer:
    """The reply as an answer without claims.

    `has_model` says whether a model could write, `is_checked` whether what it writes is checked.
    """
    lines = list(_lines(topic, catalog, request.filters))
    if topic == "program":
        lines += [_ADD, _written_by(writer, has_model, is_checked)]
    return Answer(
        question=request.question,
        status="answered",
        text="\n".join(lines),
        filters=request.filters,
        writer=writer,
    )


def _lines(topic: Topic, catalog: Catalog, filters: Filters) -> Iterator[str]:
    if topic == "library":
        yield from _holdings(catalog, filters)
    elif topic == "thanks":
        yield "You are welcome. Ask on whenever you like."
    else:
        hello = "Hello. " if topic == "greeting" else ""
        yield f"{hello}I answer questions from the papers of this library; each sentence cites its paper."
        newest = catalog.browse(most=1)
        yield f"For example: What does “{_title(newest[0])}” show?" if newest else "It holds no papers yet."


def _written_by(writer: str, has_model: bool, is_checked: bool) -> str:
    if writer != "extractive":
        check = "each sentence is checked" if is_checked else "nobody checks its sentences"
        return f"The language model {in_a_line(writer)} writes the answers, and {check}."
    why = "A language model is set up but not asked" if has_model else "No language model is set up"
    return f"{why}, so answers are the papers' own sentences."


def _holdings(catalog: Catalog, filters: Filters) -> Iterator[str]:
    """The number of papers within the filters, their years, and the newest ones."""
    count = catalog.count_matching(filters=filters)
    newest = catalog.browse(most=_NEWEST, filters=filters)
    if not count and filters.is_open:
        yield f"The library holds no papers yet. {_ADD}"
        return
    bounds = _years(catalog) if filters.is_open else " within these conditions"
    yield f"The library holds {count:,} {'paper' if count == 1 else 'papers'}{bounds}."
    if count > len(newest):
        yield "The newest:" if newest[0].year else "Some of them:"
    yield from (f"- {_title(paper)}{f' ({paper.year})' if paper.year else ''}" for paper in newest)
    yield _SEE


def _years(catalog: Catalog) -> str:
    known = [year for year in catalog.years() if year]
    if not known:
        return ""
    return f" of {known[0]}" if len(known) == 1 else f" from {known[0]} to {known[-1]}"


def _title(paper: Paper) -> str:
    return cut(in_our_words(paper.title), _LONGEST_TITLE)

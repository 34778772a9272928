"""An answer as plain text with its numbered sources, for other programs' language models."""

from rag.cited_papers import CitedPaper, cited_papers
from rag.doubts import doubts
from rag.plain import in_a_line, sentence
from rag.types import Answer, Citation


def with_sources(answer: Answer) -> str:
    """The text, the reason for a refusal or what is missing, a line per doubt and a line per source."""
    lines = [sentence(answer.reason)] if answer.reason else []
    lines += [sentence(f"Not in the papers: {answer.missing}")] if answer.missing else []
    return "\n".join([answer.text, *lines, *map(in_a_line, doubts(answer)), *_sources(answer)])


def _sources(answer: Answer) -> list[str]:
    return [_source(paper) for paper in cited_papers(answer)]


def _source(paper: CitedPaper) -> str:
    """On one line, so that no title or quote can pass for another source."""
    first = paper.citation
    known = f"{first.published or 'no date'}, {first.paper_id}"
    quotes = "; ".join(_quote(quote, paper.place_of(quote)) for quote in paper.quotes.values())
    return f"[{paper.number}] {in_a_line(first.title)} ({known}): {quotes}"


def _quote(citation: Citation, place: str) -> str:
    return f"“{in_a_line(citation.quote)}”" + (f" ({in_a_line(place)})" if place else "")

"""Turns checked sentences into the text, the claims and the numbered quotes of an answer."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from itertools import chain
from typing import Protocol

from rag.checking import Quote
from rag.checking.evidence import absent
from rag.checking.verbatim import find_quote
from rag.parts import Parts, Sentence, numbered, raw_text, sentences_of, statement_of
from rag.types import Citation, Claim, Hit, Paper, Span

_BEGINNING = 30_000  # characters of a body, in which its abstract stands


class Nearest(Protocol):
    """Finds the words of a paper that are nearest to a sentence."""

    def nearest(self, text: str, paper: Paper) -> Quote:
        """The nearest sentence of the abstract, an empty one where it has none."""
        ...


@dataclass(frozen=True)
class Cited:
    """An answer: its text with numbers, its sentences, and their quotes."""

    text: str
    claims: tuple[Claim, ...]
    citations: tuple[Citation, ...]


def cite(parts: Parts, hits: Sequence[Hit], reader: Nearest) -> Cited:
    """The answer of these parts, which cite hits by keys from 1.

    A paper has one number, by its first appearance. A paper of a sentence for which no judge showed
    words gets the words that are nearest to the sentence.
    """
    parts = _resting_on_what_is_cited(parts)
    numbers: dict[int, int] = {}
    text = numbered(raw_text(parts), numbers)
    of_paper = {hits[key - 1].paper.paper_id: number for key, number in numbers.items()}
    sentences = sentences_of(parts)
    quotes_of = _quotes(sentences, hits, cache(reader.nearest))  # a sentence may stand there many times
    quotes = sorted(
        dict.fromkeys(chain.from_iterable(quotes_of)), key=lambda quote: of_paper[quote.paper.paper_id]
    )
    places = {quote: place for place, quote in enumerate(quotes)}
    claims = [
        _claim(sentence, numbers, [places[quote] for quote in decisive], hits)
        for sentence, decisive in zip(sentences, map(_decisive, sentences, quotes_of), strict=True)
    ]
    citations = [_citation(of_paper[quote.paper.paper_id], quote) for quote in quotes]
    return Cited(text, tuple(claims), tuple(citations))


def _resting_on_what_is_cited(parts: Parts) -> Parts:
    """The parts, with sentences without a marker resting on what the others cite; else they get one."""
    cited = {key for sentence in sentences_of(parts) if sentence.is_marked for key in sentence.keys}
    settled: Parts = []
    for part in parts:
        if isinstance(part, Sentence) and part.keys and not part.is_marked:
            part = replace(part, keys=tuple(key for key in part.keys if key in cited) or part.keys)
            if not cited.intersection(part.keys):
                part.cite(part.keys)
        settled.append(part)
    return settled


def _quotes(
    sentences: Sequence[Sentence], hits: Sequence[Hit], nearest: Callable[[str, Paper], Quote]
) -> list[list[Quote]]:
    """The judge's quotes for each sentence, and the nearest words of papers for which it showed none."""
    judged = {quote.paper.paper_id for sentence in sentences for quote in sentence.verdict.quotes}
    quotes_of = []
    for sentence in sentences:
        papers = statement_of(sentence, hits).papers
        quotes = [quote for quote in sentence.verdict.quotes if quote.paper in papers]
        bare = [paper for paper in papers if not quotes or paper.paper_id not in judged]
        quotes_of.append([*quotes, *(nearest(sentence.text, paper) for paper in bare)])
    return quotes_of


def _decisive(sentence: Sentence, quotes: Sequence[Quote]) -> Sequence[Quote]:
    """The quotes that the judge showed; all, where it showed none."""
    return [quote for quote in quotes if quote in sentence.verdict.quotes] or quotes


def _claim(
    sentence: Sentence, numbers: Mapping[int, int], places: Sequence[int], hits: Sequence[Hit]
) -> Claim:
    """The claim of a sentence, whose quotes have these places."""
    verdict = sentence.verdict
    is_verbatim = verdict.check == "verbatim"
    missing = absent(statement_of(sentence, hits)) if sentence.keys and not is_verbatim else []
    return Claim(
        text=sentence.text,
        citations=tuple(numbers[key] for key in sentence.keys),
        check=verdict.check,
        support=1.0 if is_verbatim else verdict.support,
        quotes=tuple(places),
        reason=verdict.reason,
        notes=(f"stands nowhere in what it cites: {', '.join(missing)}",) if missing else (),
    )


def _citation(number: int, quote: Quote) -> Citation:
    paper, (start, end) = quote.paper, quote.span
    body, in_body = paper.body, _in_body(quote)
    page = body.page_of(*in_body) if body and in_body else None
    return Citation(
        number=number,
        paper_id=paper.paper_id,
        title=paper.title,
        published=paper.published,
        organization=paper.organization,
        quote=quote.text,
        start=start,
        end=end,
        authors=paper.authors,
        part=quote.part,
        page=page,
        section=body.section_of(start) if body and quote.part == "body" else None,
        label=body.label_of(page) if body and page else None,
        key=paper.key,
        retracted=paper.retracted,
    )


def _in_body(quote: Quote) -> Span | None:
    """Where a quote stands in the body of its paper; an abstract is looked for at its beginning."""
    if quote.part != "abstract" or not quote.paper.body:
        return quote.span if quote.part == "body" else None
    return find_quote(quote.text, quote.paper.body.text[:_BEGINNING])

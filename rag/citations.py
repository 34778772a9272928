"""Turns checked sentences into the text, the claims and the numbered quotes of an answer."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Protocol

from rag.checking import Quote
from rag.checking.base import Statement
from rag.checking.evidence import absent
from rag.composing import Parts, Sentence, numbered, sentences_of
from rag.types import Citation, Claim, Hit, Paper


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
    numbers: dict[int, int] = {}
    parts = _resting_on_what_is_cited(parts)
    text = "".join(numbered(part if isinstance(part, str) else part.raw, numbers) for part in parts)
    sentences = sentences_of(parts)
    judged = {quote.paper.paper_id for sentence in sentences for quote in sentence.verdict.quotes}
    nearest = cache(reader.nearest)  # a model may write a sentence a thousand times
    shown = [_quotes(sentence, hits, judged, nearest) for sentence in sentences]
    by_paper = {hits[key - 1].paper.paper_id: number for key, number in numbers.items()}
    quotes = {(by_paper[quote.paper.paper_id], quote.span): quote for each in shown for quote in each}
    order = sorted(quotes, key=lambda place: place[0])
    places = {key: place for place, key in enumerate(order)}
    claims = []
    for sentence, own in zip(sentences, shown, strict=True):
        judge_quotes = [quote for quote in own if quote in sentence.verdict.quotes]
        claims.append(
            Claim(
                text=sentence.text,
                citations=tuple(numbers[key] for key in sentence.keys),
                check=sentence.verdict.check,
                support=1.0 if sentence.verdict.check == "verbatim" else None,
                quotes=tuple(
                    places[by_paper[quote.paper.paper_id], quote.span] for quote in judge_quotes or own
                ),
                reason=sentence.verdict.reason,
                notes=_notes(sentence, hits),
            )
        )
    return Cited(
        text, tuple(claims), tuple(_citation(number, quotes[number, span]) for number, span in order)
    )


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


def statement_of(sentence: Sentence, hits: Sequence[Hit]) -> Statement:
    """The sentence with the papers that it cites."""
    return Statement(sentence.text, tuple(hits[key - 1].paper for key in sentence.keys))


def _quotes(
    sentence: Sentence,
    hits: Sequence[Hit],
    judged: Collection[str],
    nearest: Callable[[str, Paper], Quote],
) -> list[Quote]:
    """The judge's quotes, and the nearest words of cited papers without any; of all, if it showed none."""
    papers = statement_of(sentence, hits).papers
    quotes = [quote for quote in sentence.verdict.quotes if quote.paper in papers]
    bare = [paper for paper in papers if not quotes or paper.paper_id not in judged]
    return [*quotes, *(nearest(sentence.text, paper) for paper in bare)]


def _notes(sentence: Sentence, hits: Sequence[Hit]) -> tuple[str, ...]:
    """What can be known of a sentence without a judge."""
    if sentence.verdict.check == "verbatim" or not sentence.keys:
        return ()
    missing = absent(statement_of(sentence, hits))
    return (f"stands nowhere in what it cites: {', '.join(missing)}",) if missing else ()


def _citation(number: int, quote: Quote) -> Citation:
    paper, (start, end) = quote.paper, quote.span
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
    )

"""The sources of an answer: each cited paper, with its quotes at their places in the abstract."""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise

from rag.cited_papers import CitedPaper
from rag.plain import cut
from rag.readable import readable
from rag.types import Citation, Claim, Paper
from ui.authors import in_short

_HINTED, _LONGEST_HINT = 2, 200  # quotes, and characters of each


@dataclass(frozen=True)
class Segment:
    """A piece of an abstract, and the places among the citations of the quotes that it belongs to."""

    text: str
    places: tuple[int, ...]


@dataclass(frozen=True)
class Card:
    """A source: a cited paper, and what the library still has of it."""

    cited: CitedPaper
    paper: Paper | None

    @property
    def citation(self) -> Citation:
        return self.cited.citation

    @property
    def is_whole(self) -> bool:
        """Whether all quotes from the abstract still stand there."""
        paper = self.paper
        return paper is not None and all(_stands(quote, paper) for quote in self._in_abstract.values())

    @property
    def beside(self) -> dict[int, Citation]:
        """The quotes to show by themselves: those from other parts, or all if the paper has changed."""
        quotes = self.cited.quotes.items()
        return {place: quote for place, quote in quotes if quote.part != "abstract" or not self.is_whole}

    @property
    def segments(self) -> list[Segment]:
        """The abstract, cut where quotes begin and end; they may overlap."""
        abstract = self.paper.abstract if self.paper else ""
        quotes = self._in_abstract.items()
        ends = {0, len(abstract)}.union(*((quote.start, quote.end) for _, quote in quotes))
        return [
            Segment(
                abstract[start:end],
                tuple(place for place, quote in quotes if quote.start <= start and end <= quote.end),
            )
            for start, end in pairwise(sorted(ends))
        ]

    @property
    def _in_abstract(self) -> dict[int, Citation]:
        return {place: quote for place, quote in self.cited.quotes.items() if quote.part == "abstract"}

    @property
    def authors(self) -> tuple[str, ...]:
        return self.citation.authors or (self.paper.authors if self.paper else ())

    @property
    def authors_in_short(self) -> str:
        return in_short(self.authors, self.paper.author_count if self.paper else None)


def _stands(quote: Citation, paper: Paper) -> bool:
    return quote.start >= 0 and paper.abstract[quote.start : quote.end] == quote.quote


def shows(claim: Claim | None, card: Card) -> dict[int, Citation]:
    """The quotes of a card that show a claim."""
    quotes = claim.quotes if claim else ()
    return {place: card.cited.quotes[place] for place in quotes if place in card.cited.quotes}


def hint(quotes: Mapping[int, Citation]) -> str:
    """The first of these quotes, for those who hover over a number."""
    first = list(quotes.values())[:_HINTED]
    return " ".join(f"“{cut(readable(quote.quote), _LONGEST_HINT)}”" for quote in first)

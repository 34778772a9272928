"""The sources of an answer: each cited paper, with its quotes at their places in abstract and body."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from rag.cited_papers import CitedPaper
from rag.plain import cut
from rag.readable import readable
from rag.types import Citation, Claim, Paper, Part, Span
from ui.authors import in_short
from ui.web.viewing import Excerpt, Segment, excerpts, segments, spans_in_body

_HINTED, _LONGEST_HINT = 2, 200  # quotes, and characters of each
_TEXTS: tuple[Part, ...] = ("abstract", "body")


@dataclass(frozen=True)
class Card:
    """A source: a cited paper, and what the library still has of it."""

    cited: CitedPaper
    paper: Paper | None

    @property
    def citation(self) -> Citation:
        return self.cited.citation

    @cached_property
    def is_whole(self) -> bool:
        """Whether all quotes still stand in the paper."""
        return self.paper is not None and all(
            _stands(quote, self.paper) for quote in self.cited.quotes.values()
        )

    @property
    def beside(self) -> dict[int, Citation]:
        """The quotes to show by themselves: all if the paper has changed, else those from no text of it."""
        quotes = self.cited.quotes.items()
        return {
            place: quote for place, quote in quotes if not self.is_whole or quote.part not in _TEXTS
        }

    @property
    def segments(self) -> tuple[Segment, ...]:
        """The abstract, cut where quotes begin and end; empty where all quotes are from the body."""
        abstract = self.paper.abstract if self.paper else ""
        spans = {place: (quote.start, quote.end) for place, quote in self._of("abstract").items()}
        return segments(abstract, (0, len(abstract)), spans) if spans else ()

    @property
    def in_pages(self) -> dict[int, Span]:
        """The spans of the body that hold the words of quotes from the abstract."""
        body = self.paper.body if self.paper else None
        return spans_in_body(body, self._of("abstract")) if body else {}

    @property
    def excerpts(self) -> list[Excerpt]:
        """The quotes from the body in the text around them."""
        body = self.paper.body if self.paper else None
        return excerpts(body, self._of("body")) if body else []

    def _of(self, part: Part) -> dict[int, Citation]:
        return {place: quote for place, quote in self.cited.quotes.items() if quote.part == part}

    @property
    def authors(self) -> tuple[str, ...]:
        return self.citation.authors or (self.paper.authors if self.paper else ())

    @property
    def authors_in_short(self) -> str:
        return in_short(self.authors, self.paper.author_count if self.paper else None)


def _stands(quote: Citation, paper: Paper) -> bool:
    if quote.part not in _TEXTS:
        return True
    return quote.start >= 0 and paper.text_of(quote.part)[quote.start : quote.end] == quote.quote


def shows(claim: Claim | None, card: Card) -> dict[int, Citation]:
    """The quotes of a card that show a claim."""
    quotes = claim.quotes if claim else ()
    return {place: card.cited.quotes[place] for place in quotes if place in card.cited.quotes}


def hint(quotes: Mapping[int, Citation]) -> str:
    """The first of these quotes, for those who hover over a number."""
    first = list(quotes.values())[:_HINTED]
    return " ".join(f"“{cut(readable(quote.quote), _LONGEST_HINT)}”" for quote in first)

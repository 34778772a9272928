"""The sources of an answer: each cited paper, with its quotes at their places in abstract and body."""

from collections.abc import Mapping
from dataclasses import dataclass

from rag.body import Body
from rag.cited_papers import CitedPaper
from rag.plain import cut
from rag.readable import readable
from rag.types import Citation, Claim, Paper, Part, Span
from ui.authors import in_short, of_paper
from ui.web.viewing import Excerpt, Segment, excerpts, segments, spans_in_body

_HINTED, _LONGEST_HINT = 2, 200  # quotes, and characters of each


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
        """Whether all quotes still stand in the paper, as far as its text is here."""
        parts: set[Part] = {"abstract", "note", "record", *(("body",) if self._body else ())}
        return self.paper is not None and all(map(self._stands, parts))

    @property
    def beside(self) -> dict[int, Citation]:
        """The quotes to show by themselves: records, and those that stand in no text that is here."""
        quotes = self.cited.quotes.items()
        return {
            place: each for place, each in quotes if each.part == "record" or not self._stands(each.part)
        }

    @property
    def segments(self) -> tuple[Segment, ...]:
        """The abstract, cut where quotes begin and end; empty where no quote is from it."""
        return self._segments("abstract")

    @property
    def note_segments(self) -> tuple[Segment, ...]:
        """The user's note, cut in the same way."""
        return self._segments("note")

    def _segments(self, part: Part) -> tuple[Segment, ...]:
        text, spans = self.paper.text_of(part) if self.paper else "", self._spans(part)
        return segments(text, (0, len(text)), spans) if spans and self._stands(part) else ()

    @property
    def in_pages(self) -> dict[int, Span]:
        """The spans of the body that hold the words of quotes from the abstract."""
        return spans_in_body(self._body, self._of("abstract")) if self._body else {}

    @property
    def excerpts(self) -> list[Excerpt]:
        """The quotes from the body in the text around them."""
        return excerpts(self._body, self._spans("body")) if self._body and self._stands("body") else []

    @property
    def _body(self) -> Body | None:
        return self.paper.body if self.paper else None

    def _stands(self, part: Part) -> bool:
        """Whether all quotes from a part of the paper stand in it."""
        text = self.paper.text_of(part) if self.paper else ""
        quotes = self._of(part).values()
        return all(quote.start >= 0 and text[quote.start : quote.end] == quote.quote for quote in quotes)

    def _spans(self, part: Part) -> dict[int, Span]:
        return {place: (quote.start, quote.end) for place, quote in self._of(part).items()}

    def _of(self, part: Part) -> dict[int, Citation]:
        return {place: quote for place, quote in self.cited.quotes.items() if quote.part == part}

    @property
    def authors(self) -> tuple[str, ...]:
        return self.citation.authors or (self.paper.authors if self.paper else ())

    @property
    def authors_in_short(self) -> str:
        if self.paper and self.paper.authors == self.authors:
            return of_paper(self.paper)
        return in_short(self.authors, self.paper.author_count if self.paper else None)


def shows(claim: Claim | None, card: Card) -> dict[int, Citation]:
    """The quotes of a card that show a claim."""
    quotes = claim.quotes if claim else ()
    return {place: card.cited.quotes[place] for place in quotes if place in card.cited.quotes}


def hint(quotes: Mapping[int, Citation]) -> str:
    """The first of these quotes, for those who hover over a number."""
    first = list(quotes.values())[:_HINTED]
    return " ".join(f"“{cut(readable(quote.quote), _LONGEST_HINT)}”" for quote in first)

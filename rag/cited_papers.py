"""The papers that an answer cites, each with its number and all its quotes."""

from dataclasses import dataclass

from rag.types import Answer, Citation, Part

NOT_OF_PAPER: dict[Part, str] = {"note": "your note", "record": "its record"}
"""What quotes are called that are no words of the paper."""


@dataclass(frozen=True)
class CitedPaper:
    """One paper: its quotes by their places among the answer's citations."""

    number: int
    quotes: dict[int, Citation]

    @property
    def citation(self) -> Citation:
        """The first one, which names the paper."""
        return next(iter(self.quotes.values()))

    def place_of(self, quote: Citation) -> str:
        """Where one of its quotes stands; beside quotes from elsewhere, one from the abstract says so."""
        is_alone = all(other.part == "abstract" for other in self.quotes.values())
        return place_of(quote) or ("abstract" if quote.part == "abstract" and not is_alone else "")


def cited_papers(answer: Answer) -> list[CitedPaper]:
    """The papers in the order of their first citations."""
    papers: dict[int, CitedPaper] = {}
    for place, citation in enumerate(answer.citations):
        papers.setdefault(citation.number, CitedPaper(citation.number, {})).quotes[place] = citation
    return list(papers.values())


def verbatim_quotes(answer: Answer) -> set[int]:
    """The places of the quotes that stand in the answer's text as they are."""
    return {place for claim in answer.claims if claim.check == "verbatim" for place in claim.quotes}


def place_of(citation: Citation) -> str:
    """Where a quote stands ("p. 7, 3.2 Results"), as far as that is known; or that it is no words of the
    paper ("your note")."""
    return NOT_OF_PAPER.get(citation.part) or where(citation.page, citation.label, citation.section)


def where(page: int | None, label: str | None, section: str | None) -> str:
    """A page with its section; the printed number of the page follows where it is another one."""
    printed = f" (printed {label})" if label and label != str(page) else ""
    return ", ".join(filter(None, (f"p. {page}{printed}" if page is not None else None, section)))

"""The evidence for the sentences of an answer: the papers that they cite, and the quotes from them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from eval.shelf import Shelf
from rag.checking import Statement
from rag.types import Answer, Citation, Paper, Passage


@dataclass(frozen=True)
class Evidence:
    """The sentences of an answer with the papers that they cite, one for each of their numbers.

    `given` are all papers that an answer was given, if it cites none. `quotes` counts its quotes and the
    numbers without one, `broken` those that are not the paper's text at their offsets.
    """

    cited: tuple[Statement, ...] = ()
    given: tuple[Paper, ...] = ()
    quotes: int = 0
    broken: int = 0

    @property
    def statements(self) -> tuple[Statement, ...]:
        """The sentences with the papers that may support them."""
        if not self.given:
            return self.cited
        return tuple(replace(statement, papers=self.given) for statement in self.cited)


def find_evidence(answer: Answer, shelf: Shelf) -> Evidence:
    """The evidence for the sentences of an answer; a paper that is not on the shelf counts as empty."""
    given = [] if answer.markers.written else [ranked.paper_id for ranked in answer.papers]
    cited = [citation.paper_id for citation in answer.citations]
    known = {**shelf.papers(given), **shelf.whole_papers(cited)}
    known = {id_: _as_cited(paper, answer.citations) for id_, paper in known.items()}
    papers = {each.number: known.get(each.paper_id) or _paper(each) for each in answer.citations}
    unquoted = {number for claim in answer.claims for number in claim.citations} - papers.keys()
    papers |= {number: Paper("", "") for number in unquoted}
    broken = [citation for citation in answer.citations if not _stands(citation, known)]
    return Evidence(
        cited=tuple(
            Statement(claim.text, tuple(papers[number] for number in claim.citations))
            for claim in answer.claims
        ),
        given=tuple(known[id_] for id_ in dict.fromkeys(given) if id_ in known),
        quotes=len(answer.citations) + len(unquoted),
        broken=len(broken) + len(unquoted),
    )


def _paper(citation: Citation) -> Paper:
    """The paper as far as its citation knows it."""
    return Paper(citation.title, "", citation.published, paper_id=citation.paper_id)


def _as_cited(paper: Paper, citations: Sequence[Citation]) -> Paper:
    """The paper with the blocks of its body that are quoted."""
    if not (body := paper.body):
        return paper
    quotes = [each for each in citations if (each.paper_id, each.part) == (paper.paper_id, "body")]
    blocks = {block for quote in quotes for block in body.blocks_around(quote.start, quote.end)}
    places = sorted((block.start, block.end) for block in blocks)
    return replace(paper, excerpts=tuple(Passage(paper.paper_id, *place, part="body") for place in places))


def _stands(citation: Citation, known: Mapping[str, Paper]) -> bool:
    """Whether the quote is the paper's text at its offsets, to the character."""
    paper = known.get(citation.paper_id)
    text = paper.text_of(citation.part) if paper else ""
    return text[citation.start : citation.end] == citation.quote

"""The evidence for an answer's claims: the quotes that each cites, and their papers."""

from collections.abc import Sequence
from dataclasses import dataclass

from eval.metrics import Statement
from eval.shelf import Papers, Shelf
from rag.readable import without_markup
from rag.types import Answer, Citation, Paper, Span


@dataclass(frozen=True)
class Evidence:
    """The claims of an answer with what they cite.

    `statements` hold whole papers, one text per marker, or the pieces of papers where the answer came with
    pieces. `quotes` hold each claim's quotes, each after the heading of its paper; where the answer cites
    nothing, they hold all that it was given. `broken` counts the markers whose quote is not the paper's
    text at its offsets.
    """

    statements: tuple[Statement, ...]
    quotes: tuple[tuple[str, ...], ...]
    broken: int


def find_evidence(answer: Answer, shelf: Shelf) -> Evidence:
    """The evidence for the claims of an answer; a paper that is not on the shelf counts as empty."""
    shelf = shelf if isinstance(shelf, Papers) else Papers((), shelf)
    ids = [citation.paper_id for citation in answer.citations]
    given = [] if answer.markers.written else [ranked.paper_id for ranked in answer.papers]
    papers = shelf.papers([*ids, *given])
    cited = {citation.number: citation for citation in answer.citations}
    known = {n: papers[citation.paper_id] for n, citation in cited.items() if citation.paper_id in papers}
    uncited = [part for id_ in given if id_ in papers for part in _parts(papers[id_], papers[id_].abstract)]

    def passages(numbers: Sequence[int]) -> tuple[str, ...]:
        return tuple(part for n in numbers if n in known for part in _parts(known[n], cited[n].quote))

    def texts(numbers: Sequence[int]) -> tuple[str, ...]:
        return tuple(_whole(known[n], shelf.piece(cited[n])) if n in known else "" for n in numbers)

    broken = {n for n, citation in cited.items() if not _stands(citation, known.get(n))}
    return Evidence(
        statements=tuple(Statement(claim.text, texts(claim.citations)) for claim in answer.claims),
        quotes=tuple(passages(claim.citations) or tuple(uncited) for claim in answer.claims),
        broken=sum(n in broken or n not in cited for claim in answer.claims for n in claim.citations),
    )


def _parts(paper: Paper, words: str) -> tuple[str, ...]:
    """The heading, and the words with and without their markup, as a claim may repeat either."""
    return tuple(dict.fromkeys((paper.heading, words, without_markup(words))))


def _whole(paper: Paper, piece: Span | None) -> str:
    start, end = piece or (0, len(paper.abstract))
    return ". ".join(filter(None, _parts(paper, paper.abstract[start:end])))


def _stands(citation: Citation, paper: Paper | None) -> bool:
    """Whether the quote is the paper's text at its offsets, to the character."""
    return paper is not None and paper.abstract[citation.start : citation.end] == citation.quote

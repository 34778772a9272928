"""Turns the reply of another program into an Answer."""

from collections.abc import Callable, Sequence
from dataclasses import replace

from eval.metrics.registry import EVIDENCE, RANKING, SETS
from eval.shelf import Papers, Shelf
from eval.systems.base import Answered
from eval.systems.nearest import NearestByWords
from eval.systems.replies import Read, Source, papers_of, ranking
from rag.checking import Verdict
from rag.checking.evidence import own_words
from rag.citations import cite
from rag.composing import Written
from rag.markers import Marker, find_markers
from rag.parts import Parts, sentences_of, statement_of
from rag.types import Answer, Hit, Paper, Passage, Request

Refuses = Callable[[str], bool]
"""Whether a text declines to answer."""

_EMPTY = ("", "Empty Response")  # the second is LlamaIndex's reply if nothing is retrieved


def find_refusal(reply: Read, refuses: Refuses | None) -> str | None:
    """Why the reply is a refusal; None if it is none."""
    if reply.refused is not None:
        return "the program says so" if reply.refused else None
    if reply.text.strip() in _EMPTY:
        return "the reply is empty"
    return "its words say so" if refuses and refuses(reply.text) else None


def answer_of(
    request: Request,
    reply: Read,
    refusal: str | None,
    *,
    shelf: Shelf,
    writer: str,
    seconds: float,
) -> Answered:
    """A program's reply to a request as an Answer, and its sources as a shelf before the given one.

    Its markers are the numbers of sources, from 1. A paper has one number, however many sources are pieces
    of it. Sentences that are the text of what they cite are verbatim, all others unchecked. The text is
    kept, except for markers and the layout of code.
    """
    sources = reply.sources or ()
    papers = papers_of(sources, shelf)
    own = Papers(papers, shelf)
    hits = _hits(sources, papers, own)
    written = _written(reply.text, [paper.paper_id for paper in papers], hits)
    cited = cite(_with_own_words(written.finish(), hits), hits, NearestByWords())
    answer = Answer(
        question=request.question,
        status="answered" if refusal is None else "refused",
        text=cited.text,
        reason=refusal,
        claims=cited.claims,
        citations=cited.citations,
        papers=ranking(sources, papers),
        filters=request.filters,
        writer=writer,
        markers=written.markers(),
        seconds={"total": round(seconds, 4)},
    )
    return Answered(answer, own, _lacking(reply))


def take_answer(answer: Answer, shelf: Shelf | None, seconds: float) -> Answered:
    """An Answer with the shelf of its papers; without one they are known by their quotes alone.

    Then a judge sees these, and what stands in the papers is unknown.
    """
    answer = replace(answer, seconds={"total": round(seconds, 4)} | answer.seconds)
    if shelf:
        return Answered(answer, shelf)
    lacking = dict.fromkeys(EVIDENCE, "its papers are not at hand: give their library")
    return Answered(answer, Papers(_quoted(answer)), lacking)


def _hits(sources: Sequence[Source], papers: Sequence[Paper], shelf: Papers) -> list[Hit]:
    """The papers of the sources, each once, with all its pieces; one without a title has a name."""
    labels: dict[str, str] = {}
    for source, paper in zip(sources, papers, strict=True):
        labels.setdefault(paper.paper_id, source.label)
    whole = shelf.papers(list(labels)).values()
    return [
        Hit(replace(paper, title=paper.title or labels[paper.paper_id]), 1.0, Passage(paper.paper_id, 0, 0))
        for paper in whole
    ]


def _written(text: str, paper_ids: Sequence[str], hits: Sequence[Hit]) -> Written:
    """The text with keys of hits in place of the numbers of sources."""
    keys = {hit.paper.paper_id: key for key, hit in enumerate(hits, start=1)}
    by_source = {number: keys[id_] for number, id_ in enumerate(paper_ids, start=1)}
    written = Written(hits)
    for piece in find_markers([f"{text.rstrip()}\n"]):  # nothing at the end is half a marker
        if isinstance(piece, Marker):
            piece = Marker(tuple(by_source.get(number, 0) for number in piece.keys))
        written.add(piece)
    return written


def _with_own_words(parts: Parts, hits: Sequence[Hit]) -> Parts:
    """The parts, with sentences that repeat the words of what they cite marked as verbatim."""
    for sentence in sentences_of(parts):
        if quote := own_words(statement_of(sentence, hits)):
            sentence.verdict = Verdict("verbatim", (quote,))
    return parts


def _lacking(reply: Read) -> dict[str, str]:
    """The metrics for which the reply says too little, each with what is missing."""
    lacking = {"filter_accuracy": "the reply does not say which years were taken"}
    if reply.sources is None:
        lacking |= dict.fromkeys((*RANKING, *SETS, *EVIDENCE), "the reply does not say its sources")
    elif reply.sources and not any(source.is_named for source in reply.sources):
        lacking |= dict.fromkeys(
            (*RANKING, *SETS), "the sources of the reply have neither a title nor an id"
        )
    return lacking


def _quoted(answer: Answer) -> list[Paper]:
    """The papers of an answer, with its quotes in their places and no other text."""
    papers = {
        ranked.paper_id: Paper(ranked.title, "", paper_id=ranked.paper_id) for ranked in answer.papers
    }
    for each in answer.citations:
        text = papers[each.paper_id].abstract if each.paper_id in papers else ""
        text = text[: each.start].ljust(each.start) + each.quote + text[each.start + len(each.quote) :]
        papers[each.paper_id] = Paper(each.title, text, each.published, paper_id=each.paper_id)
    return list(papers.values())

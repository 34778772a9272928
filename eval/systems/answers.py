"""Somebody else's reply as an Answer: our sentences, its markers, quotes of its sources."""

import re
from collections.abc import Callable, Sequence
from dataclasses import replace

from eval.metrics.registry import RANKING, SETS, SUPPORT
from eval.shelf import Papers, Shelf
from eval.systems.base import Answered
from eval.systems.replies import Read, Source, papers_of, ranking
from rag.citations import Composer
from rag.markers import UNSUPPORTED, find_markers
from rag.support import Judge
from rag.types import Answer, Citation, Hit, Paper, Passage, Request

Refuses = Callable[[str], bool]
"""Whether a text declines to answer."""

_EMPTY = ("", "Empty Response")  # the second is what LlamaIndex says where nothing is retrieved
_SAYS_UNSUPPORTED = re.compile(r"\\?[\[【［]([ \t]*unsupported[ \t]*)\\?[\]】］]", re.IGNORECASE)


def find_refusal(reply: Read, refuses: Refuses | None) -> str | None:
    """Why the reply is a refusal, None where it is none."""
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
    judge: Judge,
    shelf: Shelf,
    writer: str,
    seconds: float,
) -> Answered:
    """A program's reply to a request as an Answer, and its sources as a shelf before the given one.

    Its sentences are those of our own list, its markers count from 1 on into the sources, and quotes and
    support are chosen by the judge. Nothing of the text is left out but markers and the layout of code.
    """
    sources = reply.sources or ()
    papers = papers_of(sources, shelf)
    own = Papers(papers, shelf)
    composer = _composed(reply.text, papers, judge)
    answer = Answer(
        question=request.question,
        status="answered" if refusal is None else "refused",
        text=composer.shown.replace(f" {UNSUPPORTED}", ""),
        reason=refusal,
        claims=tuple(composer.claims),
        citations=tuple(_of_source(each, sources, papers, own) for each in composer.citations()),
        papers=ranking(sources, papers),
        filters=request.filters,
        resolved_question=None,
        missing=None,
        notes=(),
        writer=writer,
        markers=composer.markers(),
        usage={},
        seconds={"total": round(seconds, 4)},
        checked_by=judge.name if composer.is_judged() else None,
    )
    return Answered(answer, own, _untold(reply))


def take_answer(answer: Answer, shelf: Shelf | None, seconds: float) -> Answered:
    """An Answer with the shelf of its papers; without one they are known by their quotes alone.

    Then citations are judged by these, and whether they stand in the papers cannot be told.
    """
    answer = replace(answer, seconds={"total": round(seconds, 4)} | answer.seconds)
    if shelf:
        return Answered(answer, shelf)
    lacking = "its papers are not at hand: give their library"
    unknown = SUPPORT[:1] if not answer.markers.written else ()
    return Answered(
        answer, Papers(_quoted(answer)), dict.fromkeys((*unknown, "citation_validity"), lacking)
    )


def _composed(text: str, papers: Sequence[Paper], judge: Judge) -> Composer:
    """The text, composed and shown. Each distinct source is a paper apart, its place the id."""
    first: dict[tuple[str, str], str] = {}
    hits = []
    for place, paper in enumerate(papers):
        id_ = first.setdefault((paper.paper_id, paper.abstract), str(place))
        whole = Passage(id_, 0, len(paper.abstract))
        hits.append(Hit(replace(paper, paper_id=id_), 1.0, whole))
    composer = Composer(hits, judge, judge)
    ended = _SAYS_UNSUPPORTED.sub(r"(\1)", text.rstrip()) + "\n"  # nothing at the end is half a marker
    for piece in find_markers([ended]):
        composer.add(piece)
    composer.finish()
    composer.show_rest("mark")
    return composer


def _of_source(
    citation: Citation, sources: Sequence[Source], papers: Sequence[Paper], shelf: Papers
) -> Citation:
    """A composed citation with the id of its paper, and its place among the pieces of that."""
    at = int(citation.paper_id)
    begin = shelf.place(papers[at])
    return replace(
        citation,
        paper_id=papers[at].paper_id,
        title=citation.title or sources[at].label,
        start=citation.start + begin,
        end=citation.end + begin,
    )


def _untold(reply: Read) -> dict[str, str]:
    """The metrics that the reply says too little for."""
    untold = {"filter_accuracy": "the reply does not say which years were taken"}
    if reply.sources is None:
        untold |= dict.fromkeys((*RANKING, *SETS, *SUPPORT), "the reply does not say its sources")
    elif reply.sources and not any(source.is_named for source in reply.sources):
        untold |= dict.fromkeys(
            (*RANKING, *SETS), "the sources of the reply have neither a title nor an id"
        )
    return untold


def _quoted(answer: Answer) -> list[Paper]:
    """The papers of an answer, with what it quotes at its place and nothing else."""
    papers = {
        ranked.paper_id: Paper(ranked.title, "", paper_id=ranked.paper_id) for ranked in answer.papers
    }
    for each in answer.citations:
        text = papers[each.paper_id].abstract if each.paper_id in papers else ""
        text = text[: each.start].ljust(each.start) + each.quote + text[each.start + len(each.quote) :]
        papers[each.paper_id] = Paper(each.title, text, each.published, paper_id=each.paper_id)
    return list(papers.values())

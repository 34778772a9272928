"""Cuts papers to the passages that a small model reads."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain, zip_longest

from rag.markers import neutral
from rag.plain import cut
from rag.query import Understanding
from rag.reading import Reader, Reading, Sentence
from rag.tokens import count_tokens
from rag.types import Hit, Kind, Paper
from rag.writers.extractive import sides
from rag.writers.relevance import relevances

_PAPERS: dict[Kind, int] = {"single": 3, "comparison": 5, "list": 8}
_BEST = 2  # papers of a comparison that are shown beside those of its two sides
_LONGEST_TITLE, _LONGEST_PASSAGE = 200, 700  # characters
_MARKER_TOKENS = 8  # of "[1]", the year and line ends


@dataclass(frozen=True)
class Source:
    """A paper cut to the passages that are shown, and its key among the hits."""

    key: int
    paper: Paper
    record: str = ""  # where the question asks for it

    def line(self, number: int) -> str:
        """The source as a prompt shows it, without anything else that reads as a marker."""
        record = [neutral(self.record)] if self.record else []
        note = [f"Reader's note: {neutral(self.paper.note)}"] if self.paper.note else []
        return "\n".join(
            [f"[{number}] {neutral(self.paper.heading)}", *record, neutral(self.paper.abstract), *note]
        )


def choose_sources(
    reader: Reader, question: Understanding, hits: Sequence[Hit], room: int
) -> tuple[Source, ...]:
    """The papers that answer best, or those of the two sides, cut to their best passages.

    Together they have about `room` tokens at most.
    """
    kind = question.kind
    hits = hits[: _PAPERS[kind]]
    reading = reader.read(question.whole, hits)
    places = tuple(range(len(hits)))
    if kind == "comparison" and len(hits) > 1:
        places = tuple(sorted({*sides(reading), *places[:_BEST]}))
    passages = _fitting(_in_order(reading, hits, places, kind), [hits[place] for place in places], room)
    return tuple(
        Source(
            place + 1,
            _cut(hits[place].paper, (own for own in passages if own.hit == place)),
            hits[place].paper.text_of("record") if question.asks_record else "",
        )
        for place in places
    )


def _in_order(
    reading: Reading, hits: Sequence[Hit], places: Sequence[int], kind: Kind
) -> Iterator[Sentence]:
    """The passages, the most telling first, with the best one of each paper before all others.

    The sources of a list and of a comparison take turns.
    """
    values = dict(zip(map(id, reading.sentences), relevances(reading, hits), strict=True))

    def ranked(sentences: Iterable[Sentence]) -> list[Sentence]:
        return sorted(sentences, key=lambda sentence: -values[id(sentence)])

    of_papers = [ranked(own for own in reading.sentences if own.hit == place) for place in places]
    if kind == "single":
        firsts = [own[0] for own in of_papers if own]
        rest = ranked(sentence for own in of_papers for sentence in own[1:])
        return iter([*firsts, *rest])
    return filter(None, chain.from_iterable(zip_longest(*of_papers)))


def _fitting(passages: Iterable[Sentence], hits: Sequence[Hit], room: int) -> list[Sentence]:
    """The passages that fit beside the titles."""
    room -= sum(count_tokens(_title(hit.paper)) + _MARKER_TOKENS for hit in hits)
    fitting = []
    for passage in passages:
        size = count_tokens(f" {_text(passage)}")
        if size <= room:
            fitting.append(passage)
            room -= size
    return fitting


def _cut(paper: Paper, passages: Iterable[Sentence]) -> Paper:
    """The paper with these passages only, in their order there."""
    ordered = sorted(passages, key=lambda passage: (passage.place.part, passage.place.start))
    abstract = " ".join(_text(own) for own in ordered if own.place.part != "note")
    note = " ".join(_text(own) for own in ordered if own.place.part == "note")
    return replace(paper, title=_title(paper), abstract=abstract, note=note, body=None, excerpts=())


def _title(paper: Paper) -> str:
    return cut(paper.title, _LONGEST_TITLE)


def _text(passage: Sentence) -> str:
    return cut(" ".join(passage.text.split()), _LONGEST_PASSAGE)

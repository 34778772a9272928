"""The writer without a language model: the sentences of the papers that answer best."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate

from rag.citations import Piece, Quote, without_markers
from rag.embedding.base import Encoder, Vectors
from rag.sentences import sentence_spans, strip_span
from rag.types import Hit, Span
from rag.words import content_words, numbers
from rag.writers.base import Log, Task

_PAPERS = 5  # whose sentences are compared
_SENTENCES = 4  # the most that an answer holds
_WORDS = 60  # the length of an answer unless told otherwise
# Share of the best sentence's relevance from which a further one is worth reading: of the same
# paper it adds to the answer, of another it may be about something else.
_SHARE_SAME_PAPER, _SHARE_OTHER_PAPER = 0.6, 0.75
_REPEATS = 0.9  # cosine from which two sentences say the same
# Within a paper: chosen on SciFact's training claims, where the first sentence is a rationale for
# 0.67 of 300 claims (0.51 by cosine alone); findings stand late in an abstract. Docs: retrieval.md.
_WEIGHTS = {"cosine": 0.5, "words": 0.3, "place": 0.15, "paper": 0.3}
_NUMBER_BONUS = 0.1
_ENDS = re.compile(r"[.!?][\"'”’)\]]+$")  # a full stop inside quotation marks
# Where code can be had: said in many abstracts, and asked for in few questions.
_LINK = re.compile(
    r"https?:|\bgithub\b|\bcodes?\b.{0,40}\b(?:available|released|public|open-?sourced?)\b", re.IGNORECASE
)
_ASKS_FOR_LINK = re.compile(
    r"\b(?:available|availability|downloads?|releas\w+|github|links?|urls?|open-?sourced?|public(?:ly)?)\b"
    r"|\b(?:the|its|their) code\b",
    re.IGNORECASE,
)
_ASKS_FOR_NUMBER = ("how much", "how many", "how large", "how big", "how long", "how fast", "by what")


@dataclass(frozen=True)
class _Sentence:
    hit: int  # place of its paper among the hits, from 0
    span: Span
    text: str
    relevance: float
    vector: Vectors


class ExtractiveWriter:
    """Picks the sentences nearest to the question, by cosine, shared words and the paper's score."""

    name = "extractive"

    def __init__(self, encoder: Encoder) -> None:
        self._encoder = encoder

    def write(self, task: Task, hits: Sequence[Hit], log: Log) -> Iterator[Piece]:
        """At least one sentence, then further ones while the words and relevance allow.

        A list has the best sentence of each paper, in the order of the papers.
        """
        is_list = task.kind == "list"
        chosen = self._list(task, hits) if is_list else self._choose(task, hits[:_PAPERS])
        for sentence in chosen:
            body, stop = without_markers(sentence.text), "."
            if body[-1] in ".!?":
                body, stop = body[:-1], body[-1]
            elif _ENDS.search(body):
                stop = ""
            yield body
            yield Quote(sentence.hit, sentence.span)
            yield f"{stop}\n" if is_list else f"{stop} "

    def _list(self, task: Task, hits: Sequence[Hit]) -> list[_Sentence]:
        """The best sentence of each paper; of the first ones only where the words are counted."""
        best: dict[int, _Sentence] = {}
        for sentence in self._sentences(task.question, hits):
            if sentence.hit not in best or sentence.relevance > best[sentence.hit].relevance:
                best[sentence.hit] = sentence
        listed = [best[place] for place in sorted(best)]
        if task.words is None:
            return listed
        lengths = accumulate(len(sentence.text.split()) for sentence in listed)
        return [
            sentence
            for place, (sentence, length) in enumerate(zip(listed, lengths, strict=True))
            if not place or length <= task.words
        ]

    def _choose(self, task: Task, hits: Sequence[Hit]) -> list[_Sentence]:
        words = task.words or _WORDS
        ranked = sorted(self._sentences(task.question, hits), key=lambda row: -row.relevance)
        chosen: list[_Sentence] = []
        for sentence in ranked:
            length = sum(len(row.text.split()) for row in [*chosen, sentence])
            if chosen and (
                len(chosen) == _SENTENCES
                or length > words
                or sentence.relevance < _worth_reading(sentence, ranked[0])
                or any(float(row.vector @ sentence.vector) > _REPEATS for row in chosen)
            ):
                continue
            chosen.append(sentence)
        return sorted(chosen, key=lambda row: (row.hit, row.span))

    def _sentences(self, question: str, hits: Sequence[Hit]) -> list[_Sentence]:
        places = [
            (number, span)
            for number, hit in enumerate(hits)
            for span in (strip_span(hit.paper.abstract, s) for s in sentence_spans(hit.paper.abstract))
        ]
        if not _ASKS_FOR_LINK.search(question):
            places = [place for place in places if not _LINK.search(_text(hits, place))] or places
        texts = [_text(hits, place) for place in places]
        vectors = self._encoder.encode([question, *texts])
        cosines = vectors[1:] @ vectors[0]
        asked, wants_number = set(content_words(question)), _asks_for_number(question)
        return [
            _Sentence(
                number,
                span,
                text,
                _relevance(float(cosine), asked, hits[number], span)
                + (_NUMBER_BONUS if wants_number and numbers(text) else 0.0),
                vector,
            )
            for (number, span), text, cosine, vector in zip(
                places, texts, cosines, vectors[1:], strict=True
            )
        ]


def _worth_reading(sentence: _Sentence, best: _Sentence) -> float:
    """The relevance from which a sentence is added to the best one."""
    share = _SHARE_SAME_PAPER if sentence.hit == best.hit else _SHARE_OTHER_PAPER
    return share * best.relevance


def _text(hits: Sequence[Hit], place: tuple[int, Span]) -> str:
    number, (start, end) = place
    return hits[number].paper.abstract[start:end]


def _relevance(cosine: float, asked: set[str], hit: Hit, span: Span) -> float:
    """The title counts as said in each sentence of a paper."""
    start, end = span
    said = set(content_words(f"{hit.paper.title} {hit.paper.abstract[start:end]}"))
    shared = len(asked & said) / len(asked) if asked else 0.0
    signals = {"cosine": cosine, "words": shared, "paper": hit.score}
    signals["place"] = start / len(hit.paper.abstract)
    return sum(weight * signals[name] for name, weight in _WEIGHTS.items())


def _asks_for_number(question: str) -> bool:
    return any(phrase in question.lower() for phrase in _ASKS_FOR_NUMBER)

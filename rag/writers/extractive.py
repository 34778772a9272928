"""The writer without a language model: the clauses of the papers that answer best, quoted whole."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate, groupby, product

from rag.citations import Piece, Quote
from rag.markers import without_markers
from rag.names import introduces, names, titled
from rag.reading import Reader, Sentence
from rag.support import Judge
from rag.types import Hit
from rag.words import content_words
from rag.writers.base import Log, Task
from rag.writers.clauses import clauses
from rag.writers.details import asked_about
from rag.writers.gaps import Gap, find_gap
from rag.writers.relevance import Question, features, gives_link, relevance, rest_weights

_PAPERS = 5  # whose sentences are compared
_CHOICES = 8  # parts of each that are tried beside those of the others
_SIDES = 3  # the most papers that a comparison sets side by side
_WORDS = 60  # the length of an answer unless told otherwise
# Share of the best clause's probability from which a further one is worth reading: of the same
# paper it adds to the answer, of another it may be about something else.
_SHARE_SAME_PAPER, _SHARE_OTHER_PAPER = 0.05, 0.2
_PLAIN_WORD = re.compile(r"[a-z][a-z'’-]*(?![\w])")
_ENDS = re.compile(r"[.!?][\"'”’)\]]+$")  # a full stop inside quotation marks
_SAYS_THE_SAME = 0.8  # share of the words of a sentence that another one has too


@dataclass(frozen=True)
class _Part:
    """The beginning of a sentence, as far as it is worth reading; `value` is what it adds."""

    sentence: Sentence
    text: str
    value: float

    @property
    def words(self) -> int:
        return len(self.text.split())


class ExtractiveWriter:
    """Picks the clauses that are likeliest to answer, as many as the words hold."""

    name = "extractive"

    def __init__(self, reader: Reader, judge: Judge) -> None:
        self._reader = reader
        self._judge = judge

    def write(self, task: Task, hits: Sequence[Hit], log: Log) -> Iterator[Piece]:
        """At least one sentence, then further ones while words and relevance allow.

        A list has the best sentence of each paper, in the order of the papers; a comparison
        shares its words among the papers that it compares.
        """
        gap = self._gap(task, hits) if task.kind == "single" else None
        if gap and gap.whole:
            log.refusal = gap.reason
            chosen = [_Part(gap.shows, gap.shows.text, 1.0)]
        else:
            log.missing = gap.missing if gap else None
            chosen = self._choose(task, hits)
        end = "\n" if task.kind == "list" else " "
        for part in chosen:
            body, stop = _sentence(part.text)
            yield body
            yield Quote(part.sentence.hit, part.sentence.span)
            yield stop + end

    def _gap(self, task: Task, hits: Sequence[Hit]) -> Gap | None:
        nearest, said = hits[:_PAPERS], task.said or task.question
        about = asked_about(task.question, nearest)
        return find_gap(said, nearest, about, self._reader.read(said, nearest), self._judge)

    def _choose(self, task: Task, hits: Sequence[Hit]) -> list[_Part]:
        words = task.words or _WORDS
        if task.kind == "list":
            listed = [max(parts, key=_value) for parts in self._by_paper(task, hits)]
            return listed if task.words is None else list(_within(listed, words))
        if task.kind == "comparison" and len(sides := compared(task.question, hits)) > 1:
            return _side_by_side(self._by_paper(task, hits[:_PAPERS], sides), words)
        nearest = hits[:_PAPERS]
        meant = titled(task.question, nearest) if Question(task.question).wants_definition else None
        return _best(self._parts(task, nearest, meant or None), words)

    def _by_paper(
        self, task: Task, hits: Sequence[Hit], places: Sequence[int] | None = None
    ) -> list[list[_Part]]:
        """The parts of each of these hits."""
        parts = self._parts(task, hits, places)
        by_place: dict[int, list[_Part]] = {}
        for part in parts:
            by_place.setdefault(part.sentence.hit, []).append(part)
        return list(by_place.values())

    def _parts(self, task: Task, hits: Sequence[Hit], places: Sequence[int] | None = None) -> list[_Part]:
        """The beginnings of the sentences of these hits, clause by clause."""
        asked, wanted = Question(task.question, task.kind), set(content_words(task.question))
        reading = self._reader.read(task.question, hits)
        weights = rest_weights(reading)
        parts = []
        for sentence in reading.sentences:
            if places is not None and sentence.hit not in places:
                continue
            if gives_link(sentence.text) and not asked.wants_link:
                continue
            spans = clauses(sentence.text, wanted, keep_reasons=asked.wants_reason)
            values = accumulate(relevance(features(asked, sentence, span, hits, weights)) for span in spans)
            parts += [
                _Part(sentence, sentence.text[spans[0][0] : end], value)
                for (_, end), value in zip(spans, values, strict=True)
            ]
        return parts


def compared(question: str, hits: Sequence[Hit]) -> list[int]:
    """The places of the hits that a question compares: those whose titles begin with a name in it, else
    those that introduce one, else the first two."""
    nearest = hits[:_PAPERS]
    asked = [name for name in names(question) if name.is_coined]
    named = [
        place for place, hit in enumerate(nearest) if any(introduces(hit.paper, name) for name in asked)
    ]
    sides = max(titled(question, nearest), named, key=lambda places: min(len(places), 2))
    return sides[:_SIDES] if len(sides) > 1 else list(range(min(2, len(hits))))


def _side_by_side(sides: Sequence[Sequence[_Part]], words: int) -> list[_Part]:
    """A part of each side, worth most together within these words, then what else they hold.

    The best of each where no choice fits.
    """
    best = [sorted(parts, key=_value, reverse=True)[:_CHOICES] for parts in sides]
    fitting = (choice for choice in product(*best) if sum(part.words for part in choice) <= words)
    chosen = max(fitting, key=lambda choice: sum(map(_value, choice)), default=tuple(of[0] for of in best))
    left = words - sum(part.words for part in chosen)
    used = {id(part.sentence) for part in chosen}
    others = [
        part for parts in sides for part in parts if id(part.sentence) not in used and part.words <= left
    ]
    more = _best(others, left) if others else []
    return sorted([*chosen, *more], key=lambda part: (part.sentence.hit, part.sentence.span))


def _best(parts: Sequence[_Part], words: int) -> list[_Part]:
    """The parts that together are worth most within these words, in the order of the papers.

    At most one of each sentence (a multiple-choice knapsack, by dynamic programming over the
    number of words); the best alone where nothing fits.
    """
    if not parts:
        return []
    best = max(parts, key=_value)
    worth = [part for part in parts if part.value >= _least(part, best)]
    plans: dict[int, tuple[float, tuple[_Part, ...]]] = {0: (0.0, ())}
    for _, of_sentence in groupby(worth, key=lambda part: id(part.sentence)):
        choices = list(of_sentence)
        for used, (value, chosen) in list(plans.items()):
            for part in choices:
                total = used + part.words
                if total > words or (total in plans and plans[total][0] >= value + part.value):
                    continue
                if not any(_says_the_same(part, other) for other in chosen):
                    plans[total] = value + part.value, (*chosen, part)
    chosen = max(plans.values(), key=lambda plan: plan[0])[1] or (best,)
    return sorted(chosen, key=lambda part: (part.sentence.hit, part.sentence.span))


def _least(part: _Part, best: _Part) -> float:
    is_same = part.sentence.hit == best.sentence.hit
    return (_SHARE_SAME_PAPER if is_same else _SHARE_OTHER_PAPER) * best.value


def _value(part: _Part) -> float:
    return part.value


def _within(parts: Sequence[_Part], words: int) -> Iterator[_Part]:
    """The first parts, as many as these words hold, and one at least."""
    used = 0
    for place, part in enumerate(parts):
        used += part.words
        if place and used > words:
            return
        yield part


def _says_the_same(part: _Part, other: _Part) -> bool:
    mine, others = set(content_words(part.text)), set(content_words(other.text))
    return len(mine & others) >= _SAYS_THE_SAME * max(min(len(mine), len(others)), 1)


def _sentence(text: str) -> tuple[str, str]:
    """A part as a sentence, without a paper's own reference numbers; and its full stop."""
    body = without_markers(text).rstrip(" ,;:–-")
    if _PLAIN_WORD.match(body):  # "bert2BERT" stays as it is
        body = body[0].upper() + body[1:]
    if body[-1:] in tuple(".!?"):
        return body[:-1], body[-1]
    return body, "" if _ENDS.search(body) else "."

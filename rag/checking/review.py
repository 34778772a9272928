"""Checks the sentences of an answer, and has those in doubt corrected once."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from rag.checking.base import Judge, Quote, Verdict
from rag.checking.evidence import quotes_of
from rag.composing import Written
from rag.markers import find_markers
from rag.model.base import Usage
from rag.parts import Parts, Sentence, doubts_of, sentences_of, statement_of
from rag.types import Hit, Kind
from rag.writers.base import Correction

Correct = Callable[[Parts], Sequence[Correction]]
"""Asks a writer for corrections of the sentences of an answer that are in doubt."""

_CITES_NOTHING = Verdict("not found", reason="it cites nothing")


@dataclass(frozen=True)
class Review:
    """The check of one answer, whose sentences cite these hits by keys from 1."""

    judge: Judge
    hits: Sequence[Hit]

    def check(self, parts: Parts, kind: Kind, usage: Usage) -> None:
        """Give each sentence its verdict, in one request. Raises ModelError.

        A sentence without a marker is compared with all papers that the answer cites: the first one of a
        comparison rests on them all, another one cites those whose words show it.
        """
        cited = tuple(dict.fromkeys(key for sentence in sentences_of(parts) for key in sentence.keys))
        sentences = [part for part in sentences_of(parts) if part.verdict.check != "verbatim"]
        bare = [sentence for sentence in sentences if not sentence.keys]
        if kind == "comparison" and cited and bare:
            bare.pop(0).keys = cited
        self._judge([sentence for sentence in sentences if sentence.keys or cited], cited, usage)
        for sentence in bare:
            self._cite_what_shows(sentence)

    def correct(self, parts: Parts, ask: Correct, usage: Usage) -> Parts:
        """The parts with the better of each sentence in doubt and its correction. Raises ModelError."""
        corrections = zip(doubts_of(parts), ask(parts), strict=True)
        corrected = {id(doubt): self._corrected(doubt, correction) for doubt, correction in corrections}
        self._judge([new for new_parts in corrected.values() for new in sentences_of(new_parts)], (), usage)
        better: Parts = []
        for part in parts:
            others = corrected.get(id(part), [])
            worth = min((sentence.verdict.worth for sentence in sentences_of(others)), default=0)
            better += others if isinstance(part, Sentence) and worth > part.verdict.worth else [part]
        return better

    def _judge(self, sentences: Sequence[Sentence], cited: Sequence[int], usage: Usage) -> None:
        """Give each its verdict by the papers that it cites, or by those that the answer cites."""
        statements = [statement_of(sentence, self.hits, cited) for sentence in sentences]
        for sentence, verdict in zip(sentences, self.judge.judge(statements, usage), strict=True):
            sentence.verdict = verdict

    def _corrected(self, doubt: Sentence, correction: Correction) -> Parts:
        """New sentences, if all have keys, or the old one with words that show it; none without either."""
        if correction.text:
            written = Written(self.hits)
            for piece in find_markers([correction.text]):
                written.add(piece)
            parts = written.finish()
            return parts if all(sentence.keys for sentence in sentences_of(parts)) else []
        papers = [hit.paper for hit in self.hits]
        quotes = [quote for words in correction.words for quote in quotes_of(words, papers)]
        if not quotes:
            return []
        same = replace(doubt, pointed_to=tuple(quote.text for quote in quotes))
        if not same.keys:
            same.cite(self._keys_of(quotes))
        return [same]

    def _cite_what_shows(self, sentence: Sentence) -> None:
        """Give a sentence without a marker the papers whose words show it."""
        verdict = sentence.verdict
        if verdict.check in ("supported", "verbatim", "partly") and verdict.quotes:
            sentence.cite(self._keys_of(verdict.quotes))
        else:
            sentence.verdict = _CITES_NOTHING

    def _keys_of(self, quotes: Sequence[Quote]) -> tuple[int, ...]:
        """The keys of the papers that are quoted."""
        quoted = {quote.paper.paper_id for quote in quotes}
        return tuple(key for key, hit in enumerate(self.hits, start=1) if hit.paper.paper_id in quoted)

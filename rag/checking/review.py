"""Checks the sentences of an answer, and has those that are not supported written anew once."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from rag.checking.base import Judge, Statement, Verdict
from rag.checking.evidence import quotes_of
from rag.composing import Parts, Sentence, Written, doubts_of, sentences_of
from rag.markers import find_markers
from rag.model.base import Usage
from rag.types import Hit, Kind, Paper
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
        sentences = [part for part in sentences_of(parts) if part.verdict.check != "verbatim"]
        cited = tuple(dict.fromkeys(key for sentence in sentences_of(parts) for key in sentence.keys))
        bare = [sentence for sentence in sentences if not sentence.keys]
        for sentence in bare[:1] if kind == "comparison" else ():
            sentence.keys = cited
        asked = [sentence for sentence in sentences if sentence.keys or cited]
        verdicts = self.judge.judge([self._statement(each, each.keys or cited) for each in asked], usage)
        for sentence, verdict in zip(asked, verdicts, strict=True):
            sentence.verdict = verdict
        for sentence in bare:
            if not sentence.keys:
                self._cite_what_shows(sentence)

    def correct(self, parts: Parts, ask: Correct, usage: Usage) -> Parts:
        """The parts with the better of each sentence in doubt and its correction. Raises ModelError."""
        corrected: dict[int, tuple[Parts, tuple[str, ...]]] = {}  # by the identity of the sentence
        for doubt, correction in zip(doubts_of(parts), ask(parts), strict=True):
            if corrected_parts := self._corrected(doubt, correction):
                corrected[id(doubt)] = corrected_parts
        pairs = [(new, words) for parts_, words in corrected.values() for new in sentences_of(parts_)]
        statements = [self._statement(new, new.keys, words) for new, words in pairs]
        verdicts = self.judge.judge(statements, usage)
        for (new, _), verdict in zip(pairs, verdicts, strict=True):
            new.verdict = verdict
        better: Parts = []
        for part in parts:
            other = corrected[id(part)][0] if id(part) in corrected else []
            is_better = isinstance(part, Sentence) and other and _worth(other) > part.verdict.worth
            better += other if is_better else [part]
        return better

    def _corrected(self, doubt: Sentence, correction: Correction) -> tuple[Parts, tuple[str, ...]] | None:
        """The new sentences with keys, or the old one with words that show it; None without either."""
        if correction.text:
            written = Written(self.hits)
            for piece in find_markers([correction.text]):
                written.add(piece)
            parts = written.finish()
            sentences = sentences_of(parts)
            return (parts, ()) if sentences and all(sentence.keys for sentence in sentences) else None
        papers = [hit.paper for hit in self.hits]
        quotes = [quote for words in correction.words for quote in quotes_of(words, papers)]
        if not quotes:
            return None
        same = replace(doubt)
        if not same.keys:
            same.cite(self._keys_of([quote.paper for quote in quotes]))
        return [same], tuple(quote.text for quote in quotes)

    def _cite_what_shows(self, sentence: Sentence) -> None:
        """Give a sentence without a marker the papers whose words show it."""
        if sentence.verdict.check in ("supported", "verbatim", "partly") and sentence.verdict.quotes:
            sentence.cite(self._keys_of([quote.paper for quote in sentence.verdict.quotes]))
        else:
            sentence.verdict = _CITES_NOTHING

    def _keys_of(self, papers: Sequence[Paper]) -> tuple[int, ...]:
        wanted = {paper.paper_id for paper in papers}
        return tuple(key for key, hit in enumerate(self.hits, start=1) if hit.paper.paper_id in wanted)

    def _statement(self, sentence: Sentence, keys: Sequence[int], words: tuple[str, ...] = ()) -> Statement:
        return Statement(sentence.text, tuple(self.hits[key - 1].paper for key in keys), words)


def _worth(parts: Parts) -> int:
    return min(sentence.verdict.worth for sentence in sentences_of(parts))

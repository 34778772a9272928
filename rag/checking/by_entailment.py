"""The judge of sentences with an entailment model: does some evidence of the papers entail the sentence?"""

import os
import threading
from collections.abc import Iterator, Sequence
from heapq import nlargest
from pathlib import Path
from typing import TYPE_CHECKING

from rag.checking.base import Quote, Statement, Verdict
from rag.checking.evidence import own_words, supported
from rag.model.base import Usage
from rag.sentences import LONGEST_SENTENCE, sentences_in
from rag.types import Paper
from rag.words import content_words

if TYPE_CHECKING:
    from rag.checking.entailment_model import EntailmentModel

_LIKELY = 0.5  # the probability from which a verdict follows
_IN_A_ROW = 3  # sentences of a paper that are read together, at most
_MOST = 12  # pieces of evidence of each length, as the model reads each with the sentence
_TOO_LONG = "it is too long for the judge"

Evidence = tuple[Quote, ...]


class EntailmentJudge:
    """Judges by an entailment model in a folder, which is loaded at the first statement that needs it.

    Safe to use from several threads.
    """

    def __init__(self, name: str, folder: Path) -> None:
        self._name, self._folder = name, folder
        self._loading = threading.Lock()
        self._loaded: EntailmentModel | None = None

    @property
    def name(self) -> str:
        return f"entailment:{self._name}"

    def judge(self, statements: Sequence[Statement], usage: Usage) -> list[Verdict]:
        """A verdict on each statement, in order; no requests are sent, so `usage` stays as it is.

        Raises ModelMissingError, and ModelError if the files hold no entailment model.
        """
        return [self._verdict(statement) for statement in statements]

    def _verdict(self, statement: Statement) -> Verdict:
        if quote := own_words(statement):
            return Verdict("verbatim", (quote,))
        if not (pieces := evidence_for(statement)):
            return Verdict("not found")
        model = self._load()
        if model.is_too_long(statement.text):
            return Verdict(reason=_TOO_LONG)
        entails, contradicts = model.probabilities(list(map(_text, pieces)), statement.text)
        best_first = sorted(zip(entails, pieces, strict=True), key=lambda row: -row[0])
        verdicts = [
            supported(statement.text, piece, support=support)
            for support, piece in best_first
            if support >= _LIKELY
        ]
        if verdicts:
            return next((verdict for verdict in verdicts if verdict.is_supported), verdicts[0])
        worst = max(contradicts)
        if worst >= _LIKELY:
            return Verdict("contradicted", pieces[contradicts.index(worst)], support=best_first[0][0])
        return Verdict("not found", support=best_first[0][0])

    def _load(self) -> "EntailmentModel":
        with self._loading:
            if self._loaded is None:
                os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")  # onnxruntime reads it at its import
                from rag.checking.entailment_model import EntailmentModel

                self._loaded = EntailmentModel(self._name, self._folder)
            return self._loaded


def evidence_for(statement: Statement) -> list[Evidence]:
    """Pieces of the papers that may show a statement: their sentences, alone and with neighbours, their
    records, and the two nearest sentences together, which may be of two papers. Near is what has its words.
    """
    words = set(content_words(statement.text))

    def nearest(count: int, pieces: Sequence[Evidence]) -> list[Evidence]:
        return nlargest(
            count, pieces, key=lambda piece: len(words.intersection(content_words(_text(piece))))
        )

    by_length = [
        [(quote,) for paper in statement.papers for quote in _in_a_row(paper, length)]
        for length in range(1, _IN_A_ROW + 1)
    ]
    records = [Quote.at(paper, paper.whole("record")) for paper in statement.papers]
    by_length.append([(record,) for record in records if words.intersection(content_words(record.text))])
    two = nearest(2, by_length[0])
    together = [tuple(quote for sentence in by_length[0] if sentence in two for quote in sentence)]
    return [piece for pieces in by_length for piece in nearest(_MOST, pieces)] + together * (len(two) == 2)


def _in_a_row(paper: Paper, length: int) -> Iterator[Quote]:
    """Each run of so many sentences of what is read of the paper."""
    sentences = list(sentences_in(paper))
    for first, last in zip(sentences, sentences[length - 1 :], strict=False):
        if first.part == last.part and first.start < last.end <= first.end + LONGEST_SENTENCE:
            yield Quote(paper, (first.start, last.end), first.part)


def _text(piece: Evidence) -> str:
    return " ".join(quote.text for quote in piece)

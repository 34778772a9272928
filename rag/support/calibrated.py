"""A judge without a language model.

    evidence  = sigmoid(how far the passages speak of what the claim speaks of)
    agreement = sigmoid(how far they go the same way)
    value     = evidence * agreement, and below the threshold where a number is not there, or a
                direction or a negation is turned round

From the threshold on a value counts as support, unless a name is not there. Words are matched by the
vectors of the embedded encoder; weights and threshold are in `calibration.json`.
"""

from collections.abc import Sequence

from rag.embedding.base import TokenEncoder
from rag.sentences import sentence_spans
from rag.support.base import Support
from rag.support.calibration import Calibration, calibration
from rag.support.case import Case
from rag.support.texts import text_reader
from rag.words import content_words

_AT_ODDS = 0.99  # of the threshold, at most


class CalibratedJudge:
    """Judges by words, numbers, names and directions. Safe to use from several threads."""

    name = "calibrated-1"

    def __init__(self, encoder: TokenEncoder, calibrated: Calibration | None = None) -> None:
        self._texts = text_reader(encoder)
        self._calibration = calibrated or calibration()

    def judge(self, pairs: Sequence[tuple[str, Sequence[str]]]) -> list[Support]:
        """The support of each claim by its passages. Each distinct sentence is encoded once."""
        return [
            _judged(case, self._calibration)
            if case
            else Support(0.0, False, ("there is nothing to compare",))
            for case in self.cases(pairs)
        ]

    def cases(self, pairs: Sequence[tuple[str, Sequence[str]]]) -> list[Case | None]:
        """The claims with their passages as they are compared; None where either has no words."""
        split = [(claim, passages, _sentences(passages)) for claim, passages in pairs]
        read = self._texts.of(text for claim, _, sentences in split for text in (claim, *sentences))
        return [
            Case(read[claim], passages, found)
            if content_words(claim) and (found := [read[s] for s in sentences if read[s].words])
            else None
            for claim, passages, sentences in split
        ]


def _sentences(passages: Sequence[str]) -> list[str]:
    return [
        sentence
        for passage in passages
        for start, end in sentence_spans(passage)
        if (sentence := passage[start:end].strip())
    ]


def _judged(case: Case, calibration: Calibration) -> Support:
    if case.is_verbatim:
        return Support(1.0, True, ("word for word",), 1.0)
    features = case.features
    evidence = calibration.evidence(features)
    value = evidence * calibration.agreement(features)
    if case.turned or case.numbers:
        value = min(value, _AT_ODDS * calibration.supported)
    supported = value >= calibration.supported and not case.names
    conflicts = case.turned + case.other_numbers
    reasons = conflicts + (() if supported else case.absent)
    return Support(round(value, 4), supported, reasons, round(evidence, 4), conflicts)

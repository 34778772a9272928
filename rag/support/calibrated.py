"""A judge without a language model.

evidence  = sigmoid(how far the passages speak of what the claim speaks of)
agreement = sigmoid(how far they go the same way)
value     = evidence * agreement, and never enough where a number, a name or a direction differs
"""

from collections.abc import Sequence

from rag.embedding.base import TokenEncoder
from rag.sentences import sentence_spans
from rag.support import matching, polarity
from rag.support.base import Support
from rag.support.calibration import Calibration, calibration
from rag.support.names import missing_names
from rag.support.numbers import missing_numbers
from rag.support.reading import Reader, Reading
from rag.support.verbatim import is_verbatim
from rag.words import content_words

Pair = tuple[str, Sequence[str]]

_WITH_A_CONFLICT = 0.6  # of the threshold, at most; below it the order of the values is kept


class CalibratedJudge:
    """Judges by words, numbers, names and directions. Safe to use from several threads."""

    name = "calibrated-1"

    def __init__(self, encoder: TokenEncoder) -> None:
        self._reader = Reader(encoder)

    def judge(self, pairs: Sequence[Pair]) -> list[Support]:
        """The support of each claim by its passages. Each distinct sentence is encoded once."""
        cases = [(claim, passages, _sentences(passages)) for claim, passages in pairs]
        readings = self._reader.read(text for claim, _, sentences in cases for text in (claim, *sentences))
        return [
            _judged(
                readings[claim], passages, [readings[sentence] for sentence in sentences], calibration()
            )
            for claim, passages, sentences in cases
        ]


def _sentences(passages: Sequence[str]) -> list[str]:
    return [
        sentence
        for passage in passages
        for start, end in sentence_spans(passage)
        if (sentence := passage[start:end].strip())
    ]


def _judged(
    claim: Reading, passages: Sequence[str], sentences: Sequence[Reading], calibration: Calibration
) -> Support:
    if not content_words(claim.text):
        return Support(0.0, False, ("nothing is claimed",))
    if not any(sentence.words for sentence in sentences):
        return Support(0.0, False, ("no evidence",))
    absent = [*missing_numbers(claim.text, passages), *missing_names(claim.text, passages)]
    if not absent and any(is_verbatim(claim.text, passage) for passage in passages):
        return Support(1.0, True, ("word for word",), 1.0)
    matches = matching.match(claim, sentences)
    turned = polarity.turned_round(claim, sentences, matches)
    evidence = calibration.evidence(matching.features(claim, sentences, matches))
    value = evidence * calibration.agreement(polarity.features(claim, sentences, matches))
    if absent or turned:
        value *= _WITH_A_CONFLICT * calibration.supported
    conflicts = tuple(f"turned round: {word}" for word in turned)
    reasons = tuple(f"not there: {each}" for each in absent) + conflicts
    return Support(round(value, 4), value >= calibration.supported, reasons, round(evidence, 4), conflicts)

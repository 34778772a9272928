"""A judge without a language model.

The share of the claim's content words that the evidence holds, and no support beyond
`_WITHOUT_NUMBER` where a number of the claim is missing from it.
"""

from collections.abc import Sequence

from rag.embedding.base import TokenEncoder
from rag.support.base import Support
from rag.words import content_words, numbers

_SUPPORTED = 0.6  # from here on a claim counts as supported
_WITHOUT_NUMBER = 0.3


class CalibratedJudge:
    """Judges by the words of claim and passages."""

    name = "calibrated"

    def __init__(self, encoder: TokenEncoder) -> None:
        self._encoder = encoder

    def judge(self, pairs: Sequence[tuple[str, Sequence[str]]]) -> list[Support]:
        """The support of each claim by its passages."""
        return [_judged(claim, " ".join(passages)) for claim, passages in pairs]


def _judged(claim: str, evidence: str) -> Support:
    value = _value(claim, evidence)
    return Support(value, value >= _SUPPORTED, evidence=value)


def _value(claim: str, evidence: str) -> float:
    """1 where the evidence says the same to the letter, and else 0 for a claim without content words."""
    if (said := claim.strip().rstrip(".!?")) and said in evidence:
        return 1.0
    words = set(content_words(claim))
    if not words:
        return 0.0
    covered = len(words & set(content_words(evidence))) / len(words)
    has_numbers = numbers(claim) <= numbers(evidence)
    return round(covered if has_numbers else min(covered, _WITHOUT_NUMBER), 4)

"""The judge of support: how far does a text support a claim?

A plain judge, without a model: the share of the claim's content words that the evidence holds,
and no support beyond `_WITHOUT_NUMBER` where a number of the claim is missing from it. It does not
see a negation or a comparison turned round.
"""

from rag.words import content_words, numbers

SUPPORTED = 0.6  # from here on a claim counts as supported
_WITHOUT_NUMBER = 0.3


def support(claim: str, evidence: str) -> float:
    """How far the evidence supports the claim, in [0, 1]: 1 where it says the same to the
    letter, and else 0 for a claim without content words."""
    if (said := claim.strip().rstrip(".!?")) and said in evidence:
        return 1.0
    words = set(content_words(claim))
    if not words:
        return 0.0
    covered = len(words & set(content_words(evidence))) / len(words)
    has_numbers = numbers(claim) <= numbers(evidence)
    return round(covered if has_numbers else min(covered, _WITHOUT_NUMBER), 4)

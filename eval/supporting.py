"""Faithfulness from verdicts on the sentences of an answer, its own or those of a separate judge."""

from collections.abc import Sequence
from dataclasses import dataclass

from eval import metrics
from eval.outcomes import Outcome, not_applicable, scored
from rag.plain import cut

NO_CLAIMS = not_applicable("it claims nothing")
_NAMED = 5  # things that an explanation names; it counts the others
_SHOWN = 160  # characters of each


@dataclass(frozen=True)
class JudgedSentence:
    """A sentence with the verdict on it; `is_supported` is None if nobody judged it."""

    text: str
    is_supported: bool | None
    verdict: str


def faithfulness_outcome(sentences: Sequence[JudgedSentence]) -> Outcome:
    """The share of supported sentences among those that somebody judged."""
    judged = [sentence for sentence in sentences if sentence.is_supported is not None]
    doubts = [f"“{each.text}” ({each.verdict})" for each in judged if not each.is_supported]
    why = f"not supported: {named(doubts)}" if doubts else ""
    if judged and all(sentence.verdict == "verbatim" for sentence in sentences):
        why = "quotations alone"
    return share_outcome([bool(sentence.is_supported) for sentence in judged], len(sentences), why)


def share_outcome(flags: Sequence[bool], sentences: int, why: str = "") -> Outcome:
    """A share over the judged sentences of an answer; the others are counted."""
    unchecked = sentences - len(flags)
    value = metrics.share(flags)
    if value is not None:
        return Outcome(
            value, "; ".join(filter(None, [why, unchecked_words(unchecked)])), unchecked=unchecked
        )
    if not sentences:
        return NO_CLAIMS
    plural = "s" * (sentences > 1)
    return Outcome(None, f"nobody judged its {sentences} sentence{plural}", unchecked=unchecked)


def unchecked_words(count: int) -> str:
    """How many sentences nobody judged, in words; "" for none."""
    return f"{count:,} sentence{'s' * (count != 1)} unchecked" if count else ""


def rule_outcome(failing: Sequence[str], sentences: int, problem: str) -> Outcome:
    """The share of sentences to which a rule has no objection."""
    if not sentences:
        return NO_CLAIMS
    return scored(1 - len(failing) / sentences, f"{problem}: {named(failing)}" if failing else "")


def named(things: Sequence[str]) -> str:
    """The first things, shortened and in one line, and how many more there are."""
    shown = ", ".join(cut(each, _SHOWN) for each in things[:_NAMED])
    return shown + (f" and {len(things) - _NAMED} more" if len(things) > _NAMED else "")

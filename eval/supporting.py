"""The metrics that need a judge of what supports what, the same for each judge."""

from collections.abc import Mapping, Sequence

from eval import metrics
from eval.evidence import Evidence
from eval.metrics.citations import joined, without
from eval.outcomes import Outcome, not_applicable, scored
from rag.plain import cut
from rag.types import Answer

Verdicts = Mapping[tuple[str, str], bool]
"""Whether a text, the second, supports a claim, the first."""

_NAMED = 5  # things that an explanation names; it counts the others
_SHOWN = 160  # characters of each


def questions(evidence: Evidence) -> list[tuple[str, str]]:
    """The distinct pairs of a claim and a text that the citation metrics need a verdict on."""
    pairs = (
        (statement.text, text) for statement in evidence.statements for text in _texts(statement.evidence)
    )
    return list(dict.fromkeys(pairs))


def faithfulness_outcome(answer: Answer, doubts: Mapping[int, str]) -> Outcome:
    """`doubts` say why claims are not supported, by their index."""
    claims = [claim.text for claim in answer.claims]
    value = metrics.faithfulness([place not in doubts for place in range(len(claims))])
    if value is None:
        return not_applicable("it claims nothing")
    reasons = [f"“{claims[place]}” ({why or 'too little in common'})" for place, why in doubts.items()]
    is_quoted = all(claim.check == "verbatim" for claim in answer.claims)
    return scored(value, f"not supported: {named(reasons)}" if reasons else "quotations alone" * is_quoted)


def recall_outcome(answer: Answer, evidence: Evidence, verdicts: Verdicts) -> Outcome:
    """ALCE's citation recall."""
    are_supported = metrics.supported_statements(evidence.statements, _supports(verdicts))
    value = metrics.citation_recall(evidence.statements, _supports(verdicts))
    if value is None:
        return not_applicable("it claims nothing")
    unsaid = [
        claim.text for claim, is_there in zip(answer.claims, are_supported, strict=True) if not is_there
    ]
    return scored(value, f"not supported by the papers cited: {named(unsaid)}" if unsaid else "")


def precision_outcome(answer: Answer, evidence: Evidence, verdicts: Verdicts) -> Outcome:
    """ALCE's citation precision."""
    needed = metrics.needed_markers(evidence.statements, _supports(verdicts))
    unknown = answer.markers.unknown
    value = metrics.citation_precision(evidence.statements, unknown, _supports(verdicts))
    if value is None:
        return not_applicable("it cites nothing")
    idle = [
        f"[{number}] of “{claim.text}”"
        for claim, marks in zip(answer.claims, needed, strict=True)
        for number, is_needed in zip(claim.citations, marks, strict=True)
        if not is_needed
    ]
    why = [f"not needed: {named(idle)}"] if idle else []
    why += [f"{unknown} markers name no paper"] if unknown else []
    return scored(value, "; ".join(why))


def named(things: Sequence[str]) -> str:
    """The first things, shortened and in one line, and how many more there are."""
    shown = ", ".join(cut(each, _SHOWN) for each in things[:_NAMED])
    return shown + (f" and {len(things) - _NAMED} more" if len(things) > _NAMED else "")


def _texts(evidence: Sequence[str]) -> list[str]:
    """All texts together, each alone, and all without each."""
    if len(evidence) < 2:
        return list(evidence)
    others = [joined(without(evidence, place)) for place in range(len(evidence))]
    return [joined(evidence), *evidence, *others]


def _supports(verdicts: Verdicts) -> metrics.Supports:
    return lambda claim, text: verdicts[claim, text]

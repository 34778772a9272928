"""How the verdict on a sentence of an answer is put in words."""

from collections import Counter
from collections.abc import Iterator

from rag.plain import sentence
from rag.types import Answer, Check, Claim

_WORDING: dict[Check, str] = {
    "verbatim": "the paper's own words",
    "supported": "supported by what it cites",
    "partly": "partly supported by what it cites",
    "contradicted": "contradicted by what it cites",
    "not found": "not found in what it cites",
    "unchecked": "not checked",
}
_BRIEF = {"partly": "partly supported", "unchecked": "not checked"}


def verdict(claim: Claim) -> str:
    """The verdict in words."""
    if not claim.citations and claim.check in ("not found", "unchecked"):
        return "cites nothing"
    return _WORDING[claim.check]


def why(claim: Claim) -> str:
    """The judge's reason, and what stands nowhere in the cited papers, in sentences."""
    reason = claim.reason if claim.citations else None  # the verdict says that it cites nothing
    return " ".join(sentence(line) for line in (reason, *claim.notes) if line)


def doubts(answer: Answer) -> Iterator[str]:
    """A line for each sentence in doubt or with a note, and one for all that nobody checked."""
    unchecked: Counter[str] = Counter()
    for claim in answer.claims:
        if claim.check == "unchecked" and claim.citations and not claim.notes:
            unchecked[why(claim)] += 1
        elif not claim.supported or claim.notes:
            reason = f" ({why(claim)})" if why(claim) else ""
            yield f"{sentence(verdict(claim))[:-1]}: {claim.text}{reason}"
    for reason, count in unchecked.items():
        yield f"Not checked: {count} sentence{'' if count == 1 else 's'}. {reason}".rstrip()


def tally(answer: Answer) -> str:
    """How many sentences have which verdict ("Of 5 sentences, 4 supported, 1 not checked")."""
    checks = Counter(_BRIEF.get(claim.check, claim.check) for claim in answer.claims)
    counts = ", ".join(f"{count} {check}" for check, count in checks.items())
    return f"Of {len(answer.claims)} sentence{'' if len(answer.claims) == 1 else 's'}, {counts}"

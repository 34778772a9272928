"""How the verdict on a sentence of an answer is put in words."""

from collections import Counter
from collections.abc import Iterator

from rag.plain import sentence
from rag.types import Answer, Claim

_WORDING = {  # in short, and whole
    "verbatim": ("verbatim", "word for word what it cites"),
    "supported": ("supported", "supported by what it cites"),
    "partly": ("partly supported", "partly supported by what it cites"),
    "contradicted": ("contradicted", "contradicted by what it cites"),
    "not found": ("not found", "not found in what it cites"),
    "uncited": ("uncited", "cites nothing"),
    "unchecked": ("not checked", "not checked"),
}


def verdict(claim: Claim) -> str:
    """The verdict in words."""
    return _WORDING[_key(claim)][1]


def why(claim: Claim) -> str:
    """The judge's reason, and what stands nowhere in the cited papers, in sentences."""
    reason = claim.reason if claim.citations else None  # the verdict says that it cites nothing
    return " ".join(sentence(line) for line in (reason, *claim.notes) if line)


def doubts(answer: Answer) -> Iterator[str]:
    """A line for each sentence in doubt or with a note, and one for others that nobody checked."""
    unchecked: Counter[str] = Counter()
    other = ""
    for claim in answer.claims:
        if _key(claim) == "unchecked" and not claim.notes:
            unchecked[why(claim)] += 1
        elif not claim.supported or claim.notes:
            reason = f" ({why(claim)})" if why(claim) else ""
            other = "other " if claim.check == "unchecked" else other
            yield f"{sentence(verdict(claim))[:-1]}: {claim.text}{reason}"
    for reason, count in unchecked.items():
        yield f"Not checked: {_sentences(count, other)}. {reason}".rstrip()


def tally(answer: Answer) -> str:
    """How many sentences have which verdict ("Of 5 sentences, 4 supported, 1 not checked")."""
    counts = Counter(map(_key, answer.claims))
    parts = (f"{counts[key]} {short}" for key, (short, _) in _WORDING.items() if counts[key])
    return f"Of {_sentences(len(answer.claims))}, {', '.join(parts)}"


def _key(claim: Claim) -> str:
    is_uncited = not claim.citations and claim.check in ("not found", "unchecked")
    return "uncited" if is_uncited else claim.check


def _sentences(count: int, other: str = "") -> str:
    return f"{count} {other}sentence{'' if count == 1 else 's'}"

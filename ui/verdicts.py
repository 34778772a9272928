"""How the verdict on a sentence of an answer is worded; none on a quotation, which is the paper's own."""

from collections.abc import Iterator

from rag.types import Answer, Claim

_WORDING = {
    "not found": "not found in what it cites",
    "partly": "partly supported by what it cites",
    "contradicted": "contradicted by what it cites",
    "unchecked": "not checked",
}


def doubt(claim: Claim) -> str | None:
    """What a reader should know of a sentence; None where it is quoted or supported."""
    if claim.check == "not found" and not claim.citations:
        return "cites nothing"
    return _WORDING.get(claim.check)


def doubts(answer: Answer) -> Iterator[str]:
    """A line for each sentence in doubt, and one for all that nobody checked."""
    for claim in answer.claims:
        if claim.supported is False and (wording := doubt(claim)):
            yield f"{wording.capitalize()}: {claim.text}"
    if unchecked := sum(claim.check == "unchecked" for claim in answer.claims):
        yield f"Not checked: {unchecked} sentence{'' if unchecked == 1 else 's'}."


def quoted(answer: Answer) -> set[int]:
    """The numbers of the citations whose words stand in the answer as they are."""
    return {number for claim in answer.claims if claim.check == "verbatim" for number in claim.citations}

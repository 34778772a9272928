"""Claims with known labels, to test a judge of support on."""

from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, ValidationError

from eval.cases import Record, Text, read_records, what_is_wrong
from eval.errors import CaseError
from rag.checking import Statement
from rag.types import Paper

BUNDLED = Path(__file__).parent / "claims" / "claims.jsonl"

Label = Literal["supported", "not supported", "partly", "contradicted", "not found", "not mentioned"]


def _in_words(label: Any) -> Any:
    """The label in words where it is given as true or false."""
    if isinstance(label, bool):
        return "supported" if label else "not supported"
    return label


class LabelledClaim(Record):
    """A sentence, the passages that it cites, and whether they support it.

    `passages` are the title of a paper and words from it, or words alone. The label "not supported" means
    any but "supported"; "not mentioned" is "not found". `kind` says how the claim was made ("number",
    "negation", …).
    """

    id: Text
    claim: Text
    passages: Annotated[tuple[Text, ...], Field(min_length=1)]
    label: Annotated[Label, BeforeValidator(_in_words)]
    kind: str = ""

    @property
    def statement(self) -> Statement:
        """The claim with its passages as a paper, whose text has them all: the first may be no title."""
        text = "\n".join(self.passages)
        title = self.passages[0] if len(self.passages) > 1 else ""
        return Statement(self.claim, (Paper(title, text, paper_id=text),))  # a paper may have several texts


def read_claims(place: str | Path | None = None) -> list[LabelledClaim]:
    """The claims of a JSON lines file; the bundled ones if `place` is None.

    A label may also be true ("supported") or false ("not supported"). Raises CaseError, which names
    the file and the line.
    """
    path = BUNDLED if place is None else Path(place)
    if path.suffix != ".jsonl":
        raise CaseError(f"{place} is no file of labelled claims: name one that ends in .jsonl")
    seen: dict[str, str] = {}
    claims = []
    for where, record in read_records(path):
        try:
            claim = LabelledClaim.model_validate(record)
        except ValidationError as error:
            raise what_is_wrong(where, "labelled claim", error) from error
        if claim.id in seen:
            raise CaseError(f"{where}: `{claim.id}` is the id of {seen[claim.id]} too: change one")
        seen[claim.id] = where
        claims.append(claim)
    if not claims:
        raise CaseError(f"{path} holds no claim: write one a line (docs/evaluation.md)")
    return claims

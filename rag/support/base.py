"""What a judge of support is to the rest of the program."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True)
class Support:
    """How far passages support a claim.

    `value` and `evidence` lie in [0, 1]: `evidence` says how far the passages speak of the claim at
    all, agreeing or not. `reasons` are plain lines ("not there: 45 %"), `conflicts` those among them
    that contradict the claim: another number, a negation or a direction turned round.
    """

    value: float
    supported: bool
    reasons: tuple[str, ...] = ()
    evidence: float = 0.0
    conflicts: tuple[str, ...] = ()


class Judge(Protocol):
    """Says how far passages support claims."""

    @property
    def name(self) -> str:
        """Names the judge and its version."""
        ...

    def judge(self, pairs: Sequence[tuple[str, Sequence[str]]]) -> list[Support]:
        """The support of each claim by its passages, in order."""
        ...


def support(claim: str, passages: Sequence[str], judge: Judge) -> Support:
    """The support of one claim."""
    return judge.judge([(claim, passages)])[0]

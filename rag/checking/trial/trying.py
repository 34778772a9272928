"""Tries a judge on the labelled claims, in the same form as the check of answers."""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from rag.checking.agreement import cohen_kappa
from rag.checking.base import Judge, Statement, Verdict
from rag.checking.by_model import NO_ROOM, UNREAD
from rag.checking.trial.claims import TrialClaim, all_claims, fingerprint, requests
from rag.errors import UnusableReplyError
from rag.library.progress import Track, untracked
from rag.model.base import Usage

PASS = 0.5  # kappa

Pair = tuple[bool | None, bool]
"""Whether the judge finds a claim supported, None if it is unchecked; and whether it is."""


@dataclass(frozen=True)
class Trial:
    """How well a judge judged the labelled claims, of which `n` were tried.

    `right + false_alarms + passed + unchecked == n`: `false_alarms` are supported claims that it finds not
    supported, `passed` are others that it calls supported. `partly` is not supported. `kappa` is Cohen's,
    where `unchecked` agrees with no label. `identity` says which model it was, `fingerprint` by which
    rules and claims.
    """

    judge: str
    identity: str
    day: str  # YYYY-MM-DD
    n: int
    right: int
    kappa: float
    false_alarms: int
    passed: int
    unchecked: int
    seconds: float
    fingerprint: str

    @property
    def passes(self) -> bool:
        """Whether the judge may judge. A trial that ended early is one that it could no longer pass."""
        return self.n == len(all_claims()) and self.kappa >= PASS

    @property
    def summary(self) -> str:
        """The result in words: "41 of 60 claims right, kappa 0.38"."""
        early = "" if self.n == len(all_claims()) else ", and no verdict on the others could make it pass"
        return f"{self.right} of {self.n} claims right, kappa {self.kappa:.2f}{early}"


def try_judge(judge: Judge, identity: str, usage: Usage, track: Track = untracked) -> Trial:
    """Ask for verdicts on the claims until they are all tried, or the judge can no longer pass.

    A reply that cannot be read leaves its claims unchecked. Adds to `usage`. Raises ModelError.
    """
    start = time.monotonic()
    pairs: list[Pair] = []
    for more in track(_judged(judge, usage), "claims", len(all_claims())):
        pairs += more
    return Trial(
        judge=judge.name,
        identity=identity,
        day=date.today().isoformat(),
        n=len(pairs),
        right=sum(given == expected for given, expected in pairs),
        kappa=cohen_kappa(pairs) or 0.0,
        false_alarms=pairs.count((False, True)),
        passed=pairs.count((True, False)),
        unchecked=sum(given is None for given, _ in pairs),
        seconds=round(time.monotonic() - start, 1),
        fingerprint=fingerprint(),
    )


def can_pass(pairs: Sequence[Pair], untried: Sequence[bool]) -> bool:
    """Whether right verdicts on the untried claims would bring kappa to 0.5; no others bring it higher."""
    return (cohen_kappa([*pairs, *((label, label) for label in untried)]) or 0.0) >= PASS


def _judged(judge: Judge, usage: Usage) -> Iterator[list[Pair]]:
    """The verdicts of each request, with what is right."""
    labels = [claim.is_true for claim in all_claims()]
    pairs: list[Pair] = []
    for claims in requests():
        verdicts = _verdicts(judge, [claim.statement for claim in claims], usage)
        more = list(map(_pair, verdicts, claims))
        pairs += more
        yield more
        if not can_pass(pairs, labels[len(pairs) :]):
            return


def _verdicts(judge: Judge, statements: Sequence[Statement], usage: Usage) -> list[Verdict]:
    """The verdicts; what has no room in a request is asked about in the next."""
    try:
        verdicts = judge.judge(statements, usage)
    except UnusableReplyError:
        return [Verdict(reason=UNREAD)] * len(statements)
    left = [place for place, verdict in enumerate(verdicts) if verdict.reason == NO_ROOM]
    if 0 < len(left) < len(statements):
        later = _verdicts(judge, [statements[place] for place in left], usage)
        for place, verdict in zip(left, later, strict=True):
            verdicts[place] = verdict
    return verdicts


def _pair(verdict: Verdict, claim: TrialClaim) -> Pair:
    return None if verdict.check == "unchecked" else verdict.is_supported, claim.is_true

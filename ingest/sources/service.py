"""Asking a service over the network: patience with what passes, one line for what does not."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from rag.errors import SourceError

Answer = TypeVar("Answer")
BUSY = frozenset({408, 429, 500, 502, 503, 504})
"""The statuses of HTTP that may be others at the next try."""
ARXIV_FORMS = "arxiv:2110.07143, arxiv:2110.07143,1706.03762 or arxiv:query=all:owls AND cat:cs.CL;max=500"
HF_FORMS = (
    "hf:2110.07143, hf:query=large language models, hf:date=2025-12-08, hf:week=2025-W50 or "
    "hf:month=2025-12, each but the first with ;max=N for N papers at most"
)


@dataclass(frozen=True)
class Wish:
    """What a name asks of a service: the papers of arXiv ids, or else at most `most` of those that a key
    with its value tells."""

    ids: tuple[str, ...] = ()
    key: str = ""
    value: str = ""
    most: int | None = None


@dataclass(frozen=True)
class Patience:
    """How long a service is waited for, in seconds.

    `answer` is for an answer to begin, and for each silence within one. `pauses` lie between the tries; a
    service that asks for a pause longer than `longest` is not asked again.
    """

    answer: float = 30.0
    pauses: tuple[float, ...] = (3.0, 6.0, 12.0)
    longest: float = 60.0


class Passing(Exception):  # noqa: N818  never seen by a user
    """A failure that may have passed at the next try.

    Its text is what the service does, and what to do next; `wait` is the pause that it asks for, in
    seconds.
    """

    def __init__(self, text: str, wait: float = 0.0) -> None:
        super().__init__(text)
        self.wait = wait


def asked(service: str, ask: Callable[[], Answer], patience: Patience) -> Answer:
    """The answer of a service, which is asked again after a pause where it failed in passing.

    Raises SourceError where that goes on.
    """
    pauses = iter(patience.pauses)
    while True:
        try:
            return ask()
        except Passing as failure:
            pause = next(pauses, None)
            if pause is None or failure.wait > patience.longest:
                raise SourceError(f"{service} {failure}") from failure
            pause = max(pause, failure.wait)
        time.sleep(pause)


def busy(status: int, retry_after: str | None) -> Passing:
    """For an answer with one of the statuses of BUSY, and what it says in Retry-After."""
    wait = int(retry_after) if retry_after and retry_after.isdecimal() else 0
    when = f"in {wait} s" if wait else "later"
    return Passing(f"is busy or out of order (HTTP {status}): run it again {when}", wait)


def silent(error: BaseException) -> Passing:
    """For a connection that failed, could not be made, or timed out."""
    while inner := error.__cause__ or error.__context__:
        error = inner
    reason = getattr(error, "strerror", None) or str(error) or type(error).__name__
    return Passing(f"does not answer ({reason}): check the connection and run it again")

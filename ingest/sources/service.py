"""Requests to services over the network: temporary failures are tried again, others end in one line."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar
from urllib.parse import urlsplit

from rag.errors import SourceError

Answer = TypeVar("Answer")
BUSY = frozenset({408, 429, 500, 502, 503, 504})
"""The HTTP statuses of temporary failures."""
ARXIV_FORMS = (
    "arxiv:2110.07143, arxiv:2110.07143,1706.03762 or arxiv:query=all:owls AND cat:cs.CL;max=500, each "
    "with ;pdf for the whole papers"
)
HF_FORMS = (
    "hf:2110.07143, hf:query=large language models, hf:date=2025-12-08, hf:week=2025-W50 or "
    "hf:month=2025-12, each but the first with ;max=N for N papers at most"
)
PUBMED_FORMS = (
    "pubmed:31452104, pubmed:31452104,23193287 or pubmed:owls[ti] AND 2021[dp];max=500 in PubMed's own "
    "syntax, up to 10,000 papers"
)


@dataclass(frozen=True)
class ServiceQuery:
    """Which papers to fetch: those with these ids of the service, or else at most `most` of those that
    match a key and its value, such as `date` and `2025-12-08`; `pdf` asks for their PDFs, too."""

    ids: tuple[str, ...] = ()
    key: str = ""
    value: str = ""
    most: int | None = None
    pdf: bool = False


@dataclass(frozen=True)
class RetryPolicy:
    """How long to wait for a service, in seconds.

    `timeout` bounds each silence, before an answer and within it. `pauses` lie between the tries; a service
    that asks for a pause longer than `longest_pause` is not tried again.
    """

    timeout: float = 30.0
    pauses: tuple[float, ...] = (3.0, 6.0, 12.0)
    longest_pause: float = 60.0


class RefusedError(SourceError):
    """The service takes other requests, but not this one."""


class TemporaryError(Exception):
    """A failure that may be gone at the next try; users see a SourceError instead.

    Its text says what the service does and what to do next; `wait` is the pause that the service asks
    for, in seconds.
    """

    def __init__(self, text: str, wait: float = 0.0) -> None:
        super().__init__(text)
        self.wait = wait


def with_retries(service: str, ask: Callable[[], Answer], retries: RetryPolicy) -> Answer:
    """What `ask` returns, tried again after each TemporaryError. Raises SourceError when tries run out."""
    pauses = iter(retries.pauses)
    while True:
        try:
            return ask()
        except TemporaryError as failure:
            pause = next(pauses, None)
            if pause is None or failure.wait > retries.longest_pause:
                raise SourceError(f"{service} {failure}") from failure
            pause = max(pause, failure.wait)
        time.sleep(pause)


def busy_error(status: int, retry_after: str | None) -> TemporaryError:
    """For a response with one of the BUSY statuses, and its Retry-After header."""
    wait = int(retry_after) if retry_after and retry_after.isdecimal() else 0
    when = f"in {wait} s" if wait else "later"
    return TemporaryError(f"is busy or out of order (HTTP {status}): run it again {when}", wait)


def connection_error(error: BaseException) -> TemporaryError:
    """For a connection that failed, was refused, or timed out."""
    while cause := error.__cause__ or error.__context__:
        error = cause
    reason = getattr(error, "strerror", None) or str(error) or type(error).__name__
    return TemporaryError(f"does not answer ({reason}): check the connection and run it again")


def is_address(text: str) -> bool:
    """Whether this is the address of a web server."""
    try:
        parts = urlsplit(text)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port or 1) > 0
    except ValueError:
        return False

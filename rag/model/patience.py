"""Time limits of requests to a model, longer if its server is near."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Timer
from typing import Any

import httpx
import openai

from rag.model.address import is_near
from rag.model.leaving import current

_CONNECTING = 10.0  # seconds


@dataclass(frozen=True)
class Patience:
    """Time limits in seconds."""

    silence: float = 60.0  # until the first word, and between two
    text: float = 300.0  # from its first word on
    quiet: float = 5.0  # until the user reads what the program waits for

    @classmethod
    def with_server(cls, address: str) -> "Patience":
        """A model on one's own machine may read a long prompt for minutes before its first word."""
        return cls.on_this_computer() if is_near(address) else cls()

    @classmethod
    def on_this_computer(cls) -> "Patience":
        return cls(silence=300.0)


class PatientClient(openai.DefaultHttpxClient):
    """Gives up if the server is silent for too long, or sends bytes for ever that make no words."""

    def __init__(self, patience: Patience, trust_env: bool = True) -> None:
        # Each request has its own connection, so that it can be left while the server is silent. The
        # connection closes itself, also where the client was closed while another thread opened it.
        super().__init__(
            timeout=httpx.Timeout(patience.silence, connect=_CONNECTING),
            headers={"Connection": "close"},
            trust_env=trust_env,
        )
        self._longest = patience.silence + patience.text

    def send(self, request: httpx.Request, **options: Any) -> httpx.Response:
        if leaving := current():
            leaving.check()
            request.extensions["trace"] = leaving.trace
        ends = time.monotonic() + self._longest
        try:
            response = super().send(request, **options)
        except httpx.ReadTimeout as error:  # after its own error, openai does not send the request again
            raise openai.APITimeoutError(request=request) from error
        if isinstance(response.stream, httpx.SyncByteStream):
            response.stream = _Bounded(response.stream, ends)
        return response


@dataclass(frozen=True)
class _Bounded(httpx.SyncByteStream):
    """The bytes of a reply until a deadline."""

    stream: httpx.SyncByteStream
    ends: float

    def __iter__(self) -> Iterator[bytes]:
        for part in self.stream:
            if time.monotonic() > self.ends:
                raise httpx.ReadTimeout("the reply takes too long")
            yield part

    def close(self) -> None:
        self.stream.close()


@contextmanager
def notified_after(seconds: float, notify: Callable[[], None] | None) -> Iterator[Callable[[], None]]:
    """Call `notify` after so many seconds, from another thread, unless the yielded function is called."""
    timer = Timer(seconds, notify or (lambda: None))
    timer.daemon = True
    if notify:
        timer.start()
    try:
        yield timer.cancel
    finally:
        timer.cancel()

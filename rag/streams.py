"""An answer as it is written: its text piece by piece, and what each step takes."""

import time
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from rag.model.base import Usage
from rag.model.usage import total_usage
from rag.types import Answer


@dataclass
class Steps:
    """What an answer takes, step by step; `now` is the step that is going on.

    `papers` is how many papers the writer reads, 0 before it is known.
    """

    now: str = ""
    papers: int = 0
    usage: dict[str, Usage] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)
    _started: float = field(default_factory=time.perf_counter)

    @property
    def requests(self) -> float:
        """How many requests were sent to models."""
        return sum(usage.get("requests", 0) for usage in self.usage.values())

    def taken(self) -> dict[str, Any]:
        """The fields of an answer that say what it took."""
        seconds = self.seconds | {"total": time.perf_counter() - self._started}
        used = {name: usage for name, usage in self.usage.items() if usage}
        return {
            "usage": total_usage(used.values()),
            "steps": used,
            "seconds": {name: round(value, 4) for name, value in seconds.items()},
        }

    @contextmanager
    def step(self, name: str) -> Iterator[Usage]:
        """Measure a step, which may come again; what its requests take is added to the usage."""
        started, self.now = time.perf_counter(), name
        try:
            yield self.usage.setdefault(name, {})
        finally:
            taken = time.perf_counter() - started
            self.seconds[name] = self.seconds.get(name, 0.0) + taken


class AnswerStream:
    """The text of an answer as it is first written; at its end, `answer` is the whole Answer.

    The answer's text is final, and may differ where sentences were corrected. `step` names what is going
    on ("understand", "retrieve", "write", "check", "repair"), `papers` how many papers the writer reads, 0
    before it is known; `with_steps` yields when they change too.
    `waits_for` is a line to show before the first text if a model on this machine may take minutes.
    """

    def __init__(
        self,
        run: Generator[str, None, Answer],
        waits_for: str | None = None,
        steps: Steps | None = None,
        leave: Callable[[], None] | None = None,
    ) -> None:
        self.waits_for = waits_for
        self._run = run
        self._leave = leave
        self._steps = steps or Steps()
        self._answer: Answer | None = None

    def __iter__(self) -> Iterator[str]:
        return filter(None, self.with_steps())

    def with_steps(self) -> Iterator[str]:
        """The text piece by piece, and an empty piece whenever `step` or `papers` change."""
        if answer := (yield from self._run):  # None if it has been read before
            self._answer = answer

    @property
    def step(self) -> str:
        return self._steps.now

    @property
    def papers(self) -> int:
        return self._steps.papers

    def stop(self) -> None:
        """Let no model work on; from any thread. Whoever reads the stream gets a StoppedError."""
        if self._leave:
            self._leave()

    @property
    def answer(self) -> Answer:
        """The whole answer. Raises RuntimeError before the stream has been read to its end."""
        if self._answer is None:
            raise RuntimeError("read the stream to its end first: for piece in stream: ...")
        return self._answer


def read_answer(stream: AnswerStream) -> Answer:
    """Read a stream to its end; the whole answer."""
    for _ in stream.with_steps():
        pass
    return stream.answer

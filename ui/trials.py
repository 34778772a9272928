"""Trials of judges in the background: one at a time, whoever asks for it."""

import logging
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, field

from rag.assistant import Assistant
from rag.errors import AskpapersError, StoppedError
from rag.library.progress import Work
from rag.model.leaving import Leaving
from ui.terminal import shortly

_ENDING = 5.0  # seconds
_FAULT = "something went wrong on the server: what happened is in its log"


@dataclass(eq=False)
class Running:
    """A trial that goes on, or has ended; `error` says why it has no result."""

    model: str | None
    done: int = 0  # claims
    total: int | None = None
    error: str | None = None
    is_over: bool = False
    leaving: Leaving = field(default_factory=Leaving)
    _started: float = field(default_factory=time.monotonic)

    @property
    def line(self) -> str:
        """How far it is: "24 of 60 claims, about 2 min to go"."""
        if not self.done or not self.total:
            return "it begins"
        left = (time.monotonic() - self._started) * (self.total - self.done) / self.done
        return f"{self.done} of {self.total} claims, about {shortly(left)} to go"

    def track(self, batches: Iterable[Work], _: str, total: int | None) -> Iterator[Work]:
        """Count the claims; ends where the trial is left."""
        self.total = total
        for batch in batches:
            self.leaving.check()
            self.done += len(batch)
            yield batch


class Trials:
    """Tries the judges of models, one at a time. Safe to use from several threads."""

    def __init__(self, assistant: Callable[[str | None], AbstractContextManager[Assistant]]) -> None:
        """`assistant` opens that of a model, None for the model of the settings."""
        self._assistant = assistant
        self._changing = threading.Lock()
        self._thread: threading.Thread | None = None
        self._is_closed = False
        self.last: Running | None = None  # the trial that goes on, else the last one

    @property
    def running(self) -> Running | None:
        """The trial that goes on."""
        return self.last if self.last and not self.last.is_over else None

    def begin(self, model: str | None) -> None:
        """Try the judge of answers by this model, unless a trial goes on."""
        with self._changing:
            if self.running or self._is_closed:
                return
            self.last = Running(model)
            self._thread = threading.Thread(
                target=self._try, args=[self.last], name="askpapers-trial", daemon=True
            )
            self._thread.start()

    def stop(self) -> None:
        """Leave the trial that goes on; it has no result."""
        if running := self.running:
            running.leaving.leave()
            running.is_over = True

    def close(self) -> None:
        """Leave the trial that goes on, and begin none any more. A model that loads is not waited for."""
        with self._changing:
            self._is_closed = True
        if self.last and self._thread:
            self.last.leaving.leave()
            self._thread.join(_ENDING)

    def _try(self, trial: Running) -> None:
        try:
            with self._assistant(trial.model) as assistant:
                assistant.try_judge(trial.track, trial.leaving)
        except StoppedError:
            pass  # somebody stopped it, or the server ends
        except AskpapersError as error:
            trial.error = str(error)
        except Exception:  # a fault of ours: it is logged, and the page goes on
            logging.getLogger("askpapers").exception("a judge could not be tried")
            trial.error = _FAULT
        finally:
            trial.is_over = True

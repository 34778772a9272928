"""An ingest in a process of its own, so that a file that takes long to read does not delay questions.

The process is started anew, not forked, as the server has threads. It reads its job from standard input, so
that no key of the settings is on a command line; when the input ends, the server is gone. It writes its
progress and the report to standard output.
"""

import os
import pickle
import queue
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from ingest.pipeline import Report
from ingest.sources.base import Source
from rag.errors import SourceError
from rag.library.progress import Track
from rag.settings import Settings

PATIENCE = 240  # seconds without progress: three requests to an embedding model that does not answer
_LOOK = 0.5  # seconds between looks at whether the server closes
_ELSEWHERE = "or bring them in with `askpapers ingest`, which goes on from there"


def ingest_apart(
    folder: Path, settings: Settings, sources: Iterable[Source], track: Track, closed: threading.Event
) -> Report:
    """Ingest these sources into the library of a folder in another process; returns the report of `ingest`.

    Whatever stops it, the library stays whole, and what was written stays. Raises as `ingest` does, and
    SourceError if the process dies, makes no progress for long, or is ended because `closed` is set.
    """
    if closed.is_set():
        raise SourceError("the page is closed: add the papers again later")
    job = pickle.dumps((folder, settings, tuple(sources)))
    command = [sys.executable, "-P", "-m", "ui.adder"]  # -P: no module of the server's current folder
    with subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
        start_new_session=True,  # Ctrl-C in a terminal is for the server, which ends this process
        creationflags=getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0),
    ) as process:
        try:
            assert process.stdin and process.stdout  # noqa: S101
            with suppress(OSError):  # it died already, which is reported below
                process.stdin.write(job)
                process.stdin.flush()
            return _Process(process.stdout, closed).report(track)
        finally:
            _end(process)


@dataclass
class _Process:
    """The other process, by the messages that it sends."""

    stream: IO[bytes]
    closed: threading.Event
    what: str = "adding these papers"  # its current work
    messages: "queue.SimpleQueue[Any]" = field(default_factory=queue.SimpleQueue)

    def report(self, track: Track) -> Report:
        """Show the progress until the report comes."""
        threading.Thread(target=self._receive, daemon=True).start()
        while not isinstance(message := self._next(), Report):
            self.what, total = message
            for _ in track(self._batches(), self.what, total):
                pass
        return message

    def _batches(self) -> Iterator[range]:
        """Ranges as long as the batches of the process."""
        while (length := self._next()) is not None:
            yield range(length)

    def _receive(self) -> None:
        with suppress(Exception):  # the process has died, perhaps within a message
            while True:
                self.messages.put(pickle.load(self.stream))  # noqa: S301
        self.messages.put(EOFError())

    def _next(self) -> Any:
        """The next message. Raises it if it is an error, and SourceError if none comes."""
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline and not self.closed.is_set():
            with suppress(queue.Empty):
                message = self.messages.get(timeout=_LOOK)
                if isinstance(message, EOFError):
                    raise SourceError(
                        f"{self.what} was ended from outside, perhaps for want of memory: add fewer papers "
                        f"at a time, {_ELSEWHERE}"
                    )
                if isinstance(message, Exception):
                    raise message
                return message
        if self.closed.is_set():
            raise SourceError(f"{self.what} ended as the page is closed: add the papers again later")
        raise SourceError(
            f"{self.what} was given up after {PATIENCE} seconds without progress: leave out the file that "
            f"takes so long, {_ELSEWHERE}"
        )


def _end(process: subprocess.Popen[bytes]) -> None:
    """End the process and its children."""
    with suppress(OSError):
        if process.stdin:
            process.stdin.close()  # raises if the process died before it read the whole job
    with suppress(OSError):
        if hasattr(os, "killpg"):
            os.killpg(process.pid, signal.SIGKILL)
        else:
            process.kill()

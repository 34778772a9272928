"""A child process that reads PDFs, as its parent holds it."""

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any

from ingest.pdf.faults import PdfError
from ingest.pdf.limits import NO_MEMORY, Limits
from ingest.pdf.messages import MalformedError, Message, receive
from rag.plain import cut, in_a_line

_STARTING = 60.0  # seconds that a child has to start, on a busy machine
_ENDING = 5.0  # seconds in which a child ends that has closed its pipe
_LONGEST_REASON = 300  # characters
_MOST_FILES = 200  # then another child takes its place, as memory may have leaked
# All that Python and pdfium need of the environment. Keys and passwords stay here.
_KEPT = (
    *("PATH", "PYTHONHOME", "PYTHONUTF8", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH"),
    *("LANG", "LC_ALL", "LC_CTYPE"),
    *("SYSTEMROOT", "SYSTEMDRIVE", "WINDIR", "TEMP", "TMP", "TMPDIR"),
)
_ALARM = -getattr(signal, "SIGALRM", 0) or None
_REPRINT = "print it to a new PDF"


class DiedError(PdfError):
    """The child has ended while it read a file."""


class Child:
    """A process that does a task for one file after the other; of one thread at a time."""

    def __init__(self, task: str, limits: Limits) -> None:
        """Start the process, and do not wait for it. `task` is MODULE:FUNCTION, see `ingest.pdf.worker`."""
        self._limits = limits
        self._files = 0
        self._is_ready = self._is_late = False
        path = os.pathsep.join(str(Path(folder).absolute()) for folder in sys.path)
        environment = {name: os.environ[name] for name in _KEPT if name in os.environ}
        self._process = subprocess.Popen(
            # -P: no module of the folder that we are in
            [sys.executable, "-P", "-m", "ingest.pdf.worker", task, json.dumps(asdict(limits))],
            env=environment | {"PYTHONPATH": path, "OPENBLAS_NUM_THREADS": "1"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,  # Ctrl-C in a terminal is for us, and we end our children
            creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
        )

    @property
    def is_new(self) -> bool:
        return self._files == 0

    @property
    def is_usable(self) -> bool:
        return self._process.poll() is None and not self._is_late and self._files < _MOST_FILES

    def ask(self, path: Path, **order: Any) -> Message:
        """The message that the task returns for a file.

        Raises PdfError, DiedError where the child has ended, MalformedError where it sends nonsense.
        """
        try:
            self._start()
            self._files += 1
            return self._answer({"path": str(path.absolute())} | order)
        except (EOFError, OSError, ValueError) as error:  # ValueError: `end` has closed the pipes
            if not self._is_ready:
                raise PdfError("waits for a reader that does not start: install askpapers again") from error
            code = self._exit_code()
            if self._is_late or code == _ALARM:
                raise PdfError(f"takes too long to read: {_REPRINT}, or split it") from error
            raise DiedError(_cause_of_death(code, self._limits)) from error

    def end(self) -> None:
        """End the process at once; from any thread. It has nothing to save."""
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe:
                with suppress(OSError):
                    pipe.close()

    def _start(self) -> None:
        if not self._is_ready:
            with self._within(_STARTING):
                self._receive("ready")
            self._is_ready = True

    def _answer(self, order: dict[str, Any]) -> Message:
        stdin = self._process.stdin
        assert stdin  # noqa: S101
        with self._within(self._limits.seconds):
            stdin.write(json.dumps(order).encode() + b"\n")
            stdin.flush()
            pages = self._receive("pages")[0].get("pages")
        if type(pages) is not int or not 0 <= pages <= self._limits.pages:
            raise MalformedError
        with self._within(self._limits.seconds_for(pages)):
            return self._receive("result")

    def _receive(self, kind: str) -> Message:
        """The next message, which is to be of this kind. Raises PdfError if it says why there is none."""
        assert self._process.stdout  # noqa: S101
        header, payload = receive(self._process.stdout)
        if header.get("kind") == "fault":
            raise PdfError(cut(in_a_line(str(header.get("reason"))), _LONGEST_REASON))
        if header.get("kind") != kind:
            raise MalformedError
        return header, payload

    @contextmanager
    def _within(self, seconds: float) -> Iterator[None]:
        """End the process unless the work in this context is done in time."""
        timer = threading.Timer(seconds, self._give_up)
        timer.daemon = True
        timer.start()
        try:
            yield
        finally:
            timer.cancel()

    def _give_up(self) -> None:
        self._is_late = True
        self._process.kill()

    def _exit_code(self) -> int:
        with suppress(subprocess.TimeoutExpired):  # it has only closed its pipe
            self._process.wait(_ENDING)
        self._process.kill()
        return self._process.wait()


def _cause_of_death(code: int, limits: Limits) -> str:
    if code == NO_MEMORY:
        return f"needs more than {limits.memory >> 20:,} MB of memory: {_REPRINT}, or split it"
    try:
        name = signal.Signals(-code).name
    except ValueError:
        name = f"exit code {code}"
    return f"crashes the reader of PDFs, or takes too much memory ({name}): {_REPRINT}"

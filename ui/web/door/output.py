"""The server's output on its operator's terminal: no visitor controls it, or fakes a line of ours.

Gradio prints paths and tracebacks, and native libraries write past Python. So all output goes through one
pipe and comes out as plain text, each line marked as not ours. Our own lines are written beside it.
"""

import logging
import os
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout, suppress
from io import TextIOWrapper
from typing import TextIO

from rag.plain import cut, in_a_line, plain

_MARK = "  | "
_LONGEST = 2_000  # characters of a line
_ENDS = dict.fromkeys(map(ord, "\u2028\u2029"), " ")
_MOST, _MINUTE = 500, 60.0  # lines, in so many seconds


@contextmanager
def filtered() -> Iterator[TextIO]:
    """Make stderr and everything that is printed plain and marked; yields the real stdout.

    Lines of the `askpapers` logger come out like those of other commands, each in one line.
    """
    sys.stderr.flush()
    behind = os.dup(2)
    reading, writing = os.pipe()
    os.dup2(writing, 2)
    os.close(writing)
    copying = threading.Thread(target=_copy, args=(reading, behind), name="askpapers-output", daemon=True)
    copying.start()
    handler, logger = _Lines(behind), logging.getLogger("askpapers")
    logger.addHandler(handler)
    try:
        stdout = sys.stdout
        with redirect_stdout(sys.stderr):
            yield stdout
    finally:
        logger.removeHandler(handler)
        sys.stderr.flush()
        os.dup2(behind, 2)  # closes the last writing end of the pipe, which ends the copying
        copying.join(5.0)
        os.close(behind)


def _copy(reading: int, behind: int) -> None:
    """Copy line by line until the pipe ends; long lines are cut.

    Too many lines a minute are left out, so that nobody fills the operator's disk with complaints.
    """
    begun, count = 0.0, 0
    with TextIOWrapper(os.fdopen(reading, "rb"), "utf-8", "backslashreplace", newline="\n") as lines:
        while line := lines.readline(_LONGEST):
            rest = line
            while rest and not rest.endswith("\n"):
                rest = lines.readline(_LONGEST)
            if time.monotonic() - begun >= _MINUTE:
                if count > _MOST:
                    _write(behind, f"{_MARK}… {count - _MOST} lines left out\n")
                begun, count = time.monotonic(), 0
            count += 1
            if count <= _MOST:
                _write(behind, f"{_MARK}{_plain(line)}\n")


def _plain(line: str) -> str:
    """The line without control characters and other ends of lines."""
    return plain(line).translate(_ENDS).rstrip()


def _write(behind: int, line: str) -> None:
    with suppress(OSError):  # nobody reads it
        os.write(behind, line.encode("utf-8", "backslashreplace"))


class _Lines(logging.Handler):
    """Writes each record in one line; its traceback follows in marked lines."""

    def __init__(self, behind: int) -> None:
        super().__init__()
        self._behind = behind

    def emit(self, record: logging.LogRecord) -> None:
        lines = [f"askpapers: {cut(in_a_line(record.getMessage()), _LONGEST)}"]
        if record.exc_info:
            trace = logging.Formatter().formatException(record.exc_info)
            lines += [f"{_MARK}{cut(_plain(line), _LONGEST)}" for line in trace.splitlines()]
        _write(self._behind, "".join(f"{line}\n" for line in lines))

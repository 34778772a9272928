"""What reading one PDF may take, and which files are read at all."""

import os
import stat
import sys
import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from ingest.pdf.faults import PdfError

try:
    import resource
except ImportError:  # Windows
    _HAS_LIMITS = False
else:
    _HAS_LIMITS = True

_MARK, _HEAD = b"%PDF-", 1024  # readers look for the mark in so many bytes at the beginning
_NON_BLOCKING = getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)  # if it has become a FIFO
_STATM = Path("/proc/self/statm")
_LOOK = 0.05  # seconds between looks at the memory
NO_MEMORY = 77  # the exit code of a process that has reached the bound of its memory


@dataclass(frozen=True)
class Limits:
    """Bounds on one file: wall time, which grows with its pages, memory, pages, and size."""

    seconds: float = 60.0
    seconds_a_page: float = 0.5  # twenty times what most take
    memory: int = 2 << 30  # bytes, beside those of a process that has read nothing
    pages: int = 2_000
    file_size: int = 256 << 20  # bytes

    def seconds_for(self, pages: int) -> float:
        return self.seconds + self.seconds_a_page * pages


def check_file(path: Path, limits: Limits) -> None:
    """Raise PdfError unless this is a regular file that can be read, looks like a PDF and is not too large.

    Devices and FIFOs are not opened: they may never come to an end.
    """
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):
            raise PdfError("is no file: name a PDF, or a folder of PDFs")
        with open(os.open(path, os.O_RDONLY | _NON_BLOCKING), "rb") as file:  # noqa: PTH123
            head = file.read(_HEAD)
    except (OSError, ValueError) as error:  # ValueError: a NUL in its name
        reason = getattr(error, "strerror", None) or "its name is not valid"
        raise PdfError(f"cannot be opened ({reason}): check its name and its permissions") from error
    if not head:
        raise PdfError("is empty: fetch it again")
    if _MARK not in head:
        raise PdfError("is no PDF: save or print it as one")
    if status.st_size > limits.file_size:
        raise PdfError(
            f"is too large ({status.st_size >> 20:,} MB, and at most {limits.file_size >> 20:,} are read): "
            "save it with smaller pictures, or split it"
        )


def limit_this_process(limits: Limits) -> None:
    """Bound the memory of this process, and let it write no file, nor its memory when it crashes.

    Windows bounds none of them.
    """
    if not _HAS_LIMITS:
        return
    bounds = {"RLIMIT_CORE": 0, "RLIMIT_FSIZE": 0}
    if _STATM.exists():
        bounds["RLIMIT_AS"] = int(_STATM.read_text().split()[0]) * resource.getpagesize() + limits.memory
    else:  # macOS takes RLIMIT_AS and does not keep to it
        threading.Thread(target=watch_memory, args=(limits.memory,), daemon=True).start()
    for name, bound in bounds.items():
        with suppress(OSError, ValueError):  # a lower bound holds already
            resource.setrlimit(getattr(resource, name), (bound, bound))


def watch_memory(most: int) -> None:
    """End this process once it has taken so many bytes more than now."""
    bound = _peak() + most
    while _peak() <= bound:
        time.sleep(_LOOK)
    os._exit(NO_MEMORY)


def _peak() -> int:
    """The most memory that this process has had, in bytes."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak << 10

"""A process that reads PDFs for its parent, because they may crash it, or never come to an end.

    python -m ingest.pdf.worker MODULE:TASK LIMITS

The task takes the path of a file, and what else an order says, and returns the message that answers it.
"""

import json
import math
import os
import pkgutil
import signal
import sys
import threading
import traceback
from pathlib import Path
from queue import SimpleQueue
from typing import IO, Any

from ingest.pdf.faults import PdfError
from ingest.pdf.limits import NO_MEMORY, Limits, limit_this_process
from ingest.pdf.messages import send
from ingest.pdf.opening import open_pdf

_GRACE = 1  # seconds; the parent gives up earlier


def main(name: str, packed_limits: str) -> None:
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what libraries print does not come between the messages
    limits, orders = Limits(**json.loads(packed_limits)), SimpleQueue[dict[str, Any]]()
    task = pkgutil.resolve_name(name)
    threading.Thread(target=_receive, args=(orders,), daemon=True).start()
    limit_this_process(limits)
    send(answers, {"kind": "ready"})
    while True:
        _do_not_end()
        order = orders.get()
        try:
            path = Path(order.pop("path"))
            _announce(path, limits, answers)
            header, payload = task(path, **order)
            send(answers, header | {"kind": "result"}, payload)
        except PdfError as error:
            send(answers, {"kind": "fault", "reason": str(error)})
        except MemoryError:
            os._exit(NO_MEMORY)
        except Exception as error:
            send(answers, {"kind": "fault", "reason": f"cannot be read ({_where(error)}): report this"})


def _announce(path: Path, limits: Limits, answers: IO[bytes]) -> None:
    """Tell the parent how many pages there are, which takes part of the time that a file has.

    Raises PdfError where they are too many.
    """
    _end_after(limits.seconds)
    with open_pdf(path) as document:
        pages = len(document)
    if pages > limits.pages:
        raise PdfError(f"has {pages:,} pages, and at most {limits.pages:,} are read: split it")
    _end_after(limits.seconds_for(pages))
    send(answers, {"kind": "pages", "pages": pages})


def _end_after(seconds: float) -> None:
    """Where the parent is gone, nothing else ends a process that hangs in C code."""
    if hasattr(signal, "alarm"):
        signal.alarm(math.ceil(seconds) + _GRACE)


def _do_not_end() -> None:
    """The process waits for its next order."""
    if hasattr(signal, "alarm"):
        signal.alarm(0)


def _receive(orders: SimpleQueue[dict[str, Any]]) -> None:
    """Put each order into the queue; end this process with its parent."""
    for line in sys.stdin.buffer:
        orders.put(json.loads(line))
    os._exit(0)


def _where(error: Exception) -> str:
    frame = traceback.extract_tb(error.__traceback__)[-1]
    return f"{type(error).__name__} in {Path(frame.filename).name}, line {frame.lineno}"


if __name__ == "__main__":
    main(*sys.argv[1:])

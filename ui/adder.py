"""The process that `ui.adding` starts: it reads a job from standard input, and reports its progress."""

import os
import pickle
import signal
import sys
import threading
import traceback
from collections.abc import Iterable, Iterator
from contextlib import suppress

from ingest.pipeline import ingest
from rag.errors import AskpapersError
from rag.library import Library
from rag.library.progress import Work
from ui.adding import PATIENCE

_NICENESS = 10  # questions go first
_GRACE = 10  # seconds; the server gives up earlier


def main() -> None:
    """Send (what, total) when work begins, the length of each batch, then None; at the end the report."""
    messages = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # libraries print to stderr, not between the messages
    if hasattr(os, "nice"):
        os.nice(_NICENESS)

    def send(message: object) -> None:
        if hasattr(signal, "alarm"):  # without a server, nothing else ends a process that hangs in C code
            signal.alarm(PATIENCE + _GRACE)
        pickle.dump(message, messages)
        messages.flush()

    def track(batches: Iterable[Work], what: str, total: int | None) -> Iterator[Work]:
        send((what, total))
        with suppress(GeneratorExit):  # the rest is not wanted
            for batch in batches:
                send(len(batch))
                yield batch
        send(None)

    try:
        folder, settings, sources = pickle.load(sys.stdin.buffer)  # noqa: S301
        threading.Thread(target=_end_with_the_server, daemon=True).start()
        with Library.open(folder, settings, create=True, catch_up=False) as library:
            report = ingest(library, sources, track)
        send(report)
    except AskpapersError as error:
        send(error)
    except Exception:  # a fault of ours, which the server logs
        send(RuntimeError(traceback.format_exc()))


def _end_with_the_server() -> None:
    sys.stdin.buffer.read()
    os._exit(1)


if __name__ == "__main__":
    main()

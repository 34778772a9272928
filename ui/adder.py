"""The process that `ui.adding` starts: its job is on its standard input, and it tells how far it is."""

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

_NICENESS = 10  # those who ask go first
_GRACE = 10  # seconds; the server gives up before


def main() -> None:
    """Tell (what, total) where work begins, the length of each batch, then None; last the report."""
    messages = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what a library prints is no message
    if hasattr(os, "nice"):
        os.nice(_NICENESS)

    def tell(message: object) -> None:
        if hasattr(signal, "alarm"):  # without a server, and in C code, nothing else would end this process
            signal.alarm(PATIENCE + _GRACE)
        pickle.dump(message, messages)
        messages.flush()

    def track(batches: Iterable[Work], what: str, total: int | None) -> Iterator[Work]:
        tell((what, total))
        with suppress(GeneratorExit):  # those that follow are not wanted
            for batch in batches:
                tell(len(batch))
                yield batch
        tell(None)

    try:
        folder, settings, sources = pickle.load(sys.stdin.buffer)  # noqa: S301
        threading.Thread(target=_end_with_the_server, daemon=True).start()
        with Library.open(folder, settings, create=True, catch_up=False) as library:
            report = ingest(library, sources, track)
        tell(report)
    except AskpapersError as error:
        tell(error)
    except Exception:  # a fault of ours, which the server logs
        tell(RuntimeError(traceback.format_exc()))


def _end_with_the_server() -> None:
    sys.stdin.buffer.read()
    os._exit(1)


if __name__ == "__main__":
    main()

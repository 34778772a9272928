"""Parses PDFs in processes of their own, on all cores; what is wrong with one file costs that file only.

A file may crash its process, never come to an end, or ask for more memory than there is: then the process
is ended and another takes its place. The processes are started anew, not forked, know nothing of this one's
environment, and end with it.
"""

import threading
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, wait
from pathlib import Path
from queue import SimpleQueue

from ingest.pdf.document import Document
from ingest.pdf.faults import PdfError
from ingest.pdf.limits import Limits
from ingest.pdf.packing import unpack
from ingest.pdf.reader import Reader
from rag.model.local.machine import threads

TASK = "ingest.pdf.parsing_task:parse_apart"
_AHEAD = 32  # files that may be done before their turn comes, so that one that takes long delays few
_LOOK = 0.5  # seconds between two looks, so that Ctrl-C is noticed on every system

Parsed = Document | PdfError
_Job = tuple[Path, "Future[Parsed]"]


def parse_all(
    paths: Iterable[Path], workers: int | None = None, limits: Limits = Limits()
) -> Iterator[tuple[Path, Parsed]]:
    """Parse files side by side, in as many processes as there are cores, or `workers`.

    Yields, in the order of the paths, each with its document or the reason why there is none. Paths are
    taken and files parsed at most some dozens ahead of what is read here. Closing the iterator, or Ctrl-C
    while it waits, ends all processes at once.
    """
    pool = _Pool(max(1, workers or threads()), limits)
    pending: deque[_Job] = deque()
    try:
        for path in paths:
            pending.append((path, pool.submit(path)))
            if len(pending) >= pool.most:
                yield _first(pending)
        while pending:
            yield _first(pending)
    finally:
        pool.close()


class _Pool:
    """Threads, each of which holds a process; as many as files, up to `workers`."""

    def __init__(self, workers: int, limits: Limits) -> None:
        self.most = _AHEAD + 2 * workers
        self._workers, self._limits = workers, limits
        self._jobs = SimpleQueue[_Job | None]()
        self._readers: list[Reader[Document]] = []

    def submit(self, path: Path) -> "Future[Parsed]":
        future = Future[Parsed]()
        self._jobs.put((path, future))
        if len(self._readers) < self._workers:
            self._readers.append(reader := Reader(TASK, self._limits, unpack))
            # A daemon, so that a program that leaves the iterator open ends without waiting for it.
            threading.Thread(target=_work, args=(self._jobs, reader), daemon=True).start()
        return future

    def close(self) -> None:
        for reader in self._readers:
            reader.close()
            self._jobs.put(None)


def _work(jobs: SimpleQueue[_Job | None], reader: Reader[Document]) -> None:
    while job := jobs.get():
        path, future = job
        try:
            future.set_result(reader.read(path))
        except PdfError as error:
            future.set_result(error)
        except BaseException as error:
            future.set_exception(error)


def _first(pending: deque[_Job]) -> tuple[Path, Parsed]:
    path, future = pending.popleft()
    while not future.done():
        wait([future], _LOOK)
    return path, future.result()

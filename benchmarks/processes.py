"""Each way in a process of its own, so that none disturbs the other, and the memory of that process."""

import ctypes
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from multiprocessing import get_context
from multiprocessing.managers import BaseManager
from pathlib import Path
from typing import Any, Protocol, TypeVar

import numpy as np


class Way(Protocol):
    """A way from papers to answers in one folder; what it measures, it measures by itself."""

    def ingest(self, count: int) -> float:
        """Bring the next papers in; seconds, without making the papers up."""
        ...

    def search(self, query: str) -> float:
        """Find ten papers or passages; seconds, with encoding the query."""
        ...

    def facts(self) -> dict[str, Any]:
        """What there is to say so far, by the name of its figure."""
        ...

    def close(self) -> None: ...


class Closable(Protocol):
    """What a process of its own can keep: it is closed with it."""

    def close(self) -> None: ...


Kept = TypeVar("Kept", bound=Closable)


class _Process(BaseManager):
    """A process that keeps one object; it leaves Ctrl-C to the one that started it."""


def _make(way: Callable[..., Kept], values: tuple[object, ...]) -> Kept:
    return way(*values)


_Process.register("make", callable=_make)


@contextmanager
def in_own_process(way: Callable[..., Kept], *values: object) -> Iterator[Kept]:
    """`way(*values)`, made and used in a new process that ends with the context."""
    with _Process(ctx=get_context("spawn")) as process:
        opened: Kept = process.make(way, values)  # type: ignore[attr-defined]
        yield opened
        opened.close()


class Memory:
    """Growth of this process's resident memory since this object was made, in MB; None except on Linux.

    What both ways need before the first paper, such as the encoder's weights, is therefore not counted.
    """

    def __init__(self) -> None:
        give_back()
        with suppress(OSError):
            Path("/proc/self/clear_refs").write_text("5")  # start the peak anew
        self._before = memory_mb()

    def now_mb(self) -> float | None:
        return self._growth(memory_mb())

    def peak_mb(self) -> float | None:
        return self._growth(memory_mb(field="VmHWM"))

    def _growth(self, now: float | None) -> float | None:
        return None if now is None or self._before is None else round(now - self._before, 1)


def give_back() -> None:
    """Give freed memory back to the system; otherwise it would be used again and growth not be seen."""
    with suppress(OSError, AttributeError):  # C libraries other than glibc lack it
        ctypes.CDLL(None).malloc_trim(0)


def memory_mb(pid: int | str = "self", field: str = "VmRSS") -> float | None:
    """The memory of a process, resident unless `field` says otherwise; None where it cannot be read."""
    kilobytes = status(field, pid)
    return None if kilobytes is None else round(kilobytes / 1024, 1)


def status(field: str, pid: int | str = "self") -> int | None:
    """A number that Linux tells of a process; None where it tells none."""
    with suppress(OSError):
        for line in Path(f"/proc/{pid}/status").read_text(encoding="utf-8").splitlines():
            if line.startswith(f"{field}:"):
                return int(line.split()[1])
    return None


def folder_mb(folder: Path) -> float:
    """The size of all files in a folder."""
    return round(sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) / 1e6, 2)


def timed(work: Callable[..., object], *arguments: object) -> float:
    """The seconds that a call takes."""
    started = time.perf_counter()
    work(*arguments)
    return time.perf_counter() - started


def milliseconds(seconds: Sequence[float], percent: float = 50) -> float:
    """A percentile of times."""
    return round(float(np.percentile(seconds, percent)) * 1000, 1)

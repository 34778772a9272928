"""Each way in a process of its own, so that none disturbs the other, and the memory of that process."""

import ctypes
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from multiprocessing import get_context
from multiprocessing.managers import BaseManager
from pathlib import Path
from typing import Any, Protocol, TypeVar


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
    """Growth of this process's resident memory since this object was made; on Linux alone.

    So what both ways need before the first paper, such as the encoder's weights, is no part of it.
    """

    def __init__(self) -> None:
        give_back()
        with suppress(OSError):
            Path("/proc/self/clear_refs").write_text("5")  # start the peak anew
        self._before = _status("VmRSS")

    def now_mb(self) -> float | None:
        return self._growth("VmRSS")

    def peak_mb(self) -> float | None:
        return self._growth("VmHWM")

    def _growth(self, field: str) -> float | None:
        now = _status(field)
        return None if now is None or self._before is None else round((now - self._before) / 1024, 1)


def give_back() -> None:
    """Give freed memory back to the system, which would else be used again and not be seen to grow."""
    with suppress(OSError, AttributeError):  # other C libraries than glibc do not know it
        ctypes.CDLL(None).malloc_trim(0)


def _status(field: str) -> int | None:
    """KB, None where the system does not tell."""
    with suppress(OSError):
        for line in Path("/proc/self/status").read_text().splitlines():
            if line.startswith(f"{field}:"):
                return int(line.split()[1])
    return None


def folder_mb(folder: Path) -> float:
    """All files in a folder, as long as they are."""
    return round(sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) / 1e6, 2)

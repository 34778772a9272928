"""The chat page in a process of its own, as `askpapers ui` serves it, and what it takes. On Linux.

All that it writes goes to a folder that the caller names. The user's models and settings are left out, so
the papers' own sentences answer.
"""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from benchmarks.processes import memory_mb
from rag.settings import data_folder

ROOT = Path(__file__).parents[1]
_BUSY = 0.2  # of one core; a page that only waits takes about 0.05
_LONGEST_START = 600  # seconds; a library that is behind catches up first
_LONGEST_READING = 1800


@dataclass(frozen=True)
class ServedPage:
    """A page that is being served; `seconds` is how long it took to start, `home` where it writes."""

    process: subprocess.Popen[bytes]
    port: int
    home: Path
    password: str | None
    seconds: float

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}/"

    @property
    def temporary(self) -> Path:
        """Where Gradio and Python put files."""
        return self.home / "tmp"

    @property
    def stdout(self) -> str:
        return read(self.home / "stdout")

    @property
    def stderr(self) -> str:
        return read(self.home / "stderr")

    def is_alive(self) -> bool:
        return self.process.poll() is None

    def memory_mb(self) -> float:
        """Resident memory; 0 once the process is gone."""
        return memory_mb(self.process.pid) or 0.0

    def is_busy(self, seconds: float = 0.4) -> bool:
        """Whether it works on something, such as papers that it reads ahead, while it is watched."""
        before, started = self._processor_seconds(), time.perf_counter()
        time.sleep(seconds)
        return (self._processor_seconds() - before) / (time.perf_counter() - started) > _BUSY

    def wait_until_idle(self, patience: float = _LONGEST_READING) -> float:
        """Wait until the papers are read ahead, which shows in that it rests; returns the seconds."""
        started = time.perf_counter()
        while any(self.is_busy(1.0) for _ in range(3)):
            if time.perf_counter() - started > patience:
                break
        return time.perf_counter() - started

    def temporary_files(self) -> list[Path]:
        return [path for path in self.temporary.rglob("*") if path.is_file()]

    def temporary_mb(self) -> float:
        total = 0
        for path in self.temporary_files():
            with suppress(OSError):  # it may be gone by now
                total += path.stat().st_size
        return round(total / 1e6, 2)

    def _processor_seconds(self) -> float:
        fields = read(Path(f"/proc/{self.process.pid}/stat")).rpartition(")")[2].split()
        ticks = sum(map(int, fields[11:13]))  # utime and stime, see proc(5)
        return ticks / os.sysconf("SC_CLK_TCK")


@contextmanager
def serving(
    home: Path,
    *options: str,
    password: str | None = None,
    under: Sequence[str] = (),
    environment: Mapping[str, str] | None = None,
) -> Iterator[ServedPage]:
    """A page until the context ends. `under` is a command that the server runs under, such as strace.

    Raises RuntimeError where no page comes up.
    """
    (home / "tmp").mkdir(parents=True, exist_ok=True)
    port, started = free_port(), time.perf_counter()
    command = [*under, sys.executable, "-m", "ui.cli", "ui", "--json", "--port", str(port)]
    with (home / "stdout").open("wb") as out, (home / "stderr").open("wb") as err:
        process = subprocess.Popen(
            [*command, "--runs", str(home / "runs"), *options],
            stdout=out,
            stderr=err,
            stdin=subprocess.DEVNULL,
            cwd=home,
            env=_environment(home, password) | dict(environment or {}),
            umask=0o022,
            start_new_session=True,  # Ctrl-C is ours: the server is ended below
        )
        try:
            _wait(process, home)
            yield ServedPage(process, port, home, password, time.perf_counter() - started)
        finally:
            with suppress(subprocess.TimeoutExpired):
                process.send_signal(signal.SIGINT)
                process.wait(20)
            process.kill()
            process.wait()


def _wait(process: subprocess.Popen[bytes], home: Path) -> None:
    """Until the page prints its address. Raises RuntimeError."""
    until = time.monotonic() + _LONGEST_START
    while not read(home / "stdout").endswith("\n"):
        if process.poll() is not None or time.monotonic() > until:
            raise RuntimeError(f"no page came up: {read(home / 'stderr')[-2000:].strip()}")
        time.sleep(0.05)


def _environment(home: Path, password: str | None) -> dict[str, str]:
    """Ours without models and settings, with folders of its own; fetched weights are linked there."""
    weights, link = data_folder() / "encoder", home / "data" / "askpapers" / "encoder"
    link.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    if weights.is_dir() and not link.exists():
        link.symlink_to(weights, target_is_directory=True)
    ours = ("OPENAI_", "ASKPAPERS_", "GRADIO_")
    return {
        **{name: value for name, value in os.environ.items() if not name.startswith(ours)},
        **({"ASKPAPERS_PASSWORD": password} if password else {}),
        "XDG_DATA_HOME": str(home / "data"),
        "TMPDIR": str(home / "tmp"),
        "PYTHONPATH": str(ROOT),
    }


def read(path: Path) -> str:
    """A file's text, "" where there is none."""
    with suppress(FileNotFoundError, ProcessLookupError):
        return path.read_bytes().decode(errors="surrogateescape")
    return ""


def free_port() -> int:
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        return int(bound.getsockname()[1])

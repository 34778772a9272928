"""The chat page in a process of its own, as `askpapers ui` serves it: memory, processor, temporary files.

On Linux alone, as what a process takes is read from /proc. Whatever it writes goes to a folder of the
measurement's own, and the user's models are left out: the papers' own sentences answer.
"""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from benchmarks.processes import folder_mb
from rag.settings import data_folder

_BUSY = 0.2  # of one core; a page that only waits takes about 0.05
_TICKS = os.sysconf("SC_CLK_TCK") if hasattr(os, "sysconf") else 100  # a second, of processor time
_LONGEST_START = 600  # seconds; a library that is behind catches up first
_LONGEST_READING = 1800


@dataclass(frozen=True)
class Server:
    """A page that is being served."""

    process: subprocess.Popen[str]
    address: str
    seconds: float  # that it took to start
    temporary: Path  # where Gradio and Python put files

    def memory_mb(self) -> float:
        """Resident memory."""
        for line in self._proc("status").splitlines():
            if line.startswith("VmRSS:"):
                return round(int(line.split()[1]) / 1024, 1)
        return 0.0

    def is_busy(self, seconds: float = 0.4) -> bool:
        """Whether it works on something, such as papers that it reads ahead, while it is watched."""
        before, started = self._processor_seconds(), time.perf_counter()
        time.sleep(seconds)
        return (self._processor_seconds() - before) / (time.perf_counter() - started) > _BUSY

    def wait_until_idle(self) -> float:
        """Seconds until it has read the papers ahead: it says nothing then, but rests for a while."""
        started = time.perf_counter()
        while any(self.is_busy(1.0) for _ in range(3)):
            if time.perf_counter() - started > _LONGEST_READING:
                break
        return time.perf_counter() - started

    def files(self) -> dict[str, float]:
        """Temporary files: how many, and their megabytes."""
        return {
            "files": sum(path.is_file() for path in self.temporary.rglob("*")),
            "files_mb": folder_mb(self.temporary),
        }

    def _processor_seconds(self) -> float:
        fields = self._proc("stat").rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / _TICKS  # utime and stime, see proc(5)

    def _proc(self, name: str) -> str:
        return Path(f"/proc/{self.process.pid}/{name}").read_text(encoding="utf-8")


@contextmanager
def serving(library: Path, home: Path) -> Iterator[Server]:
    """A page about a library until the context ends. Raises RuntimeError where none comes up."""
    temporary, log, port = home / "temporary", home / "server.log", _free_port()
    temporary.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-m", "ui.cli", "ui", "--library", str(library), "--port", str(port)]
    command += ["--runs", str(home / "runs"), "--json"]
    with log.open("w", encoding="utf-8") as complaints:
        started = time.perf_counter()
        process = subprocess.Popen(
            command,
            stdout=subprocess.PIPE,
            stderr=complaints,
            text=True,
            env=_environment(home, temporary),
            start_new_session=True,  # Ctrl-C is ours: the server is ended below
        )
        try:
            told = _first_line(process)
            if not told:
                raise RuntimeError(f"no page came up: {log.read_text(encoding='utf-8')[-2000:]}")
            address = json.loads(told)["address"]
            yield Server(process, address, time.perf_counter() - started, temporary)
        finally:
            _end(process)


def _first_line(process: subprocess.Popen[str]) -> str:
    """What it says once it serves; nothing where it ends before, or takes too long."""
    import threading

    patience = threading.Timer(_LONGEST_START, process.kill)
    patience.start()
    try:
        return process.stdout.readline() if process.stdout else ""
    finally:
        patience.cancel()


def _end(process: subprocess.Popen[str]) -> None:
    with suppress(subprocess.TimeoutExpired):
        process.send_signal(signal.SIGINT)
        process.wait(20)
    process.kill()
    process.wait()
    if process.stdout:
        process.stdout.close()


def _environment(home: Path, temporary: Path) -> dict[str, str]:
    """Ours without models and settings, and with folders of its own; fetched weights are found there."""
    kept = {
        name: value for name, value in os.environ.items() if not name.startswith(("OPENAI_", "ASKPAPERS_"))
    }
    weights, linked = data_folder() / "encoder", home / "askpapers" / "encoder"
    if weights.is_dir() and not linked.exists():
        linked.parent.mkdir(parents=True, exist_ok=True)
        linked.symlink_to(weights, target_is_directory=True)
    return kept | {
        "XDG_DATA_HOME": str(home),
        "GRADIO_TEMP_DIR": str(temporary / "gradio"),
        "TMPDIR": str(temporary),
    }


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])

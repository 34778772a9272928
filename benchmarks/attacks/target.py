"""The page as its own process, as `askpapers ui` starts it, and what can be seen of it. On Linux.

Each page has a copy of the library and folders of its own. Python tells of each connection that the server
makes and each name that it looks up (`sys.addaudithook`); where strace works, the system tells it too, as
code in C is not heard by Python.
"""

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from rag.settings import data_folder

ROOT = Path(__file__).parents[2]
PASSWORD = "correct horse battery staple"  # noqa: S105
_LONGEST_START = 120  # seconds
_HOOK = """
import os, sys

def _tell(text):
    with open(os.environ["ATTACKS_WATCHED"], "a", errors="backslashreplace") as file:
        file.write(text.replace("\\n", "\\\\n") + "\\n")

def _note(event, arguments):
    if event in ("socket.connect", "socket.sendto", "socket.sendmsg"):
        if isinstance(arguments[1], tuple):
            _tell(f"{event} {arguments[1][0]} {arguments[1][1]}")
    elif event in ("socket.getaddrinfo", "socket.gethostbyname"):
        _tell(f"{event} {arguments[0]} {arguments[1] if len(arguments) > 1 else ''}")

sys.addaudithook(_note)
"""
_CONNECTED = re.compile(r"(?:connect|sendto|sendmsg)\([^\n]*sa_family=AF_INET[^\n]*")


@dataclass(frozen=True)
class Target:
    """A page that is being served. `home` holds all that it writes."""

    process: subprocess.Popen[bytes]
    port: int
    home: Path
    password: str | None

    @property
    def temporary(self) -> Path:
        return self.home / "tmp"

    @property
    def stdout(self) -> str:
        return _read(self.home / "stdout")

    @property
    def stderr(self) -> str:
        return _read(self.home / "stderr")

    def is_alive(self) -> bool:
        return self.process.poll() is None

    def memory_mb(self) -> float:
        """Resident memory; 0 once the process is gone."""
        with suppress(OSError):
            for line in Path(f"/proc/{self.process.pid}/status").read_text(encoding="utf-8").splitlines():
                if line.startswith("VmRSS:"):
                    return round(int(line.split()[1]) / 1024, 1)
        return 0.0

    def settle(self, patience: float = 30.0) -> None:
        """Wait until memory rests: a page that has just started reads its papers ahead."""
        until, last, rests = time.monotonic() + patience, 0.0, 0
        while rests < 4 and time.monotonic() < until:
            time.sleep(0.5)
            now = self.memory_mb()
            rests = rests + 1 if abs(now - last) < 1 else 0
            last = now

    def outgoing(self) -> tuple[list[str], list[str]]:
        """Connections and name look-ups so far, as Python tells of them and as the system does."""
        heard = _read(self.home / "watched").splitlines()
        return heard, _CONNECTED.findall(_read(self.home / "traced"))

    def temporary_files(self) -> list[Path]:
        return [path for path in self.temporary.rglob("*") if path.is_file()]

    def temporary_mb(self) -> float:
        total = 0
        for path in self.temporary_files():
            with suppress(OSError):  # gone meanwhile
                total += path.stat().st_size
        return round(total / 1e6, 1)


@dataclass(frozen=True)
class Range:
    """Where attacks take place: a library that each page has a copy of, and a folder for what it writes."""

    library: Path
    folder: Path
    seed: int = 0

    @contextmanager
    def page(
        self,
        *options: str,
        password: str | None = None,
        home: Path | None = None,
        traced: bool = False,
        is_own: bool = False,
    ) -> Iterator[Target]:
        """A page until the context ends; of an earlier `home`, it is the same user's next start. With
        `is_own` it is that of one who names no library, and has none yet.

        Raises RuntimeError where none comes up.
        """
        home = home or self.folder / f"page-{time.monotonic_ns()}"
        for name in ("tmp", "home", "data", "site"):
            (home / name).mkdir(parents=True, exist_ok=True)
        (home / "site" / "sitecustomize.py").write_text(_HOOK, encoding="utf-8")
        if not is_own:
            shutil.copytree(self.library, home / "library", dirs_exist_ok=True)
            options = ("--library", str(home / "library"), *options)
        with _started(home, options, password, traced) as target:
            yield target


@contextmanager
def _started(home: Path, options: tuple[str, ...], password: str | None, traced: bool) -> Iterator[Target]:
    port = free_port()
    command = [sys.executable, "-m", "ui.cli", "ui", "--json"]
    command += ["--port", str(port), "--runs", str(home / "runs"), *options]
    if traced and can_trace():
        calls = "trace=connect,sendto,sendmsg"
        command = [
            "strace",
            "-D",
            "-f",
            "--seccomp-bpf",
            "-s",
            "0",
            "-e",
            calls,
            "-o",
            str(home / "traced"),
            *command,
        ]
    with (home / "stdout").open("wb") as out, (home / "stderr").open("wb") as err:
        process = subprocess.Popen(
            command,
            stdout=out,
            stderr=err,
            stdin=subprocess.DEVNULL,
            cwd=home,
            env=_environment(home, password),
            umask=0o022,
            start_new_session=True,  # Ctrl-C is ours: the server is ended below
        )
        target = Target(process, port, home, password)
        try:
            _wait(target)
            yield target
        finally:
            _end(process)


def _wait(target: Target) -> None:
    """Until the page says its address. Raises RuntimeError."""
    until = time.monotonic() + _LONGEST_START
    while not target.stdout.endswith("\n"):
        if not target.is_alive() or time.monotonic() > until:
            raise RuntimeError(f"no page came up: {target.stderr[-500:].strip()}")
        time.sleep(0.05)


def _environment(home: Path, password: str | None) -> dict[str, str]:
    """Ours without models and settings, with folders of its own; fetched weights are found there."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("OPENAI_", "ASKPAPERS_", "GRADIO_"))
    }
    weights, linked = data_folder() / "encoder", home / "data" / "askpapers" / "encoder"
    if weights.is_dir() and not linked.exists():
        linked.parent.mkdir(mode=0o700, exist_ok=True)
        linked.symlink_to(weights, target_is_directory=True)
    secret = {"ASKPAPERS_PASSWORD": password} if password else {}
    return (
        kept
        | secret
        | {
            "HOME": str(home / "home"),
            "XDG_DATA_HOME": str(home / "data"),
            "TMPDIR": str(home / "tmp"),
            "PYTHONPATH": f"{home / 'site'}{os.pathsep}{ROOT}",
            "ATTACKS_WATCHED": str(home / "watched"),
        }
    )


def _end(process: subprocess.Popen[bytes]) -> None:
    with suppress(subprocess.TimeoutExpired):
        process.send_signal(signal.SIGINT)
        process.wait(10)
    process.kill()
    process.wait()


def _read(path: Path) -> str:
    with suppress(FileNotFoundError):
        return path.read_bytes().decode(errors="surrogateescape")
    return ""


@cache
def can_trace() -> bool:
    """Whether the system lets strace watch a process here."""
    found = shutil.which("strace")
    if not found:
        return False
    return subprocess.run([found, "-f", "--seccomp-bpf", "true"], capture_output=True).returncode == 0


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])

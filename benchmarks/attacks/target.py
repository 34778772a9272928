"""The pages that attacks are made on, and what can be seen of them. On Linux.

Each page has a copy of the library and folders of its own. Python tells of each connection that the server
makes and each name that it looks up (`sys.addaudithook`); where strace works, the system tells it too, as
code in C is not heard by Python.
"""

import os
import re
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from benchmarks.served_page import ROOT, ServedPage, read, serving

PASSWORD = "correct horse battery staple"  # noqa: S105
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
_TRACE = "strace -D -f --seccomp-bpf -s 0 -e trace=connect,sendto,sendmsg -o"
_CONNECTED = re.compile(r"(?:connect|sendto|sendmsg)\([^\n]*sa_family=AF_INET[^\n]*")


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
    ) -> Iterator[ServedPage]:
        """A page until the context ends; with an earlier `home` it is the same user's next start. With
        `is_own` its user names no library, and has none yet.

        Raises RuntimeError where none comes up.
        """
        home = home or self.folder / f"page-{time.monotonic_ns()}"
        for name in ("home", "site"):
            (home / name).mkdir(parents=True, exist_ok=True)
        (home / "site" / "sitecustomize.py").write_text(_HOOK, encoding="utf-8")
        if not is_own:
            shutil.copytree(self.library, home / "library", dirs_exist_ok=True)
            options = ("--library", str(home / "library"), *options)
        environment = {
            "HOME": str(home / "home"),
            "PYTHONPATH": f"{home / 'site'}{os.pathsep}{ROOT}",
            "ATTACKS_WATCHED": str(home / "watched"),
        }
        under = [*_TRACE.split(), str(home / "traced")] if traced and can_trace() else []
        with serving(home, *options, password=password, under=under, environment=environment) as target:
            yield target

    def pages(self) -> Iterator[tuple[ServedPage, str]]:
        """An open page, then one with a password, each with what to call it."""
        for password, where in ((None, "open"), (PASSWORD, "with a password")):
            with self.page(password=password) as target:
                yield target, where


def outgoing(target: ServedPage) -> tuple[list[str], list[str]]:
    """Connections and name look-ups so far, as Python tells of them and as the system does."""
    heard = read(target.home / "watched").splitlines()
    return heard, _CONNECTED.findall(read(target.home / "traced"))


@cache
def can_trace() -> bool:
    """Whether the system lets strace watch a process here."""
    strace = shutil.which("strace")
    if not strace:
        return False
    return subprocess.run([strace, "-f", "--seccomp-bpf", "true"], capture_output=True).returncode == 0

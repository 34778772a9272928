"""A second visitor, in a process of its own: asks for a page every 50 ms and writes how it went."""

import http.client
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryFile

_PAUSE = 0.05  # seconds between two requests
_PATIENCE = 120


@dataclass
class Waits:
    """How long a visitor had to wait, in seconds; a wait that has not ended counts too."""

    seconds: list[float] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)

    @property
    def longest(self) -> float:
        return max(self.seconds, default=0.0)


@contextmanager
def watching(port: int, path: str = "/config", cookie: str = "", linger: float = 0.3) -> Iterator[Waits]:
    """A visitor until the context ends; the waits are filled in then."""
    waits = Waits()
    with TemporaryFile() as notes:
        command = [sys.executable, "-I", "-S", str(Path(__file__)), str(port), path, cookie]
        process = subprocess.Popen(command, stdout=notes, env={"PATH": os.environ.get("PATH", "")})
        try:
            while not os.fstat(notes.fileno()).st_size and process.poll() is None:
                time.sleep(0.02)  # until it asks for the first time
            yield waits
            time.sleep(linger)
        finally:
            process.send_signal(signal.SIGKILL)
            process.wait()
            ended = time.time()
            notes.seek(0)
            _read(notes.read().decode(errors="replace").splitlines(), ended, waits)


def _read(lines: list[str], ended: float, waits: Waits) -> None:
    begun: float | None = None
    for line in lines:
        word, at, status = line.split(" ", 2)
        if word == "begin":
            begun = float(at)
        elif begun is not None:
            waits.seconds.append(float(at) - begun)
            begun = None
            if status != "200":
                waits.failures.append(status)
    if begun is not None:
        waits.seconds.append(ended - begun)


def ask(port: int, path: str, cookie: str) -> str:
    """The status of an answer that was read whole, or what went wrong."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=_PATIENCE)
    try:
        connection.request("GET", path, headers={"Cookie": cookie} if cookie else {})
        answer = connection.getresponse()
        answer.read()
        return str(answer.status)
    except (OSError, http.client.HTTPException) as error:
        return type(error).__name__
    finally:
        with suppress(OSError):
            connection.close()


def main() -> None:
    port, path, cookie = int(sys.argv[1]), sys.argv[2], sys.argv[3]
    while True:
        print("begin", time.time(), "-", flush=True)
        status = ask(port, path, cookie)
        print("end", time.time(), status, flush=True)
        time.sleep(_PAUSE)


if __name__ == "__main__":
    main()

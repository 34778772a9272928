"""Starts llama.cpp's server for a model file when it is needed, and ends it with the program.

The processes of one user share a server: a record file says where it is. If its owner ends, so does the
server, and the next process that needs it starts one of its own.
"""

import json
import os
import re
import secrets
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from hashlib import sha256
from http.client import HTTPConnection, HTTPException
from importlib.util import find_spec
from pathlib import Path
from queue import Empty, SimpleQueue
from urllib.parse import urlsplit

from filelock import FileLock, Timeout

from rag.errors import ModelFailedError, ModelMissingError
from rag.model.local.gguf import read_shape
from rag.model.local.machine import SMALLER, fitted
from rag.private import FILE, atomic_write, make_file, make_folder
from rag.settings import data_folder

_COMMAND = ("-m", "rag.model.local.serve")
_LOADING = 600.0  # seconds
_ANSWERING = 10.0  # seconds until a server counts as gone
_PAUSE = 0.2  # seconds between two looks, so that Ctrl-C is noticed on every system
_LOG_END = 20_000  # bytes
_NO_MEMORY = re.compile("(?:fail\\w*|unable|cannot) (?:to )?allocate|out of memory|bad_alloc", re.IGNORECASE)


@dataclass(frozen=True)
class Address:
    """Where a server is, the key that it asks for, and the name by which it is recognised."""

    url: str
    key: str = field(repr=False)
    name: str = ""


class LocalServer:
    """The server of one model file. Safe to use from several threads."""

    def __init__(
        self, path: Path, window: int = 8192, on_wait: Callable[[str], None] | None = None
    ) -> None:
        """`window` is the context in tokens, if memory allows; `on_wait` gets a line while it loads."""
        self.path = path.absolute()
        self.window = window
        self._on_wait = on_wait
        self._starting = threading.Lock()
        self._process: subprocess.Popen[str] | None = None
        self._address: Address | None = None

    def ensure(self) -> Address:
        """The address of a server that is ready; starts one if none runs.

        Raises ModelMissingError if the file or llama.cpp cannot be used, and ModelFailedError.
        """
        with self._starting:
            if self._process and self._process.poll() is None and self._address:
                return self._address
            self.close()
            try:
                record = self._record()
                make_folder(record.parent)
                with FileLock(record.with_suffix(".lock"), timeout=_LOADING, mode=FILE):
                    return _running(record) or self._start(record)
            except Timeout:
                raise self._too_slow() from None
            except OSError as error:
                raise ModelMissingError(
                    f"the model {self.path.stem} cannot be started ({error.strerror or error}): see that "
                    f"its file can be read and {data_folder()} written"
                ) from None

    def close(self) -> None:
        """End the server if it is ours. `ensure` would start it again."""
        process, self._process = self._process, None
        if process:
            process.kill()
            process.wait()
            for pipe in (process.stdin, process.stdout):
                if pipe:
                    with suppress(OSError):
                        pipe.close()

    def _record(self) -> Path:
        """The record file of servers of this file, as it is now, and this context."""
        status = self.path.stat()
        identity = f"{self.path} {status.st_size} {status.st_mtime_ns} {self.window}"
        digest = sha256(identity.encode("utf-8", "surrogateescape")).hexdigest()
        return data_folder() / "models" / "running" / f"{digest[:16]}.json"

    def _start(self, record: Path) -> Address:
        if not find_spec("xllamacpp"):
            raise ModelMissingError("llama.cpp is not installed: install askpapers[local]")
        try:
            shape = read_shape(self.path)
        except ValueError:
            raise self._damaged() from None
        context, at_once = fitted(self.path.stem, self.path.stat().st_size, shape, self.window)
        if self._on_wait:
            self._on_wait(f"Loading the model {self.path.stem} into memory.")
        key, name = secrets.token_urlsafe(32), secrets.token_hex(16)
        order = {"path": str(self.path), "context": context, "at_once": at_once, "key": key, "name": name}
        log = record.with_suffix(".log")
        self._process = process = _spawn(order, log)
        try:
            line = _first_line(process)
            if not line:
                raise self._failure(process, log)
        except BaseException:  # Ctrl-C too
            self.close()
            raise
        self._address = Address(json.loads(line)["url"], key, name)
        with atomic_write(record) as file:
            file.write(json.dumps(asdict(self._address)).encode())
        return self._address

    def _failure(self, process: subprocess.Popen[str], log: Path) -> Exception:
        """Why a server has not come up."""
        if process is not self._process:
            return ModelFailedError(f"the model {self.path.stem} was closed while it was loading: ask again")
        with suppress(subprocess.TimeoutExpired):
            code = process.wait(_ANSWERING)
        if process.returncode is None:
            return self._too_slow()
        text = log.read_bytes()[-_LOG_END:].decode(errors="replace")
        if code == -9 or _NO_MEMORY.search(text):  # 9: by the system
            return ModelFailedError(f"there is not enough memory for the model {self.path.stem}: {SMALLER}")
        if "unknown model architecture" in text:
            return ModelMissingError(
                f"llama.cpp does not know this kind of model ({self.path.stem}): update xllamacpp, or use "
                "another model: `askpapers model list`"
            )
        if "ImportError" in text:
            return ModelMissingError(f"llama.cpp cannot be loaded (see {log}): install askpapers[local] again")
        return self._damaged()

    def _damaged(self) -> ModelMissingError:
        return ModelMissingError(
            f"the file of the model {self.path.stem} is damaged ({self.path}): pull or add it again"
        )

    def _too_slow(self) -> ModelFailedError:
        return ModelFailedError(f"the model {self.path.stem} takes too long to load: {SMALLER}")


def _spawn(order: dict[str, object], log: Path) -> "subprocess.Popen[str]":
    """A process that serves. It is told its key through stdin, and ends when that closes."""
    make_file(log)
    with log.open("wb") as errors:
        process = subprocess.Popen(
            [sys.executable, "-P", *_COMMAND],  # -P: not modules of the folder that we are in
            env=os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
            encoding="utf-8",
            start_new_session=True,  # where Ctrl-C in the terminal does not reach it
            creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
        )
    with suppress(OSError):  # it has ended already
        if process.stdin:
            process.stdin.write(json.dumps(order) + "\n")
            process.stdin.flush()
    return process


def _first_line(process: "subprocess.Popen[str]") -> str:
    """What a process says first; nothing if it ends before, or takes too long."""
    lines: SimpleQueue[str] = SimpleQueue()
    stdout = process.stdout

    def read() -> None:
        with suppress(OSError, ValueError):  # the process was closed
            lines.put(stdout.readline() if stdout else "")

    threading.Thread(target=read, daemon=True).start()
    ends = time.monotonic() + _LOADING
    while time.monotonic() < ends:
        with suppress(Empty):
            return lines.get(timeout=_PAUSE)
    return ""


def _running(record: Path) -> Address | None:
    """The server that a record names, if it answers by its name: a port may have gone to another program."""
    with suppress(OSError, ValueError, TypeError, KeyError, HTTPException):
        address = Address(**json.loads(record.read_bytes()))
        connection = HTTPConnection(urlsplit(address.url).netloc, timeout=_ANSWERING)  # by no proxy
        try:
            connection.request("GET", "/v1/models", headers={"Authorization": f"Bearer {address.key}"})
            if json.loads(connection.getresponse().read())["data"][0]["id"] == address.name:
                return address
        finally:
            connection.close()
    return None

"""Starts llama.cpp's server for a model file when it is needed, and ends it with the program.

The processes of one user share a server: a record file says where it is. If its owner ends, so does the
server, and the next process that needs it starts one of its own.
"""

import json
import secrets
import threading
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from hashlib import sha256
from http.client import HTTPConnection, HTTPException
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import urlsplit

from filelock import FileLock, Timeout

from rag.errors import ModelFailedError, ModelMissingError
from rag.model.local.gguf import read_shape
from rag.model.local.machine import fitted
from rag.model.local.process import Process, damaged, end, failure, first_line, spawn, too_slow
from rag.private import FILE, atomic_write, make_folder
from rag.settings import data_folder

_LOADING = 600.0  # seconds
_ANSWERING = 10.0  # seconds until a server counts as gone


@dataclass(frozen=True)
class Address:
    """Where a server is, the key that it asks for, and the name by which it is recognised."""

    url: str
    key: str = field(repr=False)
    name: str = ""


class LocalServer:
    """The server of one model file. Safe to use from several threads."""

    def __init__(self, path: Path, window: int) -> None:
        """`window` is the context in tokens, if memory allows."""
        self.path = path.absolute()
        self.window = window
        self._starting = threading.Lock()
        self._process: Process | None = None
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
                raise too_slow(self.path.stem) from None
            except FileNotFoundError:
                raise ModelMissingError(
                    f"the file of the model {self.path.stem} is gone ({self.path}): pull or add it again"
                ) from None
            except OSError as error:
                raise ModelMissingError(
                    f"the model {self.path.stem} cannot be started ({error.strerror or error}): see that "
                    f"its file can be read and {data_folder()} written"
                ) from None

    def close(self) -> None:
        """End the server if it is ours. `ensure` would start it again."""
        process, self._process = self._process, None
        if process:
            end(process)
            with suppress(OSError):
                record = self._record()
                if self._address == _recorded(record):
                    record.unlink()

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
            raise damaged(self.path) from None
        context, at_once = fitted(self.path.stem, self.path.stat().st_size, shape, self.window)
        key, name = secrets.token_urlsafe(32), secrets.token_hex(16)
        order = {"path": str(self.path), "context": context, "at_once": at_once, "key": key, "name": name}
        log = record.with_suffix(".log")
        self._process = process = spawn(order, log)
        try:
            line = first_line(process, _LOADING)
            if process is not self._process:
                raise ModelFailedError(f"the model {self.path.stem} was closed while it loaded: ask again")
            if not line:
                raise failure(process, self.path, log)
        except BaseException:  # Ctrl-C too
            self.close()
            raise
        self._address = Address(json.loads(line)["url"], key, name)
        with atomic_write(record) as file:
            file.write(json.dumps(asdict(self._address)).encode())
        return self._address


def _running(record: Path) -> Address | None:
    """The server that a record names, unless another program has its port by now."""
    with suppress(OSError, ValueError, TypeError, KeyError, HTTPException):
        address = _recorded(record)
        if not address:
            return None
        connection = HTTPConnection(urlsplit(address.url).netloc, timeout=_ANSWERING)  # by no proxy
        try:
            connection.request("GET", "/v1/models", headers={"Authorization": f"Bearer {address.key}"})
            if json.loads(connection.getresponse().read())["data"][0]["id"] == address.name:
                return address
        finally:
            connection.close()
    return None


def _recorded(record: Path) -> Address | None:
    """The address in a record."""
    with suppress(OSError, ValueError, TypeError):
        return Address(**json.loads(record.read_bytes()))
    return None

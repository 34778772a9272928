"""The process that serves a model file: how it is started and ended, and why it has failed."""

import json
import os
import re
import subprocess
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path
from queue import Empty, SimpleQueue

from rag.errors import ModelError, ModelFailedError, ModelMissingError
from rag.model.local.machine import SMALLER
from rag.private import make_file

COMMAND = ("-m", "rag.model.local.serve")
# Threads that wait in a loop bring a model to a halt while other programs use the processors.
_PASSIVE = {"OMP_WAIT_POLICY": "passive"}
_ENDING = 2.0  # seconds that a process takes to end
_PAUSE = 0.2  # seconds between two looks, so that Ctrl-C is noticed on every system
_LOG_END = 20_000  # bytes
_KILLED = -9  # by the system, for its memory
_NO_MEMORY = re.compile(
    "(?:fail\\w*|unable|cannot) (?:to )?allocate|out of memory|bad_alloc", re.IGNORECASE
)

Process = subprocess.Popen[str]


def spawn(order: dict[str, object], log: Path) -> Process:
    """A process that serves. It is told its key through stdin, and ends when that closes."""
    path = os.pathsep.join(str(Path(folder).absolute()) for folder in sys.path)
    make_file(log)
    with log.open("wb") as errors:
        process = subprocess.Popen(
            [sys.executable, "-P", *COMMAND],  # -P: not modules of the folder that we are in
            env=_PASSIVE | os.environ | {"PYTHONPATH": path},
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


def first_line(process: Process, seconds: float) -> str:
    """What a process says first; nothing if it ends before, or takes too long."""
    lines: SimpleQueue[str] = SimpleQueue()
    stdout = process.stdout

    def read() -> None:
        with suppress(OSError, ValueError):  # the process was closed
            lines.put(stdout.readline() if stdout else "")

    threading.Thread(target=read, daemon=True).start()
    ends = time.monotonic() + seconds
    while time.monotonic() < ends:
        with suppress(Empty):
            return lines.get(timeout=_PAUSE)
    return ""


def end(process: Process) -> None:
    """End a process at once. It has nothing to save."""
    process.kill()
    process.wait()
    for pipe in (process.stdin, process.stdout):
        if pipe:
            with suppress(OSError):
                pipe.close()


def failure(process: Process, path: Path, log: Path) -> ModelError:
    """Why a process does not serve the file, by its log."""
    name = path.stem
    try:
        code = process.wait(_ENDING)
    except subprocess.TimeoutExpired:
        return too_slow(name)
    text = log.read_bytes()[-_LOG_END:].decode(errors="replace")
    if code == _KILLED or _NO_MEMORY.search(text):
        return ModelFailedError(f"there is not enough memory for the model {name}: {SMALLER}")
    if "unknown model architecture" in text:
        return ModelMissingError(
            f"llama.cpp does not know this kind of model ({name}): update xllamacpp, or use another model: "
            "`askpapers model list`"
        )
    if "error loading model" in text or not 0 <= code < 256:  # a crash
        return damaged(path)
    return ModelMissingError(f"llama.cpp does not start (see {log}): install askpapers[local] again")


def damaged(path: Path) -> ModelMissingError:
    return ModelMissingError(f"the file of the model {path.stem} is damaged ({path}): pull or add it again")


def too_slow(name: str) -> ModelFailedError:
    return ModelFailedError(f"the model {name} takes too long to load: {SMALLER}")

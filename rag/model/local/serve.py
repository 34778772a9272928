"""llama.cpp's server for one model file, run by `server.py` in a process of its own.

What goes wrong in native code ends this process only. It reads its orders as one line of JSON, which keeps
the key off the command line, writes its address as another once it serves, and ends when its stdin closes,
so that it never outlives its owner.
"""

import json
import os
import signal
import sys

import xllamacpp

from rag.model.local.machine import PROMPT_CACHE, threads

_BATCH = 64  # tokens read at a time: only between two batches does the server see that a client has left
_GPU_BATCH = 512
_REUSED = 64  # tokens at least, in a row, that are reused from anywhere in an earlier prompt
_IDLE = 15 * 60  # seconds after which the memory is given back, until the next request
_PING = 1  # seconds between signs of life while a prompt is read
_WARNINGS = 2  # and errors are logged, never prompts


def main() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the owner decides
    replies = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # whatever native code prints goes to the log
    server = xllamacpp.Server(_parameters(**json.loads(sys.stdin.readline())))
    print(json.dumps({"url": server.listening_address}), file=replies, flush=True)
    sys.stdin.read()
    os._exit(0)  # also in the middle of a request


def _parameters(path: str, context: int, at_once: int, key: str, name: str) -> xllamacpp.CommonParams:
    """`context` tokens for each of the questions at once. Contexts are apart: none fails by another."""
    parameters = xllamacpp.CommonParams()
    parameters.model.path, parameters.model_alias = path, {name}
    parameters.port, parameters.api_keys = 0, [key]
    parameters.n_ctx, parameters.n_parallel, parameters.kv_unified = context * at_once, at_once, False
    parameters.n_batch = parameters.n_ubatch = _GPU_BATCH if _has_gpu() else _BATCH
    parameters.n_cache_reuse, parameters.cache_ram_mib = _REUSED, PROMPT_CACHE
    parameters.sleep_idle_seconds, parameters.sse_ping_interval = _IDLE, _PING
    parameters.warmup = parameters.ui = parameters.endpoint_slots = parameters.endpoint_props = False
    parameters.offline, parameters.verbosity = True, _WARNINGS
    for processors in (parameters.cpuparams, parameters.cpuparams_batch):
        processors.n_threads = threads()
    return parameters


def _has_gpu() -> bool:
    return any(device["type"].name.endswith("GPU") for device in xllamacpp.get_device_info())


if __name__ == "__main__":
    main()

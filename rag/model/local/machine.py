"""How much of this machine a model may take: memory, context, threads."""

import os
from contextlib import suppress
from pathlib import Path

from rag.errors import ModelFailedError
from rag.model.local.gguf import ModelShape

SMALLER = "use a smaller model: `askpapers model list`"
PROMPT_CACHE = 256  # MiB of prompts that were read before
_BESIDE = (PROMPT_CACHE + 256) << 20  # bytes beside weights and context
_SHORTEST = 2048  # tokens of context with which a question and some papers fit
_TOKENS_PER_FILE = 8192  # tokens whose context is as large as the weights, if the file does not say
_GROUP = Path("/sys/fs/cgroup")  # limits of a container


def fitted(name: str, weights: int, shape: ModelShape, window: int) -> tuple[int, int]:
    """Tokens of context for one question, and how many questions at once, by the memory that is free.

    `weights` are bytes. Raises ModelFailedError if not even a short context fits.
    """
    free = free_memory()
    context = min(window, shape.context or window)
    token = shape.token_bytes or weights // _TOKENS_PER_FILE
    choices = [(context, 2)]
    while context >= _SHORTEST or len(choices) == 1:
        choices.append((context, 1))
        context //= 2
    if free is None:
        return choices[0]
    for context, at_once in choices:
        needed = weights + context * at_once * token + _BESIDE
        if needed <= free:
            return context, at_once
    raise ModelFailedError(
        f"the model {name} needs {needed / 1e9:.1f} GB of memory, but {free / 1e9:.1f} GB are free: "
        f"{SMALLER}"
    )


def free_memory() -> int | None:
    """Bytes that a new process can have, None if the system does not say."""
    with suppress(OSError, ValueError, KeyError):
        rows = dict(row.split(":") for row in Path("/proc/meminfo").read_text().splitlines())
        return min(int(rows["MemAvailable"].split()[0]) << 10, _left_in_group())
    with suppress(OSError, ValueError, AttributeError):
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return None


def _left_in_group() -> int:
    """Bytes that a container has left, as files in its cache give way."""
    with suppress(OSError, ValueError, KeyError):
        limit, used = (int((_GROUP / name).read_text()) for name in ("memory.max", "memory.current"))
        rows = dict(row.split() for row in (_GROUP / "memory.stat").read_text().splitlines())
        return limit - used + int(rows["file"])
    return 1 << 62


def threads() -> int:
    """The cores that this process may use; two processors that share a core count once."""
    if hasattr(os, "sched_getaffinity"):
        processors = os.sched_getaffinity(0)
        cores = len({_core(number) for number in processors})
    else:
        cores = max(1, (os.cpu_count() or 1) // 2)  # half of the processors, or the fast ones
    with suppress(OSError, ValueError):  # where there is no limit, it is the word max
        quota, period = map(int, (_GROUP / "cpu.max").read_text().split())
        cores = min(cores, max(1, quota // period))
    return cores


def _core(processor: int) -> str:
    """The processors that share the core of this one."""
    with suppress(OSError):
        return Path(f"/sys/devices/system/cpu/cpu{processor}/topology/thread_siblings_list").read_text()
    return str(processor)

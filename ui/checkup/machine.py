"""The program with its libraries, what the environment says, the encoder, and the user data folder."""

import os
import platform
import re
import shutil
from collections.abc import Iterator, Mapping
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from rag.embedding.weights import find_weights
from rag.errors import SettingError
from rag.settings import Settings, data_folder
from ui.checkup.finding import Finding, State

PACKAGES = (
    "chromadb",
    "gradio",
    "llama-index-core",
    "llama-index-llms-openai-like",
    "mcp",
    "numpy",
    "onnx",
    "onnxruntime",
    "openai",
    "tantivy",
    "tiktoken",
    "tokenizers",
)
KNOWN = frozenset(
    f"ASKPAPERS_{name}"
    for name in (
        "CHROMA_DATABASE",
        "CHROMA_TENANT",
        "CHROMA_TOKEN",
        "CHROMA_URL",
        "CONTEXT_WINDOW",
        "EMBEDDING_MODEL",
        "JUDGE",
        "JUDGE_MODEL",
        "LIBRARY",
        "MODEL",
        "PASSWORD",
        "PRICE_INPUT",
        "PRICE_OUTPUT",
        "UNSUPPORTED",
    )
)
_SCARCE, _TOO_SCARCE = 1_000_000_000, 100_000_000  # bytes


def look_at_program() -> Iterator[Finding]:
    """Versions of askpapers, Python and the libraries that decide what it does."""
    yield Finding(
        "askpapers", "ok", f"{_version('askpapers') or 'not installed'}, Python {platform.python_version()}"
    )
    versions = {name: _version(name) for name in PACKAGES}
    present = ", ".join(f"{name} {number}" for name, number in versions.items() if number)
    yield Finding("libraries", "ok", present)
    if missing := [name for name, number in versions.items() if not number]:
        todo = "install askpapers anew, with what it needs"
        yield Finding("libraries", "fail", f"not installed: {', '.join(missing)}", todo)


def read_settings(environment: Mapping[str, str]) -> tuple[Settings, list[Finding]]:
    """The settings as far as they can be, and what is wrong with the rest; no value is shown."""
    left = dict(environment)
    findings = []
    while True:
        try:
            settings = Settings.from_environment(left)
        except SettingError as error:
            findings.append(Finding.from_error("settings", error))
            named = re.search("ASKPAPERS_[A-Z_]+", str(error))
            if not named or left.pop(named[0], None) is None:
                return Settings(), findings
            continue
        break
    unknown = sorted(name for name in environment if name.startswith("ASKPAPERS_") and name not in KNOWN)
    if unknown:
        todo = "see the README for their names"
        findings.append(Finding("settings", "warn", f"nothing reads {', '.join(unknown)}", todo))
    names = sorted(name for name in left if name in KNOWN | {"OPENAI_API_KEY", "OPENAI_BASE_URL"})
    findings.append(Finding("settings", "ok", f"set: {', '.join(names)}" if names else "none is set"))
    return settings, findings


def look_at_encoder() -> Iterator[Finding]:
    """Whether the weights are here, to the byte."""
    place = find_weights().tensors.parent
    yield Finding("encoder", "ok", f"all-MiniLM-L6-v2, its weights to the byte, in {place}")


def look_at_data_folder() -> Iterator[Finding]:
    """Whether there is a place for what is the user's, and room in it."""
    yield from look_at_place("user data", data_folder())


def look_at_place(name: str, folder: Path) -> Iterator[Finding]:
    """Whether a folder, there or not yet, can be written, and how much room its disk has."""
    there = next(place for place in (folder, *folder.parents) if place.exists())
    todo = "name another place, or give yourself the right to write there"
    if not there.is_dir():
        yield Finding(name, "fail", f"{there} is no folder", todo)
        return
    if not os.access(there, os.W_OK | os.X_OK):
        yield Finding(name, "fail", f"{there} cannot be written", todo)
        return
    free = shutil.disk_usage(there).free
    state: State = "ok" if free >= _SCARCE else "warn" if free >= _TOO_SCARCE else "fail"
    told = folder if there == folder else f"{folder} (not made yet)"
    yield Finding(
        name,
        state,
        f"{told}, {free / 1e9:.1f} GB free",
        "" if state == "ok" else "make room on this disk",
    )


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None

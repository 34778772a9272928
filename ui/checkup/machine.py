"""Checks of the program and its libraries, the environment, the encoder, and the user data folder."""

import os
import platform
import re
import shutil
import stat
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import fields
from pathlib import Path

from eval.record import version_of
from rag.configuration import configuration_file, merged, read_configuration
from rag.embedding.weights import find_weights
from rag.errors import SettingError
from rag.settings import Settings
from ui.checkup.finding import Finding, State

PACKAGES = (
    *("chromadb", "gradio", "llama-index-core", "llama-index-llms-openai-like", "mcp", "numpy"),
    *("onnx", "onnxruntime", "openai", "tantivy", "tiktoken", "tokenizers"),
)
OPENAI = {"OPENAI_API_KEY", "OPENAI_BASE_URL"}
_OURS = {field.name for field in fields(Settings)} - {"api_key", "base_url", "checks"}
_OURS |= {"password", "mailto", "zotero"}
KNOWN = {f"ASKPAPERS_{name.upper()}" for name in _OURS}
_SCARCE, _TOO_SCARCE = 1_000_000_000, 100_000_000  # bytes


def look_at_program() -> Iterator[Finding]:
    """Versions of askpapers, Python and the libraries that decide what it does."""
    yield Finding(
        "askpapers",
        "ok",
        f"{version_of('askpapers') or 'not installed'}, Python {platform.python_version()}",
    )
    versions = {name: version_of(name) for name in PACKAGES}
    present = ", ".join(f"{name} {number}" for name, number in versions.items() if number)
    yield Finding("libraries", "ok", present)
    if missing := [name for name, number in versions.items() if not number]:
        todo = "install askpapers anew, with what it needs"
        yield Finding("libraries", "fail", f"not installed: {', '.join(missing)}", todo)


def read_settings(environment: Mapping[str, str]) -> tuple[Settings, list[Finding]]:
    """The settings as far as they can be, and what is wrong with the rest; no value is shown."""
    left = dict(environment)
    with suppress(SettingError):  # `look_at_configuration` tells of it
        left = merged(read_configuration(), environment)
    findings = []
    settings = None
    while not settings:
        try:
            settings = Settings.from_environment(left)
        except SettingError as error:
            findings.append(Finding.from_error("settings", error))
            name = re.search("ASKPAPERS_[A-Z_]+", str(error))
            if not name or left.pop(name[0], None) is None:
                return Settings(), findings
    if unknown := sorted({name for name in left if name.startswith("ASKPAPERS_")} - KNOWN):
        todo = "see the README for their names"
        findings.append(Finding("settings", "warn", f"nothing reads {', '.join(unknown)}", todo))
    names = sorted(left.keys() & environment.keys() & (KNOWN | OPENAI))
    findings.append(Finding("settings", "ok", f"set: {', '.join(names)}" if names else "none is set"))
    return settings, findings


def look_at_configuration() -> Iterator[Finding]:
    """What the configuration file sets, and who can read it. Raises SettingError."""
    file, names = configuration_file(), sorted(read_configuration())
    if not file.exists():
        yield Finding("configuration", "ok", f"none in {file}")
        return
    mode = f" (mode {stat.S_IMODE(file.stat().st_mode):o})" if os.name == "posix" else ""
    yield Finding("configuration", "ok", f"{file}{mode} sets {', '.join(names) or 'nothing'}")


def look_at_encoder() -> Iterator[Finding]:
    """Whether the weights are here, to the byte."""
    place = find_weights().tensors.parent
    yield Finding("encoder", "ok", f"all-MiniLM-L6-v2, its weights to the byte, in {place}")


def look_at_folder(name: str, folder: Path) -> Iterator[Finding]:
    """Whether a folder, made yet or not, can be written, and how much room its disk has."""
    there = next(place for place in (folder, *folder.parents) if place.exists())
    if not there.is_dir() or not os.access(there, os.W_OK | os.X_OK):
        problem = "cannot be written" if there.is_dir() else "is no folder"
        todo = "name another place, or give yourself the right to write there"
        yield Finding(name, "fail", f"{there} {problem}", todo)
        return
    free = shutil.disk_usage(there).free
    state: State = "ok" if free >= _SCARCE else "warn" if free >= _TOO_SCARCE else "fail"
    place = folder if there == folder else f"{folder} (not made yet)"
    room = f"{place}, {free / 1e9:.1f} GB free"
    yield Finding(name, state, room, None if state == "ok" else "make room on this disk")

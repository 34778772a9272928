"""The record of a run: enough to compare it with others, and to repeat it."""

import hashlib
import os
import platform
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

FORMAT = 1

_PACKAGES = (
    *("chromadb", "llama-index-core", "numpy", "onnxruntime"),
    *("openai", "tantivy", "tiktoken", "tokenizers"),
)
_SOURCES = ("rag", "eval")
_DECIDING = ("questions", "tags", "sample", "seed", "system", "version", "code")
# Sources that affect neither an answer nor a score.
_NO_PART = {"__pycache__", "questions", "claims", "comparison", "judging", "report"}


def make_record(
    name: str,
    system: Mapping[str, Any],
    questions: Sequence[Mapping[str, Any]],
    chosen: Mapping[str, Any],
) -> dict[str, Any]:
    """The record of a run that begins now; `chosen` are the tags, the sample and its seed."""
    commit, dirty = _commit()
    return {
        "format": FORMAT,
        "name": name,
        "started": datetime.now(UTC).isoformat(timespec="seconds"),
        "seconds": 0.0,
        "finished": False,
        "commit": commit,
        "dirty": dirty,
        "version": version_of("askpapers"),
        "code": source_hash(),
        "python": platform.python_version(),
        "platform": f"{platform.system()} {platform.machine()}",
        "cores": os.cpu_count(),
        "packages": {package: version_of(package) for package in _PACKAGES},
        "questions": list(questions),
        **chosen,
        "system": dict(system),
        "judge": None,
    }


def differences(one: Mapping[str, Any], other: Mapping[str, Any]) -> list[str]:
    """The names of the fields that affect answers or scores and differ between two records."""
    return [name for name in _DECIDING if one.get(name) != other.get(name)]


@cache
def source_hash() -> str:
    """SHA-256 of the sources that affect answers and scores."""
    digest = hashlib.sha256()
    root = Path(__file__).parents[1]
    for package in _SOURCES:
        for path in sorted((root / package).rglob("*")):
            if path.is_file() and not _NO_PART & set(path.relative_to(root).parts):
                digest.update(f"{path.relative_to(root).as_posix()}\0".encode())
                digest.update(path.read_bytes())
    return digest.hexdigest()


def _commit() -> tuple[str | None, bool | None]:
    """The commit of our sources, and whether they differ from it; None outside a working copy."""
    git, root = shutil.which("git"), Path(__file__).parents[1]
    if git is None or not (root / ".git").exists():
        return None, None
    try:
        commit = _run(git, root, "rev-parse", "HEAD")
        changed = _run(git, root, "status", "--porcelain")
    except (OSError, subprocess.SubprocessError):
        return None, None
    return commit.strip(), bool(changed.strip())


def _run(git: str, folder: Path, *arguments: str) -> str:
    done = subprocess.run(
        [git, *arguments], cwd=folder, capture_output=True, text=True, check=True, timeout=10
    )
    return done.stdout


def version_of(package: str) -> str | None:
    """The version of an installed package; None where it is not installed."""
    try:
        return version(package)
    except PackageNotFoundError:
        return None

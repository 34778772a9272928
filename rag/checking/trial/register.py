"""The register of trials: one result for each model, in a file in the user's data folder."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from filelock import FileLock

from rag.checking.trial.claims import fingerprint
from rag.checking.trial.trying import Trial
from rag.errors import NotWritableError
from rag.private import FILE, atomic_write, make_folder
from rag.settings import data_folder

_NEXT = "`askpapers model test` lets it check sentences"


def trial_of(identity: str) -> Trial | None:
    """The result for this model; None if there is none by the claims and rules of today."""
    try:
        trial = Trial(**(_read() or {})[identity])
    except (KeyError, TypeError):  # TypeError: another version wrote it
        return None
    return trial if trial.fingerprint == fingerprint() else None


def keep(trial: Trial) -> None:
    """Keep a result in place of an earlier one for the same model. Raises NotWritableError."""
    path = _path()
    try:
        make_folder(path.parent)
        with FileLock(f"{path}.lock", mode=FILE):
            trials = (_read() or {}) | {trial.identity: asdict(trial)}
            with atomic_write(path) as file:
                file.write(json.dumps(trials, indent=1).encode())
    except OSError as error:
        raise NotWritableError(
            f"the result of the test cannot be kept in {path} ({error.strerror}): give yourself the right "
            "to write there"
        ) from error


def why_unused(identity: str) -> str | None:
    """Why the verdicts of this model are not used, in a line; None if it passed the trial."""
    if trial := trial_of(identity):
        return None if trial.passes else f"the model failed the test of judges ({trial.summary})"
    if _read() is None:
        return f"{_path()}, which holds the results of tests, cannot be read: {_NEXT} again"
    return f"nobody has tested the model as a judge: {_NEXT}"


def _read() -> dict[str, Any] | None:
    """The results by identity; None if the file is damaged or cannot be read."""
    try:
        trials = json.loads(_path().read_bytes())
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, RecursionError):
        return None
    return trials if isinstance(trials, dict) else None


def _path() -> Path:
    return data_folder() / "trials.json"

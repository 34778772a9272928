"""The model files on this computer, and the register of them in the user data folder."""

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from rag.errors import ModelError, ModelMissingError
from rag.private import atomic_write, make_folder
from rag.settings import data_folder

_MAGIC = b"GGUF"
_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,79}")
_CHUNK = 1 << 20


@dataclass(frozen=True)
class ModelFile:
    """A model that runs inside the program. `source` says where its file is from."""

    name: str
    path: Path
    sha256: str
    bytes: int
    source: str

    @property
    def is_there(self) -> bool:
        """Whether the file is still there, at its size."""
        return self.path.is_file() and self.path.stat().st_size == self.bytes


def models_folder() -> Path:
    """Where pulled files are, and the register."""
    return data_folder() / "models"


def model_files() -> dict[str, ModelFile]:
    """The models that this computer has, by name. Raises ModelError where the register is damaged."""
    register = models_folder() / "models.json"
    try:
        rows = json.loads(register.read_text(encoding="utf-8"))
        return {name: _read(name, row) for name, row in rows.items()}
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise ModelError(f"{register} cannot be read: delete it and add the models again") from error


def find_model(name: str) -> ModelFile:
    """The model of this name. Raises ModelMissingError, also where its file has gone or changed."""
    known = model_files().get(name)
    if known is None:
        raise ModelMissingError(
            f"there is no model {name} on this computer: see by `askpapers model list` which can be had"
        )
    if not known.is_there:
        raise ModelMissingError(
            f"{known.path} is not the file that was added as {name}: pull or add it again"
        )
    return known


def keep_model(model: ModelFile) -> None:
    """Enter a model in the register; one of the same name is replaced. Raises ModelError."""
    if not _NAME.fullmatch(model.name):
        raise ModelError(f"{model.name!r} is no name for a model: use small letters, digits, - and .")
    rows = {known.name: _row(known) for known in (model_files() | {model.name: model}).values()}
    try:
        make_folder(models_folder())
        with atomic_write(models_folder() / "models.json") as file:
            file.write(json.dumps(rows, indent=2).encode())
    except OSError as error:
        raise ModelError(f"{models_folder()} cannot be written ({error.strerror}): make room") from error


def check_format(path: Path) -> None:
    """Raises ModelError unless this is a model file of llama.cpp's."""
    try:
        with path.open("rb") as file:
            magic = file.read(len(_MAGIC))
    except OSError as error:
        raise ModelError(f"{path} cannot be read ({error.strerror}): name a .gguf file") from error
    if magic != _MAGIC:
        raise ModelError(f"{path} is no model in GGUF: name a .gguf file")


def sha256_of(path: Path) -> str:
    """The SHA-256 of a file, in hexadecimal."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()


def _row(model: ModelFile) -> dict[str, Any]:
    return asdict(model) | {"path": str(model.path)}


def _read(name: str, row: Mapping[str, Any]) -> ModelFile:
    return ModelFile(name, Path(row["path"]), str(row["sha256"]), int(row["bytes"]), str(row["source"]))

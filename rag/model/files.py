"""The model files on this computer, and the register of them in the user data folder."""

import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping, Sized
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from rag.errors import ModelError, ModelMissingError
from rag.library.progress import Track, untracked
from rag.model.address import server_name
from rag.register import Register
from rag.settings import Settings, data_folder

HUB = "hf:"
"""Before a place on the Hugging Face Hub, in a source."""
_MAGIC = b"GGUF"
_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,79}")
_TAKEN = ("off", "writer")  # words of `askpapers model`
_NO_PART = re.compile(r"[^a-z0-9._-]+")
_CHUNK = 1 << 20  # bytes
_MEGABYTE = 1_000_000


@dataclass(frozen=True)
class ModelFile:
    """A model that runs inside the program.

    `source` says where its file is from: "added", or hf:REPOSITORY/FILE at `revision`, a commit.
    """

    name: str
    path: Path
    sha256: str
    bytes: int
    source: str
    revision: str | None = None

    @property
    def identity(self) -> str:
        """What its trial as a judge is kept under."""
        return f"sha256:{self.sha256}"

    @property
    def row(self) -> dict[str, Any]:
        """Its fields as JSON has them."""
        return asdict(self) | {"path": str(self.path)}

    @property
    def is_there(self) -> bool:
        """Whether the file is still there, at its size."""
        try:
            return self.path.is_file() and self.path.stat().st_size == self.bytes
        except OSError:  # its folder is closed to us
            return False


def models_folder() -> Path:
    """Where pulled files are, and the register."""
    return data_folder() / "models"


def model_files() -> dict[str, ModelFile]:
    """The models on this computer, by name. Raises ModelError if the register cannot be read."""
    with readable(register := _register(), "pull or add the models again"):
        return {name: _read(name, row) for name, row in register.rows().items()}


def find_model(name: str) -> ModelFile:
    """The model of this name. Raises ModelMissingError, also if its file has gone or changed."""
    model = model_files().get(name)
    if model is None:
        raise ModelMissingError(
            f"there is no model {name} on this computer: `askpapers model list` shows what can be pulled"
        )
    if not model.is_there:
        raise ModelMissingError(
            f"{model.path} is no longer the file that was added as {name}: pull or add it again"
        )
    return model


def add_model(path: Path, name: str | None = None, track: Track = untracked) -> ModelFile:
    """Enter a file in the register where it is, by default under the file's own name.

    Raises ModelError unless it is a model in GGUF that can be read.
    """
    name = name or name_of(path.name)
    check_name(name)
    model_files()  # raises before the file is read
    check_format(path)
    path = path.absolute()
    try:
        model = ModelFile(name, path, sha256_of(path, track), path.stat().st_size, "added")
    except OSError as error:
        raise ModelError(f"{path} cannot be read ({error.strerror}): check the disk") from error
    keep_model(model)
    return model


def keep_model(model: ModelFile) -> None:
    """Enter a model in the register; it replaces one of the same name. Raises ModelError."""
    check_name(model.name)
    with readable(register := _register(), "pull or add the models again"):
        register.keep(model.name, model.row)


def remove_model(name: str) -> ModelFile:
    """Forget a model, and delete its file if it was pulled. Raises ModelError."""
    model = model_files().get(name)
    if model is None:
        raise ModelMissingError(f"there is no model {name} on this computer: see `askpapers model list`")
    with readable(register := _register(), "pull or add the models again"):
        register.keep(name, None)
        if model.path.is_relative_to(models_folder()):
            model.path.unlink(missing_ok=True)
    return model


@contextmanager
def readable(register: Register, cure: str) -> Iterator[None]:
    """Translate the errors of a register in the models folder; `cure` is what to do once it is deleted."""
    try:
        yield
    except OSError as error:
        raise unusable(error) from error
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise ModelError(f"{register.path} cannot be read: delete it, then {cure}") from error


def unusable(error: OSError) -> ModelError:
    """The error for a models folder that cannot be used."""
    todo = "make room on its disk, or give yourself the right to read and write there"
    return ModelError(f"{models_folder()} cannot be used ({error.strerror or error}): {todo}")


def check_name(name: str) -> None:
    """Raises ModelError unless a model may have this name."""
    if not _NAME.fullmatch(name) or name in _TAKEN:
        raise ModelError(f"{name!r} is no name for a model: use small letters, digits, - and .")


def name_of(file: str) -> str:
    """A model's name, made from that of its file: "Qwen3-4B-Q4_K_M.gguf" is "qwen3-4b-q4_k_m"."""
    stem = file.rpartition("/")[2].lower().removesuffix(".gguf")
    return _NO_PART.sub("-", stem).strip("-._")[:80] or "model"


def check_format(path: Path) -> None:
    """Raises ModelError unless the file is a model in GGUF, the format of llama.cpp."""
    try:
        with path.open("rb") as file:
            magic = file.read(len(_MAGIC))
    except OSError as error:
        raise ModelError(f"{path} cannot be read ({error.strerror}): name a .gguf file") from error
    if magic != _MAGIC:
        raise ModelError(f"{path} is no model in GGUF: name a .gguf file")


def sha256_of(path: Path, track: Track = untracked) -> str:
    """The SHA-256 of a file, in hexadecimal. Raises OSError."""
    digest = hashlib.sha256()

    def read() -> Iterator[bytes]:
        with path.open("rb") as file:
            while chunk := file.read(_CHUNK):
                digest.update(chunk)
                yield chunk

    go_through(read(), f"checking {path.name}", path.stat().st_size, track)
    return digest.hexdigest()


def go_through(pieces: Iterable[Sized], what: str, size: int, track: Track) -> None:
    """Go through pieces of a file, with progress in megabytes if it has any."""
    steps, total = _megabytes(pieces), size // _MEGABYTE
    for _ in track(steps, f"{what} (MB)", total) if total else steps:
        pass


def identity_of(settings: Settings) -> str:
    """What a trial of the settings' model is kept under: its file, or its name and server.

    Raises ModelError.
    """
    if settings.local_name:
        return find_model(settings.local_name).identity
    return f"{settings.model} at {server_name(settings)}"


def _megabytes(pieces: Iterable[Sized]) -> Iterator[range]:
    """A step for the whole megabytes that a piece completes."""
    done = 0
    for piece in pieces:
        before, done = done, done + len(piece)
        if whole := done // _MEGABYTE - before // _MEGABYTE:
            yield range(whole)


def _register() -> Register:
    return Register(models_folder() / "models.json")


def _read(name: str, row: Mapping[str, Any]) -> ModelFile:
    return ModelFile(
        name,
        Path(row["path"]),
        str(row["sha256"]),
        int(row["bytes"]),
        str(row["source"]),
        row.get("revision"),
    )

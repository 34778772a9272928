"""Pulls models from the Hugging Face Hub; each file is compared with what the Hub says of it.

The Hub's client throws away what it has of a file when it is interrupted, so the bytes are fetched here,
with its session, addresses and errors.
"""

import hashlib
import logging
import shutil
import time
from collections.abc import Iterator, Sized
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from filelock import FileLock, Timeout
from huggingface_hub import HfApi, get_session, hf_hub_url
from huggingface_hub.errors import (
    EntryNotFoundError,
    GatedRepoError,
    HfHubHTTPError,
    HFValidationError,
    OfflineModeIsEnabled,
    RepositoryNotFoundError,
)
from huggingface_hub.errors import HTTPError as ConnectionFailed  # type: ignore[attr-defined]
from huggingface_hub.hf_api import ModelInfo, RepoSibling
from huggingface_hub.utils import build_hf_headers, hf_raise_for_status  # type: ignore[attr-defined]
from huggingface_hub.utils import logging as hub_logging

from rag.errors import ModelError
from rag.library.progress import Track, untracked
from rag.model.files import (
    HUB,
    ModelFile,
    check_format,
    check_name,
    go_through,
    keep_model,
    model_files,
    models_folder,
    sha256_of,
    unusable,
)
from rag.model.judges import BESIDE, GRAPHS, JudgeFiles, judge_files, keep_judge
from rag.private import FILE, make_folder

_SECONDS = 10.0
_TRIES, _PAUSE = 3, 1.0  # where no byte comes; seconds between two
_PIECE = 1 << 20  # bytes
_SPARE = 100_000_000  # bytes that are left free on the disk
_NAMED = 5  # files in an error
_QUANTISED = "_quantized.onnx"  # the end of a graph's name where it is smaller and less exact
_LIST = "`askpapers model list`"


@dataclass(frozen=True)
class PulledFile:
    """A file that is the Hub's, to the byte."""

    path: Path
    sha256: str
    bytes: int


@dataclass(frozen=True)
class Repository:
    """A repository of models at its newest commit, with what the Hub says of its files."""

    name: str
    revision: str
    files: dict[str, RepoSibling]

    @classmethod
    def look_up(cls, name: str) -> Self:
        """Ask the Hub. Raises ModelError."""
        hub_logging.set_verbosity(logging.ERROR)
        with _translated(name):
            info: ModelInfo = HfApi().model_info(name, files_metadata=True, timeout=_SECONDS)
        files = {file.rfilename: file for file in info.siblings or []}
        return cls(name, str(info.sha), files)

    def pull(self, file: str, folder: Path, track: Track = untracked) -> PulledFile:
        """Fetch a file into a folder, or go on fetching it. Raises ModelError."""
        if not (known := self.files.get(file)):
            raise ModelError(f"{self.name} has no file {file}: name one of {self._some_files(file)}")
        path = folder / file
        _made(path.parent)
        content = known.lfs.sha256 if known.lfs else known.blob_id
        part = path.with_name(f"{path.name}.{str(content)[:16]}.part")  # of these bytes, not of older ones
        with _translated(self.name), _alone(part):
            if not (path.is_file() and path.stat().st_size == known.size):
                self._fetch(file, part, known.size or 0, track)
                part.replace(path)
            sha256, size = sha256_of(path, track), path.stat().st_size
            if not _is_same(path, size, sha256, known):
                path.unlink()
                raise ModelError(
                    f"{file} came damaged, its SHA-256 is not the Hub's: run the command again"
                )
        return PulledFile(path, sha256, size)

    def _fetch(self, file: str, part: Path, size: int, track: Track) -> None:
        """Fetch what is missing of a part."""
        here, free = _size(part), shutil.disk_usage(part.parent).free
        if size - here + _SPARE > free:
            raise ModelError(
                f"{file} takes {size / 1e9:.1f} GB, and {part.parent} has {free / 1e9:.1f} GB free: make "
                f"room, or pull a smaller model ({_LIST})"
            )
        url = hf_hub_url(self.name, file, revision=self.revision)
        go_through(_pieces(url, part, size), f"fetching {Path(file).name}", size, track)

    def _some_files(self, like: str) -> str:
        suffix = Path(like).suffix
        names = [name for name in self.files if name.endswith(suffix)] or list(self.files)
        return ", ".join(names[:_NAMED]) + (", …" if len(names) > _NAMED else "") or "another repository"


def pull_model(name: str, source: str, track: Track = untracked) -> ModelFile:
    """Pull a file of the Hub, hf:OWNER/REPOSITORY/FILE.gguf, and enter it in the register under a name.

    Raises ModelError.
    """
    check_name(name)
    model = model_files().get(name)
    if model and model.source == source and model.is_there:
        return model
    owner, repository, file = _parsed(source)
    hub = Repository.look_up(f"{owner}/{repository}")
    pulled = hub.pull(file, _made(models_folder() / "files" / owner / repository), track)
    check_format(pulled.path)
    model = ModelFile(name, pulled.path, pulled.sha256, pulled.bytes, source, hub.revision)
    keep_model(model)
    return model


def pull_judge(name: str, track: Track = untracked) -> JudgeFiles:
    """Pull an entailment model in ONNX, OWNER/REPOSITORY, and enter it in the register.

    The exact graph is taken where there is one, else a quantised one. The Hub is not asked for what is here
    already. Raises ModelError.
    """
    owner, _, repository = name.partition("/")
    if not repository or any(part in ("", ".", "..") for part in name.split("/")):
        raise ModelError(f"{name} is no repository of the Hub: write it like OWNER/REPOSITORY")
    known = judge_files().get(name)
    if known and known.source == f"{HUB}{name}" and known.is_whole:
        return known
    hub = Repository.look_up(name)
    graph = next((file for file in (*GRAPHS, *map(_quantised, GRAPHS)) if file in hub.files), None)
    missing = [file for file in BESIDE if file not in hub.files]
    if not graph or missing:
        lacks = ", ".join(missing) or GRAPHS[0]
        raise ModelError(f"{name} has no {lacks}: name a repository with an entailment model in ONNX")
    folder = _made(models_folder() / "judges" / owner / repository)
    wanted = [*BESIDE, graph, *(file for file in (f"{graph}_data",) if file in hub.files)]
    files = {file: hub.pull(file, folder, track).sha256 for file in wanted}
    if graph.endswith(_QUANTISED):
        place = graph.replace(_QUANTISED, ".onnx")  # where a graph is looked for
        (folder / graph).replace(folder / place)
        files[place] = files.pop(graph)
    return keep_judge(JudgeFiles(name, folder, files, f"{HUB}{name}", hub.revision))


def _quantised(graph: str) -> str:
    return graph.replace(".onnx", _QUANTISED)


def _parsed(source: str) -> tuple[str, str, str]:
    """Owner, repository and file of hf:OWNER/REPOSITORY/FILE.gguf. Raises ModelError."""
    owner, _, rest = source.removeprefix(HUB).partition("/")
    repository, _, file = rest.partition("/")
    parts = [owner, repository, *file.split("/")]
    if not file.lower().endswith(".gguf") or any(part in ("", ".", "..") for part in parts):
        raise ModelError(f"{source} names no file of the Hub: write it like hf:OWNER/REPOSITORY/FILE.gguf")
    return owner, repository, file


def _made(folder: Path) -> Path:
    try:
        make_folder(folder)
    except OSError as error:
        raise unusable(error) from error
    return folder


@contextmanager
def _alone(part: Path) -> Iterator[None]:
    """Let no other process fetch the same file. Raises ModelError where one does."""
    try:
        with FileLock(f"{part}.lock", timeout=0, mode=FILE):
            yield
    except Timeout as error:
        raise ModelError(f"another process is fetching {part.name}: wait until it is done") from error


def _pieces(url: str, part: Path, size: int) -> Iterator[Sized]:
    """Fetch a file to its end, yielding each piece once it is written; broken connections are renewed."""
    if here := _size(part):
        yield range(here)
    tries = _TRIES
    while (start := _size(part)) < size and tries:
        try:
            yield from _rest(url, part, start)
        except (ConnectionFailed, ConnectionError, TimeoutError) as error:
            if isinstance(error, HfHubHTTPError | OfflineModeIsEnabled) or (
                tries == 1 and _size(part) <= start
            ):
                raise
            time.sleep(_PAUSE)
        tries = _TRIES if _size(part) > start else tries - 1
    if _size(part) < size:
        raise ConnectionError("the file ended early")


def _size(part: Path) -> int:
    return part.stat().st_size if part.is_file() else 0


def _rest(url: str, part: Path, start: int) -> Iterator[bytes]:
    """One request for the bytes from `start` on."""
    headers = build_hf_headers() | {"Accept-Encoding": "identity", "Range": f"bytes={start}-"}
    with get_session().stream(
        "GET", url, headers=headers, follow_redirects=True, timeout=_SECONDS
    ) as response:
        hf_raise_for_status(response)
        is_rest = response.status_code == 206
        with part.open("ab" if is_rest else "wb") as file:
            for piece in response.iter_bytes(_PIECE):
                file.write(piece)
                yield piece


def _is_same(path: Path, size: int, sha256: str, known: RepoSibling) -> bool:
    """Whether a file is what the Hub says; of small files it gives Git's own hash."""
    if known.lfs:
        return sha256 == known.lfs.sha256
    if known.blob_id is None:
        return size == known.size
    header = f"blob {size}\0".encode()
    return hashlib.sha1(header + path.read_bytes(), usedforsecurity=False).hexdigest() == known.blob_id


@contextmanager
def _translated(repository: str) -> Iterator[None]:
    """Translate the errors of the Hub's client."""
    try:
        yield
    except OfflineModeIsEnabled as error:
        raise ModelError("HF_HUB_OFFLINE is set, so the Hugging Face Hub is not asked: unset it") from error
    except GatedRepoError as error:
        raise ModelError(
            f"{repository} is open only to those who accept its licence: accept it on its page of the Hub, "
            "set HF_TOKEN, and run the same command again"
        ) from error
    except (RepositoryNotFoundError, HFValidationError) as error:
        raise ModelError(
            f"the Hugging Face Hub has no repository {repository}, or HF_TOKEN is wrong: check the name "
            f"({_LIST} shows some)"
        ) from error
    except EntryNotFoundError as error:
        raise _unreachable(error) from error
    except HfHubHTTPError as error:
        status = error.response.status_code
        raise ModelError(
            f"the Hugging Face Hub answers with status {status}: run the same command again later"
        ) from error
    except (ConnectionFailed, ConnectionError, TimeoutError) as error:
        raise _unreachable(error) from error
    except OSError as error:  # the disk, or a reply that broke off
        raise unusable(error) if error.errno else _unreachable(error) from error
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise ModelError(
            "the Hugging Face Hub sends what is no list of files: check the connection and HF_ENDPOINT"
        ) from error


def _unreachable(error: Exception) -> ModelError:
    return ModelError(
        f"the Hugging Face Hub cannot be reached ({type(error).__name__}): connect to the network and run "
        "the same command again, which goes on where it stopped"
    )

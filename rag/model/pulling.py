"""Pulls models from the Hugging Face Hub: resumable, each file compared with what the Hub says of it."""

import hashlib
import logging
import shutil
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import RLock
from types import TracebackType
from typing import Any, Self

from huggingface_hub import HfApi, constants, hf_hub_download
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
from huggingface_hub.utils import logging as hub_logging

from rag.errors import ModelError
from rag.library.progress import Track, untracked
from rag.model.files import (
    ModelFile,
    check_format,
    check_name,
    keep_model,
    model_files,
    models_folder,
    not_writable,
    sha256_of,
)
from rag.model.judges import BESIDE, GRAPHS, JudgeFiles, keep_judge
from rag.private import make_folder

HUB = "hf:"
"""Before the name of a repository."""
_SECONDS = 10.0
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
        # The Hub's other way of transfer begins anew after an interruption.
        constants.HF_HUB_DISABLE_XET = True
        hub_logging.set_verbosity(logging.ERROR)
        with _translated(name):
            info: ModelInfo = HfApi().model_info(name, files_metadata=True, timeout=_SECONDS)
        files = {file.rfilename: file for file in info.siblings or []}
        return cls(name, str(info.sha), files)

    def pull(self, file: str, folder: Path, track: Track = untracked) -> PulledFile:
        """Fetch a file into a folder, or go on fetching it. Raises ModelError."""
        if not (known := self.files.get(file)):
            raise ModelError(f"{self.name} has no file {file}: name one of {self._some_files(file)}")
        _check_room(file, known.size or 0, folder)
        bar = _Bar.of(track, f"fetching {file.rpartition('/')[2]} (bytes)", known.size)
        with _translated(self.name):
            path = Path(
                hf_hub_download(self.name, file, revision=self.revision, local_dir=folder, tqdm_class=bar)
            )
            bar.end()
            size = path.stat().st_size
            sha256 = sha256_of(path, track)
        if not _is_same(path, size, sha256, known):
            path.unlink()
            raise ModelError(f"{file} came damaged, its SHA-256 differs from the Hub's: pull it again")
        return PulledFile(path, sha256, size)

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

    The exact graph is taken where there is one, else a quantised one. Raises ModelError.
    """
    owner, _, repository = name.partition("/")
    if not repository or any(part in ("", ".", "..") for part in name.split("/")):
        raise ModelError(f"{name} is no repository of the Hub: write it like OWNER/REPOSITORY")
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
        raise not_writable(error) from error
    return folder


def _check_room(file: str, size: int, folder: Path) -> None:
    """Raises ModelError if the disk has no room for what is still to come."""
    parts = (folder / ".cache").rglob("*.incomplete")
    here = max((part.stat().st_size for part in parts), default=0)
    free = shutil.disk_usage(folder).free
    if not (folder / file).exists() and size - min(here, size) + _SPARE > free:
        raise ModelError(
            f"{file} takes {size / 1e9:.1f} GB, and {folder} has {free / 1e9:.1f} GB free: make room, or "
            f"pull a smaller model ({_LIST})"
        )


def _is_same(path: Path, size: int, sha256: str, known: RepoSibling) -> bool:
    """Whether a file is what the Hub says; of small files it gives Git's own hash."""
    if known.lfs:
        return sha256 == known.lfs.sha256
    if known.blob_id is None:
        return size == known.size
    header = f"blob {size}\0".encode()
    return hashlib.sha1(header + path.read_bytes(), usedforsecurity=False).hexdigest() == known.blob_id


class _Bar:
    """Stands for tqdm in huggingface_hub, and moves a progress bar of ours on.

    Ours wraps an iterable: each step of it takes the bytes that have come since.
    """

    _steps: Iterator[range]
    _bytes: deque[range]
    _lock = RLock()

    def __init__(self, *_: object, initial: int = 0, **__: object) -> None:
        self.update(initial)

    @classmethod
    def of(cls, track: Track, what: str, total: int | None) -> type[Self]:
        """A class of bars, as the Hub's client makes its bar itself."""
        waiting: deque[range] = deque()
        steps = iter(track(_taken(waiting), what, total))
        return type("Bar", (cls,), {"_steps": steps, "_bytes": waiting})

    @classmethod
    def update(cls, count: float | None = 1) -> None:
        if count and count > 0:
            with cls._lock:
                cls._bytes.append(range(int(count)))
                next(cls._steps, None)

    @classmethod
    def end(cls) -> None:
        for _ in cls._steps:
            pass

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        pass

    def __getattr__(self, name: str) -> Any:
        """Whatever else tqdm has does nothing."""
        if name.startswith("_"):
            raise AttributeError(name)
        return lambda *_, **__: None


def _taken(waiting: deque[range]) -> Iterator[range]:
    while waiting:
        yield waiting.popleft()


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
        raise not_writable(error) if error.errno else _unreachable(error) from error
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise ModelError(
            "the Hugging Face Hub sends what is no list of files: check the connection and HF_ENDPOINT"
        ) from error


def _unreachable(error: Exception) -> ModelError:
    return ModelError(
        f"the Hugging Face Hub cannot be reached ({type(error).__name__}): connect to the network and run "
        "the same command again, which goes on where it stopped"
    )

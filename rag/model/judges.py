"""The entailment models on this computer that may judge, and the register of them."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from rag.errors import ModelError, ModelMissingError
from rag.model.files import identity_of, models_folder, name_of, readable, sha256_of
from rag.register import Register
from rag.settings import Settings

ENTAILMENT = "entailment/"
"""Before the name of an entailment model, in the setting that names the judge."""
BESIDE = ("config.json", "tokenizer.json")  # the graph
GRAPHS = ("model.onnx", "onnx/model.onnx")  # where it is looked for
_AGAIN = "`askpapers model judge"


@dataclass(frozen=True)
class JudgeFiles:
    """An entailment model in ONNX: its folder, and the SHA-256 of each file.

    `source` is "added", or hf:REPOSITORY at `revision`, a commit.
    """

    name: str
    folder: Path
    files: Mapping[str, str]
    source: str
    revision: str | None = None

    @property
    def is_whole(self) -> bool:
        """Whether all files are there, to the byte."""
        try:
            return all(sha256_of(self.folder / file) == sha256 for file, sha256 in self.files.items())
        except OSError:
            return False

    @property
    def row(self) -> dict[str, Any]:
        """Its fields as JSON has them."""
        return asdict(self) | {"folder": str(self.folder)}

    @property
    def identity(self) -> str:
        """What its trial is kept under: SHA-256 of all its files."""
        return f"sha256:{hashlib.sha256(json.dumps(sorted(self.files.items())).encode()).hexdigest()}"


def judge_files() -> dict[str, JudgeFiles]:
    """The entailment models by name. Raises ModelError if the register cannot be read."""
    with readable(register := _register(), "name the judge again"):
        return {name: _read(name, row) for name, row in register.rows().items()}


def find_judge(name: str) -> JudgeFiles:
    """The entailment model of this name. Raises ModelMissingError, also if a file of it has gone."""
    judge = judge_files().get(name)
    if not judge or not all((judge.folder / file).is_file() for file in judge.files):
        raise ModelMissingError(f"the judge {name} is not on this computer: run {_AGAIN} {name}`")
    return judge


def judge_identity(settings: Settings) -> str:
    """What the trial of the settings' judge is kept under. Raises ModelError."""
    if (name := settings.judge_model) and name.startswith(ENTAILMENT):
        return find_judge(name.removeprefix(ENTAILMENT)).identity
    judge = settings.for_judge()
    return identity_of(judge if judge.has_model else settings)


def add_judge(folder: Path) -> JudgeFiles:
    """Enter a folder in the register where it is, under its own name. Raises ModelError."""
    folder = folder.absolute()
    graph = next((name for name in GRAPHS if (folder / name).is_file()), None)
    missing = [name for name in BESIDE if not (folder / name).is_file()]
    if not graph or missing:
        lacks = ", ".join(missing) or GRAPHS[0]
        raise ModelError(f"{folder} has no {lacks}: name the folder of an entailment model in ONNX")
    try:
        data = [name for name in (f"{graph}_data",) if (folder / name).is_file()]
        files = {name: sha256_of(folder / name) for name in (graph, *data, *BESIDE)}
    except OSError as error:
        raise ModelError(f"{folder} cannot be read ({error.strerror}): check the disk") from error
    return keep_judge(JudgeFiles(name_of(folder.name), folder, files, "added"))


def keep_judge(judge: JudgeFiles) -> JudgeFiles:
    """Enter it in the register; it replaces one of the same name. Raises ModelError."""
    with readable(register := _register(), "name the judge again"):
        register.keep(judge.name, judge.row)
    return judge


def _register() -> Register:
    return Register(models_folder() / "judges.json")


def _read(name: str, row: Mapping[str, Any]) -> JudgeFiles:
    files = {str(file): str(sha256) for file, sha256 in row["files"].items()}
    return JudgeFiles(name, Path(row["folder"]), files, str(row["source"]), row.get("revision"))

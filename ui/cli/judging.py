"""`askpapers model judge`: who checks the sentences of answers."""

import argparse
import os
from pathlib import Path

from rich.text import Text

from rag.checking.by_entailment import EntailmentJudge
from rag.checking.trial import keep, try_judge
from rag.configuring import configure
from rag.model.files import find_model
from rag.model.judges import ENTAILMENT, JudgeFiles, add_judge, judge_files
from rag.settings import LOCAL, OFF
from ui.cli.commands import Group
from ui.cli.pulling import pull_judge
from ui.cli.trying import print_trial, trial_json
from ui.terminal import print_json, print_text, tell, track

_WRITER = "writer"


def add(group: Group) -> None:
    judging = group.add("judge", "choose who checks sentences", run, has_library=False)
    judging.add_argument(
        "name",
        metavar="NAME|FOLDER|local/NAME|off|writer",
        help="an entailment model in ONNX (OWNER/REPOSITORY on the Hugging Face Hub, or a folder), a "
        "model on this computer, off for nobody, or writer for the model that writes",
    )


def run(arguments: argparse.Namespace) -> int:
    name = arguments.name
    if name in (OFF, _WRITER):
        file = configure({"judge_model": OFF if name == OFF else None})
        line = "Nobody checks sentences." if name == OFF else "The model that writes checks sentences."
        if arguments.json:
            print_json({"judge": None if name == OFF else _WRITER, "file": str(file)})
        else:
            print_text(Text(line))
            _tell_more(file)
        return 0
    if name.startswith(LOCAL):
        find_model(name.removeprefix(LOCAL))
        file = configure({"judge_model": name})
        if arguments.json:
            print_json({"judge": name, "file": str(file)})
        else:
            _tell_more(file)
            tell("`askpapers model test` lets it check sentences.")
        return 0
    files = _judge(name)
    trial = try_judge(EntailmentJudge(files.name, files.folder), files.identity, {}, track)
    keep(trial)
    file = configure({"judge_model": f"{ENTAILMENT}{files.name}"})
    if arguments.json:
        print_json({"judge": files.row, "trial": trial_json(trial), "file": str(file)})
        return 0
    print_trial(trial)
    _tell_more(file)
    return 0


def _tell_more(file: Path) -> None:
    tell(f"Remembered in {file}.")
    if os.environ.get("ASKPAPERS_JUDGE_MODEL", "").strip():
        tell("But the environment goes before it: unset ASKPAPERS_JUDGE_MODEL.")


def _judge(name: str) -> JudgeFiles:
    """The entailment model that a user names: a folder, one that is known, or a repository."""
    if (folder := Path(name).expanduser()).is_dir():
        return add_judge(folder)
    known = judge_files().get(name)
    if known and known.source == "added":
        return add_judge(known.folder)  # its files may have changed
    return pull_judge(name.removeprefix("hf:"))

"""`askpapers model`: the models that can answer, and which one does."""

import argparse
from collections.abc import Iterable
from dataclasses import asdict
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from rich.text import Text

from rag.checking.trial import trial_of
from rag.errors import ModelError
from rag.model.catalogue import CATALOGUE, CHECKED
from rag.model.files import HUB, ModelFile, add_model, model_files, name_of, remove_model
from rag.model.running import running_servers
from rag.plain import in_a_line
from rag.settings import Settings
from ui.cli import choosing, judging, trying
from ui.cli.commands import Group
from ui.cli.pulling import pull_model
from ui.terminal import print_fields, print_json, print_table, print_text, tell, track


def add(command: argparse.ArgumentParser) -> None:
    group = Group(command)
    group.add(
        "list", "models that can be pulled, those on this computer, servers", run_list, has_library=False
    )
    pulling = group.add(
        "pull", "fetch a model from the Hugging Face Hub, or go on fetching it", run_pull, has_library=False
    )
    pulling.add_argument(
        "name", metavar="NAME", help="a name of `model list`, or hf:OWNER/REPOSITORY/FILE.gguf"
    )
    adding = group.add("add", "use a model file that is here, where it is", run_add, has_library=False)
    adding.add_argument("file", type=Path, metavar="FILE.gguf", help="a model in GGUF")
    adding.add_argument("--name", metavar="NAME", help="what to call it (default: as the file)")
    removing = group.add(
        "remove", "forget a model; a file that was pulled is deleted", run_remove, has_library=False
    )
    removing.add_argument("name", metavar="NAME", help="of a model on this computer")
    choosing.add(group)
    trying.add(group)
    judging.add(group)


def run_list(arguments: argparse.Namespace) -> int:
    settings, models, servers = Settings.read(), model_files(), running_servers()
    if arguments.json:
        print_json(
            {
                "day": CHECKED,
                "known": [asdict(known) | {"here": known.name in models} for known in CATALOGUE.values()],
                "here": [_as_json(model, settings) for model in models.values()],
                "servers": [
                    {"kind": server.kind, "url": server.url, "models": server.models} for server in servers
                ],
                "used": choosing.used(settings),
            }
        )
        return 0
    _print_known()
    _print_here(models.values(), settings)
    for server in servers:
        print_text(Text(f"\n{in_a_line(server.offer)}"))
    print_text(Text(f"\n{choosing.line_on(settings)}"))
    if trial := choosing.trial_in_use(settings):
        print_text(Text(f"As a judge: {trying.outcome(trial)}."))
    return 0


def run_pull(arguments: argparse.Namespace) -> int:
    name, known = arguments.name, CATALOGUE.get(arguments.name)
    if not known and not name.startswith(HUB):
        near = get_close_matches(name, CATALOGUE, 1)
        meant = f"did you mean {near[0]}?" if near else "`askpapers model list` shows which there are,"
        raise ModelError(
            f"no model {name} is known: {meant} others are named like hf:OWNER/REPOSITORY/FILE.gguf"
        )
    source = known.source if known else name
    _print_model(pull_model(known.name if known else name_of(name), source), arguments)
    return 0


def run_add(arguments: argparse.Namespace) -> int:
    _print_model(add_model(arguments.file.expanduser(), arguments.name, track), arguments)
    return 0


def run_remove(arguments: argparse.Namespace) -> int:
    model = remove_model(arguments.name)
    if arguments.json:
        print_json(model.row)
        return 0
    state = "is still there" if model.is_there else "is deleted"
    print_text(Text(f"{model.name} is forgotten; {model.path} {state}."))
    if Settings.read().local_name == model.name:
        tell("It was in use: choose another with `askpapers model use`, or `off`.")
    return 0


def _print_model(model: ModelFile, arguments: argparse.Namespace) -> None:
    """What is now on this computer, and the next step."""
    if arguments.json:
        print_json(model.row)
        return
    print_fields({name: value for name, value in model.row.items() if value is not None})
    choosing.tell_llama_cpp()
    tell(f"`askpapers model use {model.name}` lets it answer.")


def _print_known() -> None:
    print_text(Text(f"Small instruction models that can be pulled (as of {CHECKED})\n", "bold"))
    rows = [
        [known.name, _gigabytes(known.bytes), _gigabytes(known.memory), known.licence]
        for known in CATALOGUE.values()
    ]
    print_table(["model", "on disk", "in memory", "licence"], rows)
    print_text(Text("\nTheir files on the Hugging Face Hub\n", "dim"))
    print_fields({known.name: known.source for known in CATALOGUE.values()})
    print_text(Text("\nGet one with `askpapers model pull NAME`."))


def _print_here(models: Iterable[ModelFile], settings: Settings) -> None:
    rows = [
        [
            f"{model.name}{' (in use)' if settings.local_name == model.name else ''}",
            _gigabytes(model.bytes),
            _trial_line(model),
            str(model.path) if model.is_there else f"gone or changed: {model.path}",
        ]
        for model in models
    ]
    if rows:
        print_text(Text("\nOn this computer\n", "bold"))
        print_table(["model", "on disk", "as a judge", "file"], rows)


def _trial_line(model: ModelFile) -> str:
    trial = trial_of(model.identity)
    return trying.outcome(trial) if trial else "not tested"


def _as_json(model: ModelFile, settings: Settings) -> dict[str, Any]:
    return model.row | {
        "there": model.is_there,
        "used": settings.local_name == model.name,
        "trial": trying.trial_json(trial_of(model.identity)),
    }


def _gigabytes(count: int) -> str:
    return f"{count / 1e9:.1f} GB"

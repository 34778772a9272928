"""`askpapers model use`: which model answers, remembered in the configuration file."""

import argparse
import os
import sys
from contextlib import suppress
from getpass import getpass
from importlib.util import find_spec
from typing import Any

from rich.text import Text

from rag.checking.trial import Trial, trial_of
from rag.configuring import configure
from rag.errors import ModelError
from rag.model.address import is_near, server_name
from rag.model.choice import Choice, choose, key_in, overriding
from rag.model.files import identity_of
from rag.plain import in_a_line
from rag.settings import Settings
from ui.cli import trying
from ui.cli.commands import Group
from ui.terminal import print_json, print_text, tell


def add(group: Group) -> None:
    using = group.add("use", "choose the model that answers", run, has_library=False)
    using.add_argument(
        "target",
        metavar="NAME|SERVER-URL|off",
        help="a model on this computer, SERVER/NAME of a server that runs here (ollama, lmstudio, "
        "llama.cpp, vllm), the address of an OpenAI-compatible server, or off",
    )
    using.add_argument("--model", metavar="NAME", help="of the server at the address")
    using.add_argument(
        "--key", action="store_true", help="ask for the server's key and keep it (default: OPENAI_API_KEY)"
    )


def run(arguments: argparse.Namespace) -> int:
    key = _read_key() if arguments.key else None
    choice = choose(arguments.target, arguments.model, key, key_in(os.environ))
    file = configure(choice.changes)
    settings = Settings.read()
    if arguments.json:
        print_json(used(settings) | {"file": str(file), "overridden_by": overriding(os.environ)})
        return 0
    print_text(Text(line_on(choice.applied_to(Settings()))))
    tell(f"Remembered in {file}.")
    _tell_more(choice, settings)
    return 0


def _tell_more(choice: Choice, settings: Settings) -> None:
    """What the user should know, and the test where nobody has made it."""
    if settings.local_name:
        tell_llama_cpp()
    if choice.note:
        tell(f"Note: {in_a_line(choice.note)}.")
    if names := overriding(os.environ):
        tell(f"But the environment goes before it: unset {', '.join(names)}.")
        return
    if choice.base_url and not choice.api_key and settings.api_key:
        tell("The key in OPENAI_API_KEY is sent to this server; --key gives it another.")
    if choice.base_url and not settings.api_key and not is_near(choice.base_url):
        tell("It has no key: give it one with --key, or in OPENAI_API_KEY.")
    if not settings.has_model or not settings.checks or settings.judge_model:
        return
    if trial_in_use(settings):
        return
    tell("`askpapers model test` lets it check sentences.")
    if sys.stdin.isatty() and sys.stderr.isatty() and _agrees("Test it now? [y/N] "):
        trying.try_model(settings, is_json=False)


def used(settings: Settings) -> dict[str, Any]:
    """The model in use as JSON; it is null where there is none."""
    is_server = settings.has_model and not settings.local_name
    return {
        "model": settings.model if settings.has_model else None,
        "server": server_name(settings) if is_server else None,
        "context_window": settings.context_window,
        "trial": trying.trial_json(trial_in_use(settings)),
    }


def trial_in_use(settings: Settings) -> Trial | None:
    """The trial of the model in use; None if there is none, also if its file has gone."""
    with suppress(ModelError):
        return trial_of(identity_of(settings)) if settings.has_model else None
    return None


def line_on(settings: Settings) -> str:
    """The line that says which model answers."""
    if not settings.has_model:
        return "No model is in use: answers are in the papers' own sentences."
    if settings.local_name:
        return f"{settings.local_name} on this computer answers."
    return f"{in_a_line(settings.model)} at {server_name(settings)} answers."


def tell_llama_cpp() -> None:
    """Say how to get what runs models on this computer, where it is not installed."""
    if not find_spec("xllamacpp"):
        tell("To run it, install llama.cpp: pip install 'askpapers[local]'")


def _read_key() -> str:
    """Raises ModelError where there is none."""
    try:
        key = getpass("Key (not shown): ") if sys.stdin.isatty() else sys.stdin.readline()
    except EOFError:
        key = ""
    if not key.strip() or not key.strip().isascii():
        raise ModelError("that is no key: type or pipe in the key that the server gave you")
    return key.strip()


def _agrees(question: str) -> bool:
    print(question, end="", file=sys.stderr, flush=True)
    return sys.stdin.readline().strip().lower() in ("y", "yes")

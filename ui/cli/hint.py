"""The line that says, once, how to get a model."""

import argparse
import sys

from rich.console import Console
from rich.text import Text

from rag.private import make_folder
from rag.settings import OFF, Settings, data_folder


def hint_once(arguments: argparse.Namespace, settings: Settings) -> None:
    """Say on a terminal how to get a model, where nobody has chosen to have none."""
    is_wanted = not arguments.json and arguments.writer != "extractive" and sys.stderr.isatty()
    if settings.has_model or settings.model == OFF or not is_wanted or not _is_first():
        return
    from rag.model import running  # late: httpx takes 0.1 s

    offers = (server.offer for server in running.running_servers() if server.models)
    get_one = "A language model writes better answers: `askpapers model list` shows how to get one"
    line = Text(f"{next(offers, get_one)}. (This is said once.)")
    Console(stderr=True, highlight=False).print(line)


def _is_first() -> bool:
    """Whether this is the first time, which is noted; False where it cannot be noted."""
    try:
        make_folder(data_folder())
        (data_folder() / "model-hint").touch(exist_ok=False)
    except OSError:
        return False
    return True

"""How commands are registered, and the options that all of them share."""

import argparse
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

Run = Callable[[argparse.Namespace], int]


class Parser(argparse.ArgumentParser):
    """Parses a command whose words may stand on both sides of its options: `ask owls -k 5 at night`."""

    def parse_known_args(  # type: ignore[override]  # one form of the two, which the commands use
        self, args: Sequence[str] | None = None, namespace: Any = None
    ) -> tuple[argparse.Namespace, list[str]]:
        known, rest = super().parse_known_args(args, namespace)
        words = [action for action in self._get_positional_actions() if action.nargs in ("*", "+")]
        if not words or any(word.startswith("-") for word in rest):
            return known, rest
        setattr(known, words[-1].dest, [*getattr(known, words[-1].dest), *rest])
        return known, []


class Group:
    """A command that has commands of its own."""

    def __init__(self, parser: argparse.ArgumentParser) -> None:
        self._commands = parser.add_subparsers(metavar="COMMAND", required=True)

    def add(
        self, name: str, summary: str, run: Run | None = None, *, has_library: bool = True
    ) -> argparse.ArgumentParser:
        """Add a command; with `run`, which carries it out, it has the common options."""
        description = f"{summary[0].upper()}{summary[1:]}."
        command = self._commands.add_parser(name, help=summary, description=description)
        if run:
            add_common(command, run, has_library=has_library)
        return command


def add_common(command: argparse.ArgumentParser, run: Run, *, has_library: bool = True) -> None:
    """The function that carries the command out, and the options that every command has."""
    command.set_defaults(run=run)
    if has_library:
        command.add_argument(
            "--library",
            type=Path,
            metavar="DIR",
            help="folder of the library (default: ASKPAPERS_LIBRARY, or the user data folder)",
        )
    command.add_argument("--json", action="store_true", help="print JSON")
    command.add_argument("--debug", action="store_true", help="show the traceback of an error")


def add_examples(command: argparse.ArgumentParser, examples: Mapping[str, str]) -> None:
    """Examples at the end of a command's help: each with what it does."""
    width = max(map(len, examples))
    lines = [f"  askpapers {example:{width}}  {what}" for example, what in examples.items()]
    command.epilog = "\n".join(["examples:", *lines])
    command.formatter_class = argparse.RawDescriptionHelpFormatter

"""The command line. stdout is the result, stderr is everything else."""

import argparse
import sys
from collections.abc import Sequence
from importlib import import_module
from importlib.metadata import version
from typing import Any

from rag.errors import AskpapersError
from rag.private import private_umask
from ui.cli.commands import Group, Parser

_COMMANDS = {  # with what they do; the module of that name is loaded when the command is used
    "ask": "answer a question about the papers, with citations",
    "chat": "ask one question after the other, with follow-ups; without a terminal, one a line",
    "ui": "serve the chat page",
    "search": "rank the papers for a query, without an answer",
    "ingest": "bring papers into the library",
    "sync": "look again at what the library was made of, and bring in what is new or changed",
    "watch": "bring in what is new or changed while it runs",
    "library": "look after the library",
    "eval": "ask questions with known answers and score what comes back",
    "compare": "compare two runs of the same questions",
    "model": "choose the model that answers; pull one, test one",
    "mcp": "serve the papers to programs that speak the Model Context Protocol",
    "setup": "find or fetch the encoder's weights (85 MB)",
    "doctor": "see whether everything is in its place; exit 1 where something fails",
}
_MODULES = {"eval": "evaluate"}  # of another name


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; 0 done, 1 an error in one line, 2 usage, 130 interrupted."""
    argv = sys.argv[1:] if argv is None else argv
    arguments = build_parser(next(iter(argv), None)).parse_args(argv)
    for stream in (sys.stdout, sys.stderr):
        if stream:  # None where the caller has closed it
            stream.reconfigure(errors="replace")  # type: ignore[union-attr]
    try:
        with private_umask():
            code: int = arguments.run(arguments)
            sys.stdout.flush()
    except KeyboardInterrupt as interrupt:
        kept = "interrupted: what was done is kept, and the same command goes on from there"
        return _fail(str(interrupt) or kept, 130)
    except BrokenPipeError:  # the reader of a pipe, such as `head`, has gone
        import_module("ui.terminal").drop(sys.stdout)
        return 0
    except AskpapersError as error:
        if arguments.debug:
            raise
        return _fail(str(error))
    except Exception as error:  # ours, or the machine's: still one line
        if arguments.debug:
            raise
        message = f"{type(error).__name__}: {error}: run it again with --debug and report what it prints"
        return _fail(message)
    return code


def build_parser(chosen: str | None = None) -> argparse.ArgumentParser:
    """The parser of the command line; only the chosen command has its options."""
    parser = Parser(
        prog="askpapers",
        description="Ask questions about research papers; every sentence of the answer is cited.",
    )
    parser.add_argument("--version", action=_Version, help="show the version")
    group = Group(parser)
    for name, summary in _COMMANDS.items():
        command = group.add(name, summary)
        if name == chosen:
            import_module(f"ui.cli.{_MODULES.get(name, name)}").add(command)
    return parser


class _Version(argparse.Action):
    """Looks the version up only when the option is given."""

    def __init__(self, option_strings: Sequence[str], dest: str, **keywords: Any) -> None:
        super().__init__(option_strings, dest, nargs=0, **keywords)

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> None:
        print(f"askpapers {version('askpapers')}")
        parser.exit()


def _fail(message: str, code: int = 1) -> int:
    status: int = import_module("ui.terminal").print_error(message, code)  # late: rich takes long
    return status

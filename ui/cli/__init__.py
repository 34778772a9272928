"""The command line. stdout is the result, stderr is everything else."""

import argparse
import sys
from collections.abc import Sequence
from typing import Any

from rag.errors import AskpapersError
from rag.private import private_umask
from ui.cli import ask, chat, compare, doctor, evaluate, ingest, library, mcp, search, setup, ui
from ui.cli.options import Parsers

INTERRUPTED = 130
_COMMANDS = (ask, chat, ui, search, ingest, library, evaluate, compare, mcp, setup, doctor)


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; 0 done, 1 an error in one line, 2 usage, 130 interrupted."""
    arguments = build_parser().parse_args(argv)
    for stream in (sys.stdout, sys.stderr):
        if stream:  # None where the caller has closed it
            stream.reconfigure(errors="replace")  # type: ignore[union-attr]
    try:
        with private_umask():
            code: int = arguments.run(arguments)
            sys.stdout.flush()
    except KeyboardInterrupt as interrupt:
        kept = "interrupted: what was done is kept, and the same command goes on from there"
        return _fail(str(interrupt) or kept, INTERRUPTED)
    except BrokenPipeError:  # the reader of a pipe, such as `head`, has gone
        from ui.terminal import drop

        drop(sys.stdout)
        return 0
    except AskpapersError as error:
        if arguments.debug:
            raise
        return _fail(str(error))
    except Exception as error:  # a fault of ours, or of the machine: still one line
        if arguments.debug:
            raise
        return _fail(
            f"{type(error).__name__}: {error}: run it again with --debug and report what it prints"
        )
    return code


def build_parser() -> argparse.ArgumentParser:
    """The parser of the whole command line."""
    parser = argparse.ArgumentParser(
        prog="askpapers",
        description="Ask questions about research papers; every sentence of the answer is cited.",
    )
    parser.add_argument("--version", action=_Version, help="show the version")
    parsers = Parsers(parser)
    for command in _COMMANDS:
        command.add(parsers)
    return parser


class _Version(argparse.Action):
    """Looks the version up only when it is asked for."""

    def __init__(self, option_strings: Sequence[str], dest: str, **keywords: Any) -> None:
        super().__init__(option_strings, dest, nargs=0, **keywords)

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> None:
        from importlib.metadata import version

        print(f"askpapers {version('askpapers')}")
        parser.exit()


def _fail(message: str, code: int = 1) -> int:
    from ui.terminal import print_error

    print_error(message)
    return code

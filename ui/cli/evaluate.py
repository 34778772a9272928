"""`askpapers eval`: questions with known answers, and what the answers are worth."""

import argparse
import sys
from pathlib import Path

from ui.cli.options import Parsers, add_answering, filters_of


def add(parsers: Parsers) -> None:
    command = parsers.add("eval", "ask questions with known answers and score what comes back", run)
    command.add_argument(
        "questions",
        nargs="+",
        metavar="QUESTIONS",
        help="a question file (.jsonl, .yaml), a folder of those, or a set that comes with the "
        "program: dev, test, calibration",
    )
    command.add_argument(
        "--out",
        type=Path,
        required=True,
        metavar="DIR",
        help="folder for the results; those of an earlier run there are replaced",
    )
    add_answering(command, writer="extractive")


def run(arguments: argparse.Namespace) -> int:
    import time

    from eval.cases import read_cases
    from eval.runner import Options, missing_papers, run_cases, write_rows
    from eval.summary import summarise
    from rag.assistant import Assistant
    from rag.query import check_words
    from rag.settings import Settings
    from ui.cli.places import open_for_reading
    from ui.terminal import print_json, print_summary, track

    started = time.perf_counter()
    cases = read_cases(arguments.questions)  # before anything is built
    options = Options(filters_of(arguments), check_words(arguments.words), not arguments.no_years)
    with open_for_reading(arguments) as library:
        assistant = Assistant(library, settings=Settings.from_environment(), writer=arguments.writer)
        _warn({name for case in cases for name in case.unread}, missing_papers(library, cases))
        try:
            rows = write_rows(run_cases(assistant, cases, options, track), arguments.out)
        except KeyboardInterrupt as interrupt:
            raise KeyboardInterrupt(
                f"interrupted: the answers so far are in {arguments.out}; a new run begins anew"
            ) from interrupt
    summary = summarise(rows) | {"seconds": round(time.perf_counter() - started, 1)}
    if arguments.json:
        print_json(summary)
    else:
        print_summary(summary, arguments.out)
    return 1 if summary["errors"] == summary["n"] else 0


def _warn(unread: set[str], missing: list[str]) -> None:
    """Say what of the question files has no effect, or cannot be met by this library."""
    if unread:
        print(f"Fields that are not read: {', '.join(sorted(unread))}.", file=sys.stderr)
    if missing:
        print(
            f"Not in this library, so never found: {len(missing)} of the questions' papers, such as "
            f"{missing[0]}.",
            file=sys.stderr,
        )

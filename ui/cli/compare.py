"""`askpapers compare`: what changed from one run to another, and whether it may."""

import argparse
from pathlib import Path

from eval.comparison import compare
from eval.comparison.markdown import render_comparison
from eval.errors import GateError
from eval.folder import read_run
from eval.gates import fail_on, require
from ui.cli.commands import add_common
from ui.cli.gates import add_gates, exit_code
from ui.tables import print_comparison
from ui.terminal import USAGE, print_error, print_json, whoever_reads

_CHANGED = 20


def add(command: argparse.ArgumentParser) -> None:
    add_common(command, run, has_library=False)
    command.add_argument("before", type=Path, metavar="RUN_A", help="folder of the run to start from")
    command.add_argument("after", type=Path, metavar="RUN_B", help="folder of the run that follows it")
    command.add_argument("--markdown", action="store_true", help="print Markdown")
    add_gates(
        command,
        "--fail-on",
        'fail where this holds for the difference of a metric, B - A: "faithfulness<-0.02", or '
        '"hit@1[paraphrase]<-0.05" for those with a tag',
    )
    add_gates(command, "--require", 'fail where this does not hold for the mean of B: "hit@5>=0.9"')
    command.add_argument(
        "--changed",
        type=_number,
        default=_CHANGED,
        metavar="N",
        help=f"how many of the questions that changed side are shown (default: {_CHANGED})",
    )


def run(arguments: argparse.Namespace) -> int:
    if arguments.json and arguments.markdown:
        return print_error("--json and --markdown exclude each other: leave one out", USAGE)
    before, after = read_run(arguments.before), read_run(arguments.after)
    comparison = compare(before, after)
    unfinished = [str(run.name) for run in (before, after) if run.record.get("finished") is False]
    try:
        checks = [fail_on(gate, comparison) for gate in arguments.fail_on]
        checks += [require(gate, after.rows) for gate in arguments.require]
    except GateError as error:  # such as a tag that neither run has
        return print_error(error, USAGE)
    with whoever_reads():
        if arguments.json:
            print_json(comparison.to_dict() | {"gates": [check.to_dict() for check in checks]})
        elif arguments.markdown:
            print(render_comparison(comparison, checks, arguments.changed), end="")
        else:
            print_comparison(comparison, checks, arguments.changed)
    if checks and unfinished:
        return print_error(
            f"{' and '.join(unfinished)}: not finished, so the gates decide nothing: go on with its "
            "`askpapers eval` first"
        )
    return exit_code(checks, "look at the questions that changed side")


def _number(text: str) -> int:
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"{text} is no number from 0 on")
    return int(text)

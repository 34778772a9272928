"""Gates on the command line: their options, and the exit code that they decide."""

import argparse
from collections.abc import Sequence

from eval.errors import GateError
from eval.gates import Gate, GateResult, parse_gate
from ui.terminal import print_error


def add_gates(command: argparse.ArgumentParser, option: str, summary: str) -> None:
    """An option that may be given several times, each time a gate."""
    command.add_argument(
        option,
        action="append",
        default=[],
        type=_gate,
        metavar="EXPR",
        help=f"{summary}; may be given several times",
    )


def _gate(text: str) -> Gate:
    try:
        return parse_gate(text)
    except GateError as error:
        raise argparse.ArgumentTypeError(str(error)) from error


def exit_code(checks: Sequence[GateResult], next_step: str) -> int:
    """1 where a gate failed; says on stderr which."""
    failed = [check for check in checks if not check.passed]
    if not failed:
        return 0
    reasons = ", ".join(f"{check.option} {check.gate.text}: {check.explanation}" for check in failed)
    return print_error(f"{len(failed)} of {len(checks)} gates failed ({reasons}): {next_step}")

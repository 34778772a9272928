"""`askpapers doctor`: whether everything is in its place, and what to do where it is not."""

import argparse
from typing import TYPE_CHECKING

from ui.cli.options import Parsers

if TYPE_CHECKING:
    from ui.checkup import Finding

_STYLES = {"ok": "green", "warn": "yellow", "fail": "bold red"}


def add(parsers: Parsers) -> None:
    command = parsers.add(
        "doctor", "see whether everything is in its place; exit 1 where something fails", run
    )
    command.add_argument(
        "--online", action="store_true", help="ask the model's server too where only a key is set"
    )


def run(arguments: argparse.Namespace) -> int:
    from ui.terminal import print_json

    findings = _look(arguments)
    is_well = all(finding.state != "fail" for finding in findings)
    if arguments.json:
        told = [
            {"name": each.name, "state": each.state, "found": each.found, "todo": each.todo or None}
            for each in findings
        ]
        print_json({"ok": is_well, "findings": told})
    else:
        _print(findings)
    return 0 if is_well else 1


def _look(arguments: argparse.Namespace) -> list["Finding"]:
    """The servers are asked while the rest is looked at."""
    import os
    from concurrent.futures import ThreadPoolExecutor

    from ui.checkup import attempted, machine, services, shelf

    settings, told = machine.read_settings(os.environ)
    with ThreadPoolExecutor(2) as others:
        asked = others.submit(
            attempted, "model", lambda: services.look_at_model(settings, arguments.online)
        )
        served = others.submit(attempted, "Chroma server", lambda: services.look_at_chroma(settings))
        found = attempted("askpapers", machine.look_at_program) + told
        found += attempted("encoder", machine.look_at_encoder)
        found += attempted("user data", machine.look_at_data_folder)
        is_served = all(each.state != "fail" for each in served.result())
        found += attempted("library", lambda: shelf.look_at_library(arguments.library, settings, is_served))
        return found + served.result() + asked.result()


def _print(findings: list["Finding"]) -> None:
    from rich.text import Text

    from rag.plain import in_a_line
    from ui.terminal import print_text

    width = max(len(each.name) for each in findings)
    for each in findings:
        line = Text(f"{each.state:4}  ", _STYLES[each.state]).append(f"{each.name:{width}}  ", "dim")
        line.append(in_a_line(each.found), "default")
        if each.todo:
            line.append(f": {in_a_line(each.todo)}", "default")
        print_text(line)

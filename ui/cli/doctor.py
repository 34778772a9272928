"""`askpapers doctor`: whether everything is in its place, and what to do where it is not."""

import argparse
import os
from concurrent.futures import ThreadPoolExecutor

from rich.text import Text

from rag.plain import in_a_line
from ui.checkup import Finding, attempted, machine, services, shelf
from ui.cli.commands import add_common
from ui.terminal import print_json, print_text

_STYLES = {"ok": "green", "warn": "yellow", "fail": "bold red"}


def add(command: argparse.ArgumentParser) -> None:
    add_common(command, run)
    command.add_argument(
        "--online", action="store_true", help="ask the model's server too where only a key is set"
    )


def run(arguments: argparse.Namespace) -> int:
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


def _look(arguments: argparse.Namespace) -> list[Finding]:
    """The servers are asked while the rest is looked at."""
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


def _print(findings: list[Finding]) -> None:
    width = max(len(each.name) for each in findings)
    for each in findings:
        line = Text(f"{each.state:4}  ", _STYLES[each.state]).append(f"{each.name:{width}}  ", "dim")
        line.append(in_a_line(each.found), "default")
        if each.todo:
            line.append(f": {in_a_line(each.todo)}", "default")
        print_text(line)

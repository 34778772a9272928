"""`askpapers doctor`: whether everything is in its place, and what to do where it is not."""

import argparse
import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict

from rich.text import Text

from rag.plain import in_a_line
from rag.settings import data_folder
from ui.checkup import machine, services, shelf
from ui.checkup.finding import Finding, attempted
from ui.cli.commands import add_common
from ui.terminal import print_json, print_text

_STYLES = {"ok": "green", "warn": "yellow", "fail": "bold red"}


def add(command: argparse.ArgumentParser) -> None:
    add_common(command, run)
    command.add_argument(
        "--online", action="store_true", help="ask the model's server too where only a key is set"
    )


def run(arguments: argparse.Namespace) -> int:
    findings = _findings(arguments)
    is_well = all(finding.state != "fail" for finding in findings)
    if arguments.json:
        print_json({"ok": is_well, "findings": list(map(asdict, findings))})
    else:
        _print(findings)
    return 0 if is_well else 1


def _findings(arguments: argparse.Namespace) -> list[Finding]:
    """What all checks find; the servers are asked while the rest is checked."""
    settings, of_settings = machine.read_settings(os.environ)
    with ThreadPoolExecutor(3) as pool:
        model = pool.submit(attempted, "model", lambda: services.look_at_model(settings, arguments.online))
        running = pool.submit(attempted, "running server", lambda: services.look_at_running(settings))
        chroma = pool.submit(attempted, "Chroma server", lambda: services.look_at_chroma(settings))
        findings = attempted("askpapers", machine.look_at_program) + of_settings
        findings += attempted("configuration", machine.look_at_configuration)
        findings += attempted("encoder", machine.look_at_encoder)
        findings += attempted("user data", lambda: machine.look_at_folder("user data", data_folder()))
        is_served = all(finding.state != "fail" for finding in chroma.result())
        findings += attempted(
            "library", lambda: shelf.look_at_library(arguments.library, settings, is_served)
        )
        return findings + chroma.result() + model.result() + running.result()


def _print(findings: list[Finding]) -> None:
    width = max(len(finding.name) for finding in findings)
    for finding in findings:
        line = Text(f"{finding.state:4}  ", _STYLES[finding.state])
        line.append(f"{finding.name:{width}}  ", "dim").append(in_a_line(finding.found), "default")
        if finding.todo:
            line.append(f": {in_a_line(finding.todo)}", "default")
        print_text(line)

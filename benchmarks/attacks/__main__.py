"""Attack the chat page, and say what held. On Linux, over the loopback alone; about half an hour for all.

    python -m benchmarks.attacks
    python -m benchmarks.attacks --only outgoing,passwords --json

Each kind of attack starts pages of its own, as `askpapers ui` does, with a library of twenty made-up papers
and folders of their own. Exits with 1 where a promise did not hold.
"""

import argparse
import os
import resource
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from benchmarks.attacks import (
    bodies,
    connections,
    disk,
    files,
    heads,
    kept,
    outgoing,
    passwords,
    resources,
    routes,
    scripts,
    terminal,
    texts,
)
from benchmarks.attacks.findings import Attack, Finding
from benchmarks.attacks.papers import library_in
from benchmarks.attacks.target import Range
from ui.terminal import print_json, print_table, tell

ATTACKS: dict[str, Attack] = {
    "outgoing": outgoing.attack,
    "bodies": bodies.attack,
    "heads": heads.attack,
    "texts": texts.attack,
    "routes": routes.attack,
    "files": files.attack,
    "terminal": terminal.attack,
    "resources": resources.attack,
    "connections": connections.attack,
    "passwords": passwords.attack,
    "disk": disk.attack,
    "scripts": scripts.attack,
    "kept": kept.attack,
}
_WIDEST = 110  # characters of what was measured
_FILES = 4096  # that this process may have open: connections by the hundred


def main(given: Sequence[str] | None = None) -> int:
    arguments = _arguments(given)
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(_FILES, most), most))
    with tempfile.TemporaryDirectory(prefix="attacks-") as folder:
        site = Range(library_in(Path(folder) / "library"), Path(folder), arguments.seed)
        results = {name: _findings(name, site) for name in arguments.only}
    if arguments.json:
        print_json({name: [asdict(each) for each in findings] for name, findings in results.items()})
    else:
        for name, findings in results.items():
            show(name, findings)
    failed = sum(not each.is_held for findings in results.values() for each in findings)
    tell(f"{failed} of {sum(map(len, results.values()))} promises FAILED")
    return 1 if failed else 0


def _findings(name: str, site: Range) -> list[Finding]:
    """All that an attack finds; that it could not go on is a finding too."""
    started, findings = time.monotonic(), []
    tell(f"{name}: load {os.getloadavg()[0]:.1f}")
    try:
        for each in ATTACKS[name](site):
            findings.append(each)
            tell(f"  {_verdict(each)}: {each.attack}: {each.measured}"[:400])
    except Exception as error:
        findings.append(
            Finding(f"the rest of {name}", "can be tried", f"{type(error).__name__}: {error}", False)
        )
        tell(f"  {findings[-1].measured}")
    tell(f"{name}: {time.monotonic() - started:.0f} s")
    return findings


def show(name: str, findings: Sequence[Finding]) -> None:
    """A table of what became of attacks of one kind."""
    head = (name, "promised", "measured", "")
    print_table(
        head, [(each.attack, each.promised, _short(each.measured), _verdict(each)) for each in findings]
    )


def _short(text: str) -> str:
    """In a line of a table; all of it is in the JSON."""
    line = " ".join(text.split())
    return line if len(line) <= _WIDEST else f"{line[: _WIDEST - 1]}…"


def _verdict(finding: Finding) -> str:
    return "held" if finding.is_held else "FAILED"


def _arguments(given: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="benchmarks.attacks", description=__doc__.splitlines()[0])
    parser.add_argument(
        "--only", type=_names, default=list(ATTACKS), metavar="NAME,...", help=", ".join(ATTACKS)
    )
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--seed", type=int, default=0, metavar="N")
    return parser.parse_args(given)


def _names(text: str) -> list[str]:
    names = text.split(",")
    if unknown := set(names) - set(ATTACKS):
        raise argparse.ArgumentTypeError(
            f"unknown: {', '.join(sorted(unknown))}; there are {', '.join(ATTACKS)}"
        )
    return names


if __name__ == "__main__":
    sys.exit(main())

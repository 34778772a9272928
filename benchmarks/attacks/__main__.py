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
from collections.abc import Callable, Iterator, Sequence
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
from benchmarks.attacks.findings import Finding
from benchmarks.attacks.papers import library_in
from benchmarks.attacks.target import Range
from rag.plain import cut, in_a_line
from ui.terminal import print_json, print_table, tell

_KINDS = (outgoing, bodies, heads, texts, routes, files, terminal, resources, connections, passwords, disk)
ATTACKS: dict[str, Callable[[Range], Iterator[Finding]]] = {
    module.__name__.rpartition(".")[2]: module.attack for module in (*_KINDS, scripts, kept)
}
"""By name, attacks of one kind on pages that it starts; each finding comes as soon as it is known."""

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
        print_json({name: [asdict(finding) for finding in findings] for name, findings in results.items()})
    else:
        for name, findings in results.items():
            show(name, findings)
    failed = sum(not finding.is_held for findings in results.values() for finding in findings)
    tell(f"{failed} of {sum(map(len, results.values()))} promises FAILED")
    return 1 if failed else 0


def _findings(name: str, site: Range) -> list[Finding]:
    """All findings of an attack; that it broke off is one too."""
    started, findings = time.monotonic(), []
    tell(f"{name}: load {os.getloadavg()[0]:.1f}")
    try:
        for finding in ATTACKS[name](site):
            findings.append(finding)
            tell(f"  {_verdict(finding)}: {finding.attack}: {finding.measured}"[:400])
    except Exception as error:
        measured = f"{type(error).__name__}: {error}"
        findings.append(Finding(f"the rest of {name}", "can be tried", measured, False))
        tell(f"  {findings[-1].measured}")
    tell(f"{name}: {time.monotonic() - started:.0f} s")
    return findings


def show(name: str, findings: Sequence[Finding]) -> None:
    """Print a table of an attack's findings, one line each; the JSON has all of their text."""
    rows = [
        (one.attack, one.promised, cut(in_a_line(one.measured), _WIDEST), _verdict(one)) for one in findings
    ]
    print_table((name, "promised", "measured", ""), rows)


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

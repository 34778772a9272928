"""`askpapers watch`: bring in what is new or changed while it runs."""

import argparse
from dataclasses import replace
from datetime import datetime

from rich.text import Text

from ingest.completing.completing import Completion
from ingest.syncing.report import OriginReport, SyncReport
from ingest.syncing.watching import HOUR, Watch
from rag.errors import AskpapersError, SourceError
from rag.plain import in_a_line
from ui.cli.commands import add_common, add_examples
from ui.cli.completing import print_completion
from ui.cli.places import open_existing
from ui.cli.sync import completed
from ui.sync_text import lines_about
from ui.terminal import counts_of, print_json_line, print_rejections, print_text, tell

_EXAMPLES = {
    "watch": "until Ctrl-C",
    "watch --every 15": "ask services every quarter of an hour",
    "watch --json": "a line of JSON for each change, for another program",
}
_SHORTEST = 1.0  # minutes between two requests to services


def add(command: argparse.ArgumentParser) -> None:
    add_common(command, run)
    add_examples(command, _EXAMPLES)
    command.add_argument(
        "--every",
        type=float,
        default=HOUR / 60,
        metavar="MINUTES",
        help=f"how often services are asked (default: {HOUR / 60:.0f}); files are read when they change",
    )


def run(arguments: argparse.Namespace) -> int:
    if not arguments.every >= _SHORTEST:
        raise SourceError(f"services can be asked every {_SHORTEST:.0f} minutes at most: say --every 60")
    shown = _Shown(as_json=arguments.json)

    def show(report: SyncReport) -> None:
        shown.show(report)
        try:
            if completion := completed(library, report):
                shown.show_completion(completion)
        except AskpapersError as error:
            tell(in_a_line(str(error)))

    with open_existing(arguments) as library:
        watch = Watch(library, tell=show, warn=tell, every=arguments.every * 60)
        tell(f"Watching what the library in {library.folder} was made of. Ctrl-C ends it.")
        try:
            watch.run()
        except KeyboardInterrupt as interrupt:
            raise KeyboardInterrupt("stopped: `askpapers watch` goes on from there") from interrupt
    return 0


class _Shown:
    """A line for each change; what stays gone or wrong is shown once."""

    def __init__(self, *, as_json: bool) -> None:
        self._as_json = as_json
        self._shown: dict[str, OriginReport] = {}  # the last report of each origin

    def show(self, report: SyncReport) -> None:
        """Print what is new in a report."""
        for origin in report.origins:
            before = self._shown.get(origin.name, OriginReport(origin.name, origin.kind))
            gone = [gone for gone in origin.gone if gone not in before.gone]
            # What is out of reach is still gone when it is back.
            known = replace(origin, gone=[*before.gone, *gone]) if origin.errors else origin
            self._shown[origin.name] = known
            errors = [error for error in origin.errors if error not in before.errors]
            news = replace(origin, gone=gone, errors=errors)
            if not news.is_quiet or (before.errors and not origin.errors):  # or it is back
                self._print(news)

    def show_completion(self, completion: Completion) -> None:
        """Print what services have added, and what they did not give."""
        if not (completion.updated or completion.failed):
            return
        if self._as_json:
            print_json_line({"time": _now(), "completion": completion.to_dict()})
        else:
            print_completion(completion)

    def _print(self, origin: OriginReport) -> None:
        time = _now()
        if self._as_json:
            print_json_line({"time": time, **origin.to_dict()})
            return
        name = origin.read[0] if len(origin.read) == 1 else origin.name
        what = f": {counts_of(origin.report)}" if origin.read else ": in step again" * origin.is_quiet
        print_text(Text(f"{time[11:19]}  {in_a_line(name)}{what}"))
        print_rejections(origin.report)
        for line in [*lines_about(origin), *map(in_a_line, origin.errors)]:
            print_text(Text(line), indent=2)


def _now() -> str:
    return datetime.now().astimezone().isoformat(timespec="seconds")

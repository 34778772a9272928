"""`askpapers sync`: look again at what the library was made of."""

import argparse

from ingest.completing.completing import Completion
from ingest.syncing.report import SyncReport
from ingest.syncing.sync import sync
from rag.library import Library
from ui.cli.commands import add_common, add_examples
from ui.cli.completing import complete_papers, print_completion
from ui.cli.places import open_existing
from ui.sync_text import print_sync
from ui.terminal import print_json, track

_EXAMPLES = {
    "sync": "everything that the library was made of",
    "sync ~/papers zotero": "one folder, and Zotero",
    "sync --prune --dry-run": "which papers --prune would take out",
}


def add(command: argparse.ArgumentParser) -> None:
    add_common(command, run)
    add_examples(command, _EXAMPLES)
    command.add_argument(
        "sources",
        nargs="*",
        metavar="SOURCE",
        help="what to look at, as it was named for `ingest`: a folder, a file, a pattern, a service "
        "(default: everything; `askpapers library sources` lists it)",
    )
    command.add_argument(
        "--prune",
        action="store_true",
        help="take papers out that their sources no longer name, or whose files are gone; those with tags "
        "or notes of your own stay",
    )
    command.add_argument("--dry-run", action="store_true", help="say what would be done, and do nothing")


def run(arguments: argparse.Namespace) -> int:
    with open_existing(arguments) as library:
        report = sync(
            library,
            arguments.sources,
            prunes=arguments.prune,
            is_dry_run=arguments.dry_run,
            track=track,
        )
        if not arguments.json:
            print_sync(report, library.folder)
        completion = completed(library, report)
    if arguments.json:
        print_json(report.to_dict() | ({"completion": completion.to_dict()} if completion else {}))
    elif completion:
        print_completion(completion)
    return 1 if report.has_failed or (completion and completion.failed) else 0


def completed(library: Library, report: SyncReport) -> Completion | None:
    """What became of the papers that were read and are to be completed, as for `ingest --complete`."""
    if report.is_dry_run or not report.to_complete:
        return None
    return complete_papers(library, library.catalog.of_sources(report.to_complete))

"""`askpapers sync`: look again at what the library was made of."""

import argparse

from ingest.syncing.in_step import sync
from ui.cli.commands import add_common
from ui.cli.places import open_existing
from ui.sync_text import print_sync
from ui.terminal import print_json, track


def add(command: argparse.ArgumentParser) -> None:
    add_common(command, run)
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
        if arguments.json:
            print_json(report.to_dict())
        else:
            print_sync(report, library.folder)
    return 1 if report.has_failed else 0

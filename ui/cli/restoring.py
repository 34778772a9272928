"""`askpapers library restore`: a library from the file that `library export --all` has written."""

import argparse
from pathlib import Path

from ingest.backup import restore
from rag.library import Library
from rag.settings import Settings, own_library
from ui.cli.commands import Group
from ui.cli.places import named_folder
from ui.terminal import print_fields, print_json, track


def add(group: Group) -> None:
    command = group.add("restore", "make a library anew from a backup (`library export --all`)", run)
    command.add_argument("file", type=Path, metavar="FILE", help="the backup")


def run(arguments: argparse.Namespace) -> int:
    settings = Settings.from_environment()
    folder = named_folder(arguments, settings) or own_library()
    counts = restore(folder, arguments.file.expanduser(), track)
    with Library.open(folder, settings, catch_up=False) as library:
        library.sync(track)
        passages = library.catalog.count_passages()
    fields = {"papers": counts.papers, "records": counts.records, "passages": passages}
    (print_json if arguments.json else print_fields)(fields)
    return 0

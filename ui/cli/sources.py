"""`askpapers library sources`: what the library was made of."""

import argparse
from dataclasses import asdict

from ingest.syncing.listing import Listed, listed
from ingest.syncing.origins import forget
from rag.plain import in_a_line
from ui.cli.commands import Group, add_examples
from ui.cli.places import open_existing, place_of
from ui.cli.referring import check_own
from ui.terminal import print_json, print_table, tell

_EXAMPLES = {
    "library sources": "each source, when it was last read, and whether it has changed",
    "library sources --json": "the same for another program",
    "library sources --forget ~/papers": "look at this folder no more",
}


def add(group: Group) -> None:
    command = group.add(
        "sources", "what the library was made of: files, folders, services; what has changed", run
    )
    command.add_argument(
        "--forget",
        nargs="+",
        default=[],
        metavar="NAME",
        help="look at these no more; their papers stay",
    )
    add_examples(command, _EXAMPLES)


def run(arguments: argparse.Namespace) -> int:
    if arguments.forget:
        return _forget(arguments)
    with open_existing(arguments) as library:
        sources = listed(library.catalog)
    if arguments.json:
        print_json({"sources": [asdict(source) for source in sources]})
    elif sources:
        print_table(["source", "kind", "papers", "last read", "state"], [_row(each) for each in sources])
    else:
        tell(
            f"The library is empty: bring papers in with `askpapers ingest SOURCE...{place_of(arguments)}`."
        )
    return 0


def _forget(arguments: argparse.Namespace) -> int:
    with open_existing(arguments) as library:
        check_own(library, "what the papers that come with askpapers were made of is known")
        with library.writing():
            forgotten = forget(library.catalog, arguments.forget)
        papers = library.catalog.count()
    if arguments.json:
        print_json({"forgotten": forgotten, "papers": papers})
        return 0
    for name in forgotten:
        print(f"{in_a_line(name)} is forgotten; its papers stay in {library.folder}")
    return 0


def _row(source: Listed) -> list[str]:
    read = (source.read or "–")[:16].replace("T", " ")
    return [in_a_line(source.name), source.kind, str(source.papers), read, source.state]

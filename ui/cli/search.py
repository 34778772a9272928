"""`askpapers search`: retrieval alone."""

import argparse

from rag.query import check_request
from ui.cli.commands import add_common
from ui.cli.options import add_filters, request_of, tell_years, typed
from ui.cli.places import open_for_reading, place_of
from ui.programs import ranked, search_json
from ui.terminal import print_hits, print_json, tell


def add(command: argparse.ArgumentParser) -> None:
    add_common(command, run)
    command.add_argument(
        "query", nargs="+", help="what the papers should be about; - reads it from standard input"
    )
    command.add_argument("-k", type=int, default=10, metavar="N", help="number of papers")
    add_filters(command)


def run(arguments: argparse.Namespace) -> int:
    request = check_request(request_of(arguments, typed(arguments.query)))
    with open_for_reading(arguments) as library:
        question, hits = ranked(library, request, arguments.k, place_of(arguments))
    if arguments.json:
        print_json(search_json(question, hits))
        return 0
    print_hits(hits)
    if question.note:
        tell(question.note)
    tell_years(arguments, question.filters)
    return 0

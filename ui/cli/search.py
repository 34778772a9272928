"""`askpapers search`: retrieval alone."""

import argparse
import sys
from datetime import date

from ui.cli.options import Parsers, add_filters, filters_of, tell_years


def add(parsers: Parsers) -> None:
    command = parsers.add("search", "rank the papers for a query, without an answer", run)
    command.add_argument("query", help="what the papers should be about, in quotes")
    command.add_argument("-k", type=int, default=10, metavar="N", help="number of papers")
    add_filters(command)


def run(arguments: argparse.Namespace) -> int:
    from rag.query import check_count, understand
    from rag.retrieval import Retriever
    from ui.cli.places import open_for_reading
    from ui.programs import search_json
    from ui.terminal import print_hits, print_json

    asked = understand(
        arguments.query,
        today=date.today(),
        given=filters_of(arguments),
        years_from_question=not arguments.no_years,
    )
    count = check_count(arguments.k)
    with open_for_reading(arguments) as library:
        hits = Retriever(library).search(asked.query, count, asked.filters)
    if not arguments.json:
        print_hits(hits)
        if asked.note:
            print(asked.note, file=sys.stderr)
        tell_years(arguments, asked.filters)
        return 0
    print_json(search_json(asked, hits))
    return 0

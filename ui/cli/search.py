"""`askpapers search`: retrieval alone."""

import argparse
from dataclasses import asdict

from ui.cli.options import Parsers, add_years


def add(parsers: Parsers) -> None:
    command = parsers.add("search", "rank the papers for a query, without an answer", run)
    command.add_argument("query", help="what the papers should be about, in quotes")
    command.add_argument("-k", type=int, default=10, metavar="N", help="number of papers")
    add_years(command)


def run(arguments: argparse.Namespace) -> int:
    from rag.query import check_count, check_question, make_filters
    from rag.retrieval import Retriever
    from ui.cli.places import open_for_reading
    from ui.terminal import print_hits, print_json

    query = check_question(arguments.query)
    filters = make_filters(arguments.from_year, arguments.to_year)
    count = check_count(arguments.k)
    with open_for_reading(arguments) as library:
        hits = Retriever(library).search(query, count, filters)
    if not arguments.json:
        print_hits(hits)
        return 0
    print_json(
        {
            "query": query,
            "filters": asdict(filters),
            "hits": [
                {
                    "paper_id": hit.paper.paper_id,
                    "title": hit.paper.title,
                    "score": round(hit.score, 4),
                    "passage": hit.passage_text,
                }
                for hit in hits
            ],
        }
    )
    return 0

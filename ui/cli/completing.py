"""`askpapers library complete`, and `ingest --complete`: what papers lack, from Crossref and OpenAlex."""

import argparse
from collections.abc import Collection

from rich.text import Text

from ingest.completing.completing import Completion, complete
from rag.library import Library
from rag.plain import in_a_line, plain
from rag.query import check_names
from ui.cli import exporting
from ui.cli.commands import Group
from ui.cli.options import add_conditions, filters_of
from ui.cli.places import open_existing, place_of
from ui.cli.referring import no_paper_like_that
from ui.terminal import number_of, print_json, print_text, track

COMPLETE = (
    "what papers with a DOI lack (abstract, authors, date, journal, pages), and whether they are "
    "retracted: Crossref and OpenAlex get their DOIs, and nothing else"
)


def add(group: Group) -> None:
    command = group.add("complete", f"fill in {COMPLETE}", run)
    command.add_argument("words", nargs="*", metavar="WORDS", help=exporting.WORDS)
    command.add_argument(
        "--again", action="store_true", help="ask for papers, too, that were asked for in the last 30 days"
    )
    add_conditions(command)


def run(arguments: argparse.Namespace) -> int:
    filters = filters_of(arguments)
    with open_existing(arguments) as library:
        check_names(library, filters, place_of(arguments))
        paper_ids = library.catalog.listed(" ".join(arguments.words), filters=filters)
        if not paper_ids:
            raise no_paper_like_that(arguments)
        completion = complete_papers(library, paper_ids, again=arguments.again)
    if arguments.json:
        print_json(completion.to_dict())
    else:
        print_completion(completion)
    return 1 if completion.failed else 0


def complete_papers(library: Library, paper_ids: Collection[str], *, again: bool = False) -> Completion:
    """Complete papers by their ids, with progress on stderr. Raises AskpapersError."""
    from ingest.completing.services import open_services

    return complete(library, paper_ids, open_services(), track, again=again)


def print_completion(completion: Completion) -> None:
    """What was completed, which papers are retracted, and why some papers failed."""
    asked = completion.completed + completion.unknown + completion.failed
    counts = {
        "completed": completion.completed,
        "not known there": completion.unknown,
        "failed": completion.failed,
        "asked for lately": completion.recent,
        "without a DOI": completion.without_doi,
    }
    parts = [f"{count} {name}" for name, count in counts.items() if count or name == "completed"]
    print_text(
        Text(f"{number_of(asked, 'paper')} asked for: {', '.join(parts)}; {completion.updated} updated")
    )
    for paper in completion.retracted:
        line = Text("Retracted: ", "yellow").append(in_a_line(paper.title), "default")
        print_text(line.append(f"  {in_a_line(paper.paper_id)} ({in_a_line(paper.by)})", "dim"), indent=2)
    for problem in completion.problems:
        print_text(Text(plain(problem), "yellow"), indent=2)

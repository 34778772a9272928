"""`askpapers library`: what the library holds, what leaves it, and whether its indexes agree."""

import argparse
import sys
from dataclasses import asdict
from itertools import islice
from pathlib import Path

from rich.text import Text

from ingest.backup import restore
from rag.errors import QuestionError
from rag.library import Library
from rag.library.library import INDEXES
from rag.plain import in_a_line, plain
from rag.query import check_names
from rag.readable import without_markup
from rag.settings import Settings, own_library
from rag.types import Paper
from ui.authors import in_a_cell
from ui.cli import annotating, completing, exporting, sources
from ui.cli.commands import Group
from ui.cli.options import add_conditions, filters_of
from ui.cli.places import open_existing, place_of
from ui.cli.referring import REFERENCE, check_own, known_papers, meant_paper
from ui.cli.showing import ShownPaper, fields_of, print_paper
from ui.terminal import (
    USAGE,
    number_of,
    print_error,
    print_fields,
    print_json,
    print_near,
    print_text,
    retracted,
    tell,
    track,
)

_LISTED = 50  # papers, unless told otherwise


def add(command: argparse.ArgumentParser) -> None:
    group = Group(command)
    group.add("info", "how many papers and passages there are, and who encodes and writes", run_info)
    listing = group.add("list", "the papers, newest first", run_list)
    listing.add_argument("words", nargs="*", metavar="WORDS", help=exporting.WORDS)
    listing.add_argument(
        "-n", type=int, default=_LISTED, metavar="N", help=f"papers at most (default: {_LISTED})"
    )
    add_conditions(listing)
    annotating.add(group)
    exporting.add(group)
    completing.add(group)
    sources.add(group)
    restoring = group.add(
        "restore", "make a library anew from a backup (`library export --all`)", run_restore
    )
    restoring.add_argument("file", type=Path, metavar="FILE", help="the backup")
    showing = group.add("show", "all that is known of a paper", run_show)
    showing.add_argument("paper", metavar="PAPER", help=REFERENCE)
    showing.add_argument("--text", action="store_true", help="the whole text, too, if it came as a PDF")
    removing = group.add("remove", "take papers out of the library", run_remove)
    removing.add_argument("papers", nargs="+", metavar="PAPER", help=REFERENCE)
    removing.add_argument("--yes", action="store_true", help="do not ask first")
    group.add("verify", "compare the catalog with the indexes; exit 1 where they disagree", run_verify)
    reindexing = group.add("reindex", "build the indexes anew from the catalog", run_reindex)
    reindexing.add_argument(
        "indexes", nargs="*", metavar="INDEX", help=f"some of {', '.join(INDEXES)} (default: all)"
    )
    near = group.add("duplicates", "pairs of papers whose titles are nearly the same", run_duplicates)
    near.add_argument(
        "-n", type=int, default=_LISTED, metavar="N", help=f"pairs at most (default: {_LISTED})"
    )


def run_info(arguments: argparse.Namespace) -> int:
    settings = Settings.read()
    with open_existing(arguments) as library:
        fields = {
            "papers": library.catalog.count(),
            "passages": library.catalog.count_passages(),
            "whole_texts": library.catalog.count_bodies(),
            "title_only": library.catalog.count_titles(),
            "embedder": library.encoder.name,
            "writer": settings.model if settings.has_model else "extractive",
            "behind": library.behind(),
            "digests": library.catalog.holds_digests,
            "folder": str(library.folder),
        }
    (print_json if arguments.json else print_fields)(fields)
    return 0


def run_list(arguments: argparse.Namespace) -> int:
    if arguments.n < 1:
        raise QuestionError(f"{arguments.n} papers cannot be listed: ask for at least 1 with -n")
    words, filters = " ".join(arguments.words), filters_of(arguments)
    with open_existing(arguments) as library:
        check_names(library, filters, place_of(arguments))
        papers = library.catalog.browse(words, most=min(arguments.n, sys.maxsize), filters=filters)
        matching = library.catalog.count_matching(words, filters)
    if arguments.json:
        print_json({"papers": [fields_of(paper) for paper in papers], "matching": matching})
        return 0
    _print_lines(papers)
    if not papers:
        tell("No paper found.")
    elif matching > len(papers):
        tell(f"{len(papers)} of {matching} papers: -n shows more, words and filters narrow the list.")
    return 0


def run_restore(arguments: argparse.Namespace) -> int:
    settings = Settings.read()
    folder = arguments.library or settings.library or own_library()
    counts = restore(folder, arguments.file.expanduser(), track)
    with Library.open(folder, settings, catch_up=False) as library:
        library.sync(track)
        passages = library.catalog.count_passages()
    fields = {**asdict(counts), "passages": passages}
    (print_json if arguments.json else print_fields)(fields)
    return 0


def run_show(arguments: argparse.Namespace) -> int:
    with open_existing(arguments) as library:
        paper = meant_paper(library, arguments.paper, arguments)
        shown = ShownPaper.of(library, paper)
    if arguments.json:
        print_json(shown.to_dict())
    else:
        print_paper(shown, is_whole=arguments.text)
    return 0


def run_remove(arguments: argparse.Namespace) -> int:
    if not (arguments.yes or (sys.stdin and sys.stdin.isatty())):
        return print_error("there is no terminal to ask on before papers are removed: add --yes", USAGE)
    with open_existing(arguments) as library:
        check_own(library, "the papers that come with askpapers stay")
        papers = known_papers(library, arguments.papers, arguments)
        is_confirmed = arguments.yes or _is_confirmed(papers)
        removed = library.remove([paper.paper_id for paper in papers], track) if is_confirmed else 0
        left = library.catalog.count()
    if arguments.json:
        print_json({"removed": removed, "papers": left})
    else:
        print(f"{number_of(removed, 'paper')} removed, {left} left in {library.folder}")
    return 0


def run_verify(arguments: argparse.Namespace) -> int:
    with open_existing(arguments) as library:
        problems = library.verify(track)
        papers, is_behind = library.catalog.count(), library.behind() > 0
    if arguments.json:
        print_json({"papers": papers, "problems": problems})
        return 1 if problems else 0
    for problem in problems[:_LISTED]:
        print(plain(problem))
    if len(problems) > _LISTED:
        print(f"and {len(problems) - _LISTED} more, which --json lists")
    print_fields({"papers": papers, "disagreements": len(problems)})
    if problems:
        if is_behind:
            print("An index that is behind catches up when papers are next asked for.")
        print(f"What still disagrees then is mended by `askpapers library reindex{place_of(arguments)}`.")
    return 1 if problems else 0


def run_reindex(arguments: argparse.Namespace) -> int:
    with open_existing(arguments) as library:
        library.reindex(track, arguments.indexes)
        fields = {"papers": library.catalog.count(), "passages": library.catalog.count_passages()}
    (print_json if arguments.json else print_fields)(fields)
    return 0


def run_duplicates(arguments: argparse.Namespace) -> int:
    with open_existing(arguments) as library:
        pairs = list(islice(library.near_duplicates(track=track), max(arguments.n, 0) + 1))
    shown = pairs[: max(arguments.n, 0)]
    if arguments.json:
        print_json({"near_duplicates": [asdict(pair) for pair in shown], "more": len(pairs) > len(shown)})
        return 0
    print_near(shown)
    if not pairs:
        tell("No two titles are nearly the same.")
    elif len(pairs) > len(shown):
        tell("There are more: -n shows them.")
    return 0


def _is_confirmed(papers: list[Paper]) -> bool:
    """Ask at the terminal whether these papers may go."""
    for paper in papers:
        tell(in_a_line(paper.title))
    print(f"Remove {number_of(len(papers), 'paper')}? [y/N] ", end="", file=sys.stderr, flush=True)
    sys.stdin.reconfigure(errors="replace")  # type: ignore[union-attr]
    return sys.stdin.readline().strip().lower() in ("y", "yes")


def _print_lines(papers: list[Paper]) -> None:
    """Key or id, date, authors and title of each paper, and whether it is retracted."""
    rows = [
        (in_a_line(paper.key or paper.paper_id), paper.published or "–", in_a_cell(paper))
        for paper in papers
    ]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row, paper in zip(rows, papers, strict=True):
        cells = [f"{cell:{width}}  " for cell, width in zip(row, widths, strict=True) if width]
        line = Text("".join(cells), "dim").append(in_a_line(without_markup(paper.title)), "default")
        print_text(retracted(line, paper))

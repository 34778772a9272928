"""`askpapers ingest`: bring papers into the library."""

import argparse
from pathlib import Path

from ingest.bundled import BundledSource
from ingest.pipeline import ingest
from ingest.sources.base import ReadOptions, Skipped, Source
from ingest.sources.columns import columns_from
from ingest.syncing.origins import open_origins
from rag.errors import SourceError
from rag.library import Library
from rag.library.origins import Origin
from rag.settings import Settings, bundled_library, own_library
from ui.cli.commands import add_common
from ui.cli.completing import COMPLETE, complete_papers, print_completion
from ui.cli.options import as_day
from ui.terminal import print_json, print_report, track

DEMO = "demo"


def add(command: argparse.ArgumentParser) -> None:
    add_common(command, run)
    command.add_argument(
        "sources",
        nargs="+",
        metavar="SOURCE",
        help="a file: a whole paper (.pdf), a saved page of Daily Papers (.txt), papers as JSON lines "
        "(.jsonl), arXiv's metadata snapshot or CSL-JSON (.json), BibTeX (.bib), RIS (.ris), PubMed's "
        "citations (.nbib), EndNote's or PubMed's XML (.xml), some of which may name PDFs, a "
        "table (.csv, .tsv, .parquet); texts may be packed (.gz); a folder of those, at any depth; a "
        "pattern ('papers/**/*.pdf'); - for standard input; papers of a service: arxiv:2110.07143, "
        "arxiv:query=..., with ;pdf for their PDFs, hf:query=..., hf:date=..., pubmed:PMID, "
        "pubmed:QUERY; zotero for the library of the Zotero on this computer, zotero:COLLECTION, "
        "zotero:USER-ID for one on Zotero's server; or "
        f"`{DEMO}` for the papers that come with the program",
    )
    command.add_argument(
        "--keep",
        action="store_true",
        help="copy PDFs into the library; else they stay where they are, and the library holds their text",
    )
    command.add_argument(
        "--columns",
        metavar="FIELD=NAME,...",
        help="what the columns of a table, or the keys of JSON lines, are called, where their names do not "
        "say it: title=Name,abstract=Text; other fields are published, authors, author_count, "
        "organization, arxiv_id and doi",
    )
    command.add_argument(
        "--format",
        metavar="NAME",
        help="the format of the files, where name and content do not tell it: pdf, page, jsonl, "
        "arxiv, csl, bibtex, ris, nbib, endnote, pubmed, csv or parquet",
    )
    command.add_argument(
        "--zotero",
        type=lambda name: Path(name).expanduser().absolute(),
        metavar="DIR",
        help="Zotero's data folder, where it is in none of its usual places",
    )
    command.add_argument("--complete", action="store_true", help=f"then fill in {COMPLETE}")
    command.add_argument(
        "--saved",
        type=as_day,
        metavar="YYYY-MM-DD",
        help="day on which the pages were saved: gives the year to dates that show none",
    )


def run(arguments: argparse.Namespace) -> int:
    is_demo = DEMO in arguments.sources and not Path(DEMO).exists()
    if is_demo and len(arguments.sources) > 1:
        raise SourceError("digests never mix with real abstracts: ingest `demo` by itself")
    if is_demo and arguments.complete:
        raise SourceError("the papers of `demo` are complete: leave --complete out")
    columns = {} if arguments.columns is None else columns_from(arguments.columns)
    options = ReadOptions(arguments.saved, columns, arguments.format, arguments.keep, arguments.zotero)
    if is_demo and options != ReadOptions():
        raise SourceError(
            "how `demo` is read is known: leave --saved, --columns, --format, --keep and --zotero out"
        )
    sources: list[Source] = [BundledSource()]
    origins: dict[str, Origin] = {}
    skipped: list[Skipped] = []
    if not is_demo:
        sources, origins, skipped = open_origins(arguments.sources, options, complete=arguments.complete)
    settings = Settings.read()
    folder = arguments.library or settings.library or (bundled_library() if is_demo else own_library())
    with Library.open(folder, settings, create=True, catch_up=False) as library:
        report = ingest(library, sources, track, origins=origins)
        report.skipped = skipped
        if not arguments.json:
            print_report(report, folder)
        completion = None
        if arguments.complete:
            paper_ids = library.catalog.of_sources([source.name for source in sources])
            completion = complete_papers(library, paper_ids)
    if arguments.json:
        print_json(report.to_dict() | ({"completion": completion.to_dict()} if completion else {}))
    elif completion:
        print_completion(completion)
    has_failed = report.is_useless or not report.papers or (completion and completion.failed)
    return 1 if has_failed else 0

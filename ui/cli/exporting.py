"""`askpapers library export`: papers in a form that other programs read, and `ingest` too."""

import argparse
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any, BinaryIO

from ingest.backup import write_backup
from ingest.exports.formats import BY_NAME, ENDINGS, JSONL, Format, format_of
from ingest.exports.holdings import Holdings
from rag.errors import AskpapersError
from rag.library import Library
from rag.library.progress import Track, untracked
from rag.private import atomic_write
from rag.query import check_names
from rag.types import Filters
from ui.cli.commands import Group
from ui.cli.options import add_conditions, filters_of
from ui.cli.places import open_existing, place_of
from ui.cli.referring import no_paper_like_that
from ui.terminal import USAGE, print_error, print_json, tell, track

WORDS = "in the title, authors, organisation, year, id, citation key, tags or collections, each"


def add(group: Group) -> None:
    command = group.add("export", "write papers for other programs, with their abstracts", run)
    command.add_argument("words", nargs="*", metavar="WORDS", help=WORDS)
    command.add_argument(
        "--format",
        choices=tuple(BY_NAME),
        help="jsonl holds all that is known of a paper; csl is CSL-JSON (default: by the ending of FILE: "
        f"{', '.join(ENDINGS)}; else jsonl)",
    )
    command.add_argument(
        "-o", "--output", type=Path, metavar="FILE", help="where to write (default: stdout)"
    )
    command.add_argument(
        "--all",
        action="store_true",
        help="a backup: all that every source said, from which `library restore` makes the same library",
    )
    command.add_argument("--force", action="store_true", help="replace FILE where there is one")
    add_conditions(command)


def run(arguments: argparse.Namespace) -> int:
    file: Path | None = arguments.output
    filters = filters_of(arguments)
    is_narrowed = bool(arguments.words) or not filters.is_open
    if arguments.json and not file:
        return print_error("--json tells of the file that is written: name one with -o FILE", USAGE)
    if arguments.all and (is_narrowed or arguments.format):
        everything = "--all writes every record of the library as JSON lines"
        return print_error(f"{everything}: leave words, filters and --format out", USAGE)
    form = JSONL if arguments.all else _format(arguments)
    with open_existing(arguments) as library:
        check_names(library, filters, place_of(arguments))
        if arguments.all:
            with _opened(file, arguments.force) as output:
                counts: dict[str, Any] = asdict(write_backup(library.catalog, output, _progress(file)))
        else:
            counts = {"papers": _export(library, arguments, filters, form), "format": form.name}
    if arguments.json:
        print_json({**counts, "file": str(file)})
    elif file:
        tell(f"{counts['papers']} {'paper' if counts['papers'] == 1 else 'papers'} in {file}")
    return 0


def _format(arguments: argparse.Namespace) -> Format:
    """The format that is named, or that the file's ending tells. Raises QuestionError."""
    if arguments.format:
        return BY_NAME[arguments.format]
    return format_of(arguments.output) if arguments.output else JSONL


def _export(library: Library, arguments: argparse.Namespace, filters: Filters, form: Format) -> int:
    """Write the papers that match; returns how many. Raises QuestionError where none do."""
    ids = library.catalog.listed(" ".join(arguments.words), filters=filters)
    if not ids:
        raise no_paper_like_that(arguments)
    holdings = Holdings(library.catalog, ids, filters.source, _progress(arguments.output))
    with _opened(arguments.output, arguments.force) as output:
        for text in form.write(holdings):
            output.write(text.encode())
    return holdings.written


def _progress(file: Path | None) -> Track:
    """Progress bars, but not on a terminal where the papers themselves scroll past."""
    return track if file or not sys.stdout.isatty() else untracked


@contextmanager
def _opened(file: Path | None, is_replaced: bool) -> Iterator[BinaryIO]:
    """Where to write: stdout, or a file. Raises AskpapersError."""
    if file is None:
        sys.stdout.flush()
        yield sys.stdout.buffer
        sys.stdout.flush()
        return

    if file.is_file() and not is_replaced:
        raise AskpapersError(f"{file} is there already: add --force to replace it, or name another file")
    try:
        is_ordinary = file.is_file() or not file.exists()  # else a pipe or a device
        # A link stays one: its target is replaced.
        with atomic_write(file.resolve(), mode=None) if is_ordinary else file.open("wb") as output:
            yield output
    except OSError as error:
        raise AskpapersError(f"{file} cannot be written ({error.strerror}): name another file") from error

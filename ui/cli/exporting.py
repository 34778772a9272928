"""`askpapers library export`: papers in a form that other programs read, and `ingest` too."""

import argparse
import os
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from ui.cli.options import Parsers, add_filters, filters_of

if TYPE_CHECKING:
    from rag.library import Library
    from rag.types import Filters, Paper

WORDS = "in the title, organisation, year, arXiv id or DOI, each"
_JSONL, _BIBTEX = "jsonl", "bibtex"
_SUFFIXES = {".bib": _BIBTEX, ".bibtex": _BIBTEX}
_PAGE = 10_000  # papers in memory at a time; the catalog sorts all papers anew for each page
_USAGE = 2


def add(group: Parsers) -> None:
    """Register the command."""
    command = group.add("export", "write papers as JSON lines or BibTeX, with their abstracts", run)
    command.add_argument("words", nargs="*", metavar="WORDS", help=WORDS)
    command.add_argument(
        "--format",
        choices=(_JSONL, _BIBTEX),
        help="jsonl holds all that is known of a paper (default: bibtex for a FILE that ends in .bib, else "
        "jsonl)",
    )
    command.add_argument(
        "-o", "--output", type=Path, metavar="FILE", help="where to write (default: stdout)"
    )
    command.add_argument("--force", action="store_true", help="replace FILE where there is one")
    add_filters(command)


def run(arguments: argparse.Namespace) -> int:
    from rag.settings import Settings
    from ui.cli.places import open_existing
    from ui.terminal import print_error, print_json, tell, track

    file: Path | None = arguments.output
    if arguments.json and not file:
        print_error("--json tells of the file that is written: name one with -o FILE")
        return _USAGE
    form = arguments.format or _SUFFIXES.get(file.suffix.lower() if file else "", _JSONL)
    filters = filters_of(arguments)
    with open_existing(arguments, Settings.from_environment()) as library:
        count = _count(library, " ".join(arguments.words), filters)
        pages = _pages(library, " ".join(arguments.words), filters, count)
        if file or not sys.stdout.isatty():  # else papers scroll past, and a bar would among them
            pages = track(pages, "exporting papers", count)
        with _opened(file, arguments.force) as output:
            written = 0  # fewer than counted, where some are removed meanwhile
            for text in _texts(chain.from_iterable(pages), form):
                output.write(text.encode())
                written += 1
    if arguments.json:
        print_json({"papers": written, "format": form, "file": str(file)})
    elif file:
        tell(f"{written} {'paper' if written == 1 else 'papers'} in {file}")
    return 0


def _count(library: "Library", words: str, filters: "Filters") -> int:
    """How many papers are meant. Raises QuestionError where none are."""
    from rag.errors import QuestionError

    if count := library.catalog.count_matching(words, filters):
        return count
    raise QuestionError("no paper is like that: see which there are with `askpapers library list`")


def _pages(library: "Library", words: str, filters: "Filters", count: int) -> Iterable[list["Paper"]]:
    for offset in range(0, count, _PAGE):
        yield library.catalog.browse(words, offset=offset, most=_PAGE, filters=filters)


def _texts(papers: Iterable["Paper"], form: str) -> Iterator[str]:
    from ui.export import bibtex_entries, jsonl_lines

    if form == _JSONL:
        yield from jsonl_lines(papers)
        return
    for number, entry in enumerate(bibtex_entries(papers, is_whole=True)):
        yield f"\n{entry}" if number else entry


@contextmanager
def _opened(file: Path | None, is_replaced: bool) -> Iterator[BinaryIO]:
    """Where to write: stdout, or a file. Raises AskpapersError."""
    if file is None:
        sys.stdout.flush()
        yield sys.stdout.buffer
        sys.stdout.flush()
        return
    from rag.errors import AskpapersError

    if file.is_file() and not is_replaced:
        raise AskpapersError(f"{file} is there already: add --force to replace it, or name another file")
    try:
        with written_whole(file) if file.is_file() or not file.exists() else file.open("wb") as output:
            yield output
    except OSError as error:
        raise AskpapersError(f"{file} cannot be written ({error.strerror}): name another file") from error


@contextmanager
def written_whole(file: Path) -> Iterator[BinaryIO]:
    """A file that takes the place of the one of this name when all has been written; else that one stays.

    Raises OSError.
    """
    target = file.resolve()  # a link stays one
    part = target.with_name(f".{target.name}.{os.getpid()}.part")
    try:
        with part.open("xb") as output:
            yield output
            output.flush()
            os.fsync(output.fileno())
        part.replace(target)
    finally:
        with suppress(OSError):
            part.unlink()

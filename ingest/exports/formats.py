"""The formats of exports, by name and by the endings of files."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from ingest.exports.bibtex import WrittenKeys, bibtex_entries
from ingest.exports.csl_json import csl_texts
from ingest.exports.csv_table import csv_texts
from ingest.exports.holdings import Holdings
from ingest.exports.jsonl import jsonl_lines
from ingest.exports.ris import ris_texts
from rag.errors import QuestionError
from rag.plain import in_a_line


@dataclass(frozen=True)
class Format:
    """A format: its name, the endings of its files, and the pieces of text that papers are in it."""

    name: str
    suffixes: tuple[str, ...]
    write: Callable[[Holdings], Iterator[str]]


def _bibtex(holdings: Holdings) -> Iterator[str]:
    for number, entry in enumerate(bibtex_entries(holdings.tracked(), WrittenKeys.of(holdings))):
        yield f"\n{entry}" if number else entry


JSONL = Format("jsonl", (".jsonl", ".ndjson"), lambda holdings: jsonl_lines(holdings.tracked()))
FORMATS = (
    JSONL,
    Format("bibtex", (".bib", ".bibtex"), _bibtex),
    Format("ris", (".ris",), lambda holdings: ris_texts(holdings.tracked())),
    Format("csl", (".json",), lambda holdings: csl_texts(holdings.tracked(), holdings)),
    Format("csv", (".csv",), lambda holdings: csv_texts(holdings.tracked())),
)
ENDINGS = tuple(suffix for form in FORMATS for suffix in form.suffixes)
BY_NAME = {form.name: form for form in FORMATS}


def format_of(file: Path) -> Format:
    """The format by the ending of a file, JSON lines without one.

    Raises QuestionError, which names the endings, for another ending.
    """
    if not file.suffix:
        return JSONL
    for form in FORMATS:
        if file.suffix.lower() in form.suffixes:
            return form
    raise QuestionError(
        f"{in_a_line(file.suffix)} is the ending of no format: name a file that ends in "
        f"{', '.join(ENDINGS)}, or add --format"
    )

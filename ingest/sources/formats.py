"""The formats that files of papers come in: which file is in which, by its name and what it holds."""

import json
import re
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from ingest.sources.arxiv_snapshot import is_snapshot, read_snapshot
from ingest.sources.base import Entry, Reading
from ingest.sources.bibtex import ENTRY, read_bibtex
from ingest.sources.csl_json import is_csl_json, read_csl_json
from ingest.sources.csv_table import check_csv, is_csv, read_csv
from ingest.sources.jsonl import check_jsonl, read_jsonl
from ingest.sources.parquet import MAGIC, check_parquet, read_parquet
from ingest.sources.saved_html import check_saved_html, is_html, read_saved_html
from ingest.sources.saved_page import is_saved_page, read_saved_page
from ingest.sources.texts import marked_encoding, open_bytes, read_whole
from rag.errors import SourceError
from rag.plain import in_a_line

Read = Callable[[Path, str, Reading], Iterator[Entry]]
Check = Callable[[Path, str, Reading], None]
_START = 1 << 18  # bytes, and then characters, that a format is told by
_MOST_LINES = 200_000  # of a page
_NAMED = 1 << 16  # bytes in which a file that is no text shows it
DAMAGED = (OSError, EOFError, zlib.error)  # what reading a file raises, packed ones too


@dataclass(frozen=True)
class Format:
    """`name` is what `--format` calls it, `told` how it is told of. `read` yields the entries of a file
    under the name of its source. `check` raises ValueError, with what is wrong and what to do,
    where a file is surely not in this format or cannot be read as it is wanted.
    """

    name: str
    told: str
    suffixes: tuple[str, ...]
    read: Read
    check: Check


def _no_check(path: Path, name: str, reading: Reading) -> None:
    """Any text can be read."""


def _read_page(path: Path, name: str, reading: Reading) -> Iterator[Entry]:
    yield from read_saved_page(read_whole(path), name, reading.saved)


def _check_page(path: Path, name: str, reading: Reading) -> None:
    try:
        text = read_whole(path)
    except UnicodeDecodeError as error:
        raise ValueError(f"is not a text file: give it {READABLE}") from error
    if text.count("\n") > _MOST_LINES or not is_saved_page(text):
        raise ValueError(f"is not a saved page of Daily Papers: give it {READABLE}")


PAGE = Format("page", "a saved page of Daily Papers", (".txt",), _read_page, _check_page)
HTML = Format("html", "the same as a web page", (".html", ".htm"), read_saved_html, check_saved_html)
JSONL = Format("jsonl", "papers as JSON lines", (".jsonl", ".ndjson"), read_jsonl, check_jsonl)
ARXIV = Format("arxiv", "arXiv's metadata snapshot", (".json",), read_snapshot, _no_check)
CSL = Format("csl", "CSL-JSON", (".json",), read_csl_json, _no_check)
BIBTEX = Format("bibtex", "BibTeX", (".bib", ".bibtex"), read_bibtex, _no_check)
CSV = Format("csv", "a table", (".csv", ".tsv"), read_csv, check_csv)
PARQUET = Format("parquet", "Parquet", (".parquet",), read_parquet, check_parquet)
FORMATS = (PAGE, HTML, JSONL, ARXIV, CSL, BIBTEX, CSV, PARQUET)
PACKED_SUFFIX = ".gz"
SUFFIXES = tuple(dict.fromkeys(suffix for each in FORMATS for suffix in each.suffixes))
_TOLD = [f"{each.told} ({', '.join(each.suffixes)})" for each in FORMATS]
READABLE = f"{', '.join(_TOLD[:-1])} or {_TOLD[-1]}, texts also packed ({PACKED_SUFFIX})"


def suffix_of(path: Path) -> str:
    """The suffix that tells the format: of `owls.bib.gz`, `.bib`."""
    suffix = path.suffix.lower()
    return Path(path.stem).suffix.lower() if suffix == PACKED_SUFFIX else suffix


def recognise(path: Path, name: str, reading: Reading) -> Format:
    """The format of a file, which is checked to be readable. Raises SourceError, which says `name`."""
    try:
        if path.exists() and not path.is_file():
            raise SourceError(f"{name} is no file: save what it gives to one, or pipe it to `-`")
        start = _start(path)
        found = _named(reading.format) if reading.format else _format(path, start)
        found.check(path, name, reading)
    except FileNotFoundError as error:
        raise SourceError(f"{name} does not exist: check the spelling of the path") from error
    except PermissionError as error:
        raise SourceError(f"{name} cannot be read ({error.strerror}): check its permissions") from error
    except DAMAGED as error:
        raise SourceError(f"{name} cannot be read ({in_a_line(str(error))}): copy it again") from error
    except ValueError as error:
        raise SourceError(f"{name} {error}") from error
    return found


def _start(path: Path) -> bytes:
    """What a file begins with. Raises OSError, and ValueError where nothing is in it that can be read."""
    with open_bytes(path) as file:
        start = file.read(_START)
    if start.startswith(b"%PDF-"):
        raise ValueError(
            "is a PDF, and askpapers reads titles and abstracts only: "
            f"give it the abstract of this paper as {READABLE}"
        )
    if not start.strip():
        raise ValueError("is empty: save or export the papers again and ingest the new file")
    return start


def _format(path: Path, start: bytes) -> Format:
    """The format that name and content tell. Raises OSError, and ValueError where they tell none."""
    if start.startswith(MAGIC):
        return PARQUET
    suffix = suffix_of(path)
    by_suffix = next((each for each in FORMATS if suffix in each.suffixes), None)
    if by_suffix is PARQUET or (not marked_encoding(start) and b"\0" in start[:_NAMED]):
        wrong = "is no Parquet file" if by_suffix is PARQUET else "is not a text file"
        raise ValueError(f"{wrong}: give it {READABLE}")
    text = start.decode(marked_encoding(start) or "utf-8", "replace")
    if by_suffix in (JSONL, ARXIV):
        return _json_format(text, is_lines=by_suffix is JSONL)
    if by_suffix is PAGE:
        told = _by_content(text)
        is_sure = told in (HTML, BIBTEX) or not is_saved_page(text)
        return told if told and is_sure else PAGE
    return by_suffix or _by_content(text) or _page(path)


def _json_format(text: str, *, is_lines: bool) -> Format:
    """Of the three that are JSON, the one that a text begins as."""
    try:
        first = json.loads(text.lstrip().partition("\n")[0])
    except (ValueError, RecursionError):
        first = None  # cut, broken, or an object over several lines
    if isinstance(first, dict) and is_snapshot(first):
        return ARXIV
    is_object = isinstance(first, dict) and not is_csl_json(text)
    return JSONL if is_lines or is_object or not text.lstrip().startswith(("{", "[")) else CSL


def _by_content(text: str) -> Format | None:
    """The format of a text whose name does not tell it, where the text does."""
    begins = text.lstrip()
    if is_html(begins):
        return HTML
    if re.match(r"\{\s*\"|\[\s*\{", begins):
        return _json_format(text, is_lines=False)
    if any(ENTRY.match(line) for line in begins.splitlines()):
        return BIBTEX
    return CSV if is_csv(begins) else None


def _page(path: Path) -> Format:
    """A page, in a file that is not called one. Raises OSError, ValueError."""
    text = read_whole(path, "replace").strip()
    if "\n" not in text or not is_saved_page(text):
        raise ValueError(f"is of no kind that can be read: give it {READABLE}, or say which with --format")
    return PAGE


def _named(name: str) -> Format:
    """Raises SourceError."""
    for each in FORMATS:
        if each.name == name:
            return each
    names = ", ".join(each.name for each in FORMATS)
    raise SourceError(f"{name} is no format: it is one of {names}")

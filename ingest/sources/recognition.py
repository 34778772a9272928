"""Recognises the format of a file by its name and content."""

import gzip
import json
import re
import zlib
from pathlib import Path

from ingest.sources import formats
from ingest.sources.arxiv_snapshot import is_snapshot
from ingest.sources.base import ReadOptions
from ingest.sources.csl_json import is_csl_json
from ingest.sources.csv_table import is_csv
from ingest.sources.saved_page import is_saved_page
from ingest.sources.texts import BIBTEX_ENTRY, marked_encoding, open_bytes, read_whole
from rag.errors import SourceError
from rag.plain import in_a_line

DAMAGED = (OSError, EOFError, zlib.error)  # what reading a file raises, a packed one too
_START = 1 << 18  # bytes, and then characters, that a format is recognised by
_BINARY = 1 << 16  # bytes in which a file that is not text shows it
_PARQUET_MAGIC = b"PAR1"
_PDF_MAGIC = b"%PDF-"
# How the first line of an entry looks.
_BY_LINES = {
    formats.BIBTEX: BIBTEX_ENTRY,
    formats.RIS: re.compile(r"TY {1,2}- ?[A-Z]{2,9}\s*$", re.ASCII),
    formats.MEDLINE: re.compile(r"PM(?:ID- ?|C {0,2}- ?PMC)\d{1,9}\s*$", re.ASCII),
}
_ELEMENT = re.compile(r"<[A-Za-z_][^<>]*>(?:\s*<\w+>)?", re.ASCII)
_BY_ELEMENT = {
    formats.ENDNOTE: re.compile(r"<xml>\s*<records>"),
    formats.PUBMED: re.compile(r"<Pubmed(?:Book)?Article(?:Set)?\b"),
}
_REFERENCES = (formats.BIBTEX, formats.RIS, formats.MEDLINE, formats.ENDNOTE)
_STRAY_ZEROS = 100  # bytes among which one may be a zero; in UTF-16 every second is
_WEB_PAGE_SUFFIXES = (".html", ".htm")
_WEB_PAGE = re.compile(r"\s*<(?:!doctype html|html|head|!-- saved from)", re.IGNORECASE)


def suffix_of(path: Path) -> str:
    """The suffix of the format, such as `.bib` of `owls.bib.gz`."""
    suffix = path.suffix.lower()
    return Path(path.stem).suffix.lower() if suffix == formats.PACKED_SUFFIX else suffix


def recognise(path: Path, name: str, options: ReadOptions = ReadOptions()) -> formats.Format:
    """The format of a file that can be read. Raises SourceError, whose text begins with `name`."""
    try:
        if path.exists() and not path.is_file():
            raise SourceError(f"{name} is no file: save what it gives to one, or pipe it to `-`")
        start = _start(path)
        form = _named(options.format) if options.format else _format(path, start)
        form.check(path, options)
    except FileNotFoundError as error:
        raise SourceError(f"{name} does not exist: check the spelling of the path") from error
    except PermissionError as error:
        raise SourceError(f"{name} cannot be read ({error.strerror}): check its permissions") from error
    except DAMAGED as error:
        raise SourceError(f"{name} cannot be read ({damage(error)}): copy it again") from error
    except ValueError as error:
        raise SourceError(f"{name} {error}") from error
    return form


def damage(error: Exception) -> str:
    """What is wrong with a file, in plain words, by what reading it raised."""
    if isinstance(error, EOFError):
        return "it ends too early"
    if isinstance(error, zlib.error | gzip.BadGzipFile):
        return "it is damaged where it is packed"
    return in_a_line(getattr(error, "strerror", None) or str(error))


def _start(path: Path) -> bytes:
    """The beginning of a file. Raises OSError, and ValueError if nothing in the file can be read."""
    with open_bytes(path) as file:
        start = file.read(_START)
    if not start.strip():
        raise ValueError("is empty: save or export the papers again and ingest the new file")
    return start


def _format(path: Path, start: bytes) -> formats.Format:
    """The format by name and content. Raises OSError, and ValueError if there is none."""
    if start.startswith(_PARQUET_MAGIC):
        return formats.PARQUET
    suffix = suffix_of(path)
    if suffix in formats.PDF.suffixes or start.lstrip().startswith(_PDF_MAGIC):
        if path.suffix.lower() == formats.PACKED_SUFFIX:
            raise ValueError("is a packed PDF: unpack it, for instance with gunzip")
        return formats.PDF
    by_suffix = next((form for form in formats.FORMATS if suffix in form.suffixes), None)
    if by_suffix is formats.PARQUET or _is_binary(start, by_suffix):
        wrong = "is no Parquet file" if by_suffix is formats.PARQUET else "is not a text file"
        raise ValueError(f"{wrong}: give it {formats.READABLE}")
    text = start.decode(marked_encoding(start) or "utf-8", "replace")
    if suffix in _WEB_PAGE_SUFFIXES or (by_suffix in (None, formats.PAGE) and _WEB_PAGE.match(text)):
        raise ValueError(
            "is a web page, and saved web pages are not read: save it as text (.txt), or fetch its papers "
            "with hf:date=YYYY-MM-DD or arxiv:ID"
        )
    if by_suffix in (formats.JSONL, formats.ARXIV):
        return _json_format(text, is_lines=by_suffix is formats.JSONL)
    if by_suffix in _BY_ELEMENT or (
        by_suffix in (None, formats.PAGE) and text.lstrip().startswith("<?xml")
    ):
        if form := _xml_format(text):
            return form
        raise ValueError(
            "is XML of another kind: EndNote's and PubMed's are read, so export it as one of them or as RIS"
        )
    if by_suffix in (formats.RIS, formats.MEDLINE):
        return _reference_format(text) or by_suffix
    if by_suffix is formats.PAGE:
        by_content = _by_content(text)
        is_sure = by_content in (*_BY_LINES, *_BY_ELEMENT) or not is_saved_page(text)
        return by_content if by_content and is_sure else formats.PAGE
    return by_suffix or _by_content(text) or _page(path)


def _is_binary(start: bytes, by_suffix: formats.Format | None) -> bool:
    """Whether a file is no text. A few stray zeros make no binary file of references."""
    zeros = 0 if marked_encoding(start) else start[:_BINARY].count(0)
    return zeros > (len(start[:_BINARY]) // _STRAY_ZEROS if by_suffix in _REFERENCES else 0)


def _json_format(text: str, *, is_lines: bool) -> formats.Format:
    """The one of the three JSON formats that a text begins as."""
    try:
        first = json.loads(text.lstrip().partition("\n")[0])
    except (ValueError, RecursionError):
        first = None  # cut, broken, or an object over several lines
    if isinstance(first, dict) and is_snapshot(first):
        return formats.ARXIV
    is_object = isinstance(first, dict) and not is_csl_json(text)
    return (
        formats.JSONL if is_lines or is_object or not text.lstrip().startswith(("{", "[")) else formats.CSL
    )


def _by_content(text: str) -> formats.Format | None:
    """The format of a text by its content; None if that does not tell it."""
    text = text.lstrip()
    if re.match(r"\{\s*\"|\[\s*\{", text):
        return _json_format(text, is_lines=False)
    form = _xml_format(text) if text.startswith("<") else _reference_format(text)
    return form or (formats.CSV if is_csv(text) else None)


def _reference_format(text: str) -> formats.Format | None:
    """The format whose first line of an entry comes first; None where there is none."""
    for line in text.splitlines():
        for form, begins in _BY_LINES.items():
            if begins.match(line):
                return form
    return None


def _xml_format(text: str) -> formats.Format | None:
    """The format whose element is the outermost; None where another is."""
    outermost = _ELEMENT.search(text)
    start = outermost[0] if outermost else ""
    return next((form for form, names in _BY_ELEMENT.items() if names.match(start)), None)


def _page(path: Path) -> formats.Format:
    """A saved page whose file has another suffix. Raises OSError, ValueError."""
    text = read_whole(path, "replace").strip()
    if "\n" not in text or not is_saved_page(text):
        raise ValueError(
            f"is of no kind that can be read: give it {formats.READABLE}, or say which with --format"
        )
    return formats.PAGE


def _named(name: str) -> formats.Format:
    """Raises SourceError."""
    by_name = {form.name: form for form in formats.FORMATS}
    if name not in by_name:
        raise SourceError(f"{name} is no format: it is one of {', '.join(by_name)}")
    return by_name[name]

"""The formats of files of papers, each with its reader."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

from ingest.pdf.faults import PdfError
from ingest.pdf.limits import Limits, check_file
from ingest.sources.arxiv_snapshot import read_snapshot
from ingest.sources.base import Attachment, Entry, ReadOptions, shown_path
from ingest.sources.csl_json import read_csl_json
from ingest.sources.csv_table import check_csv, read_csv
from ingest.sources.jsonl import check_jsonl, read_jsonl
from ingest.sources.medline import read_medline
from ingest.sources.ris import read_ris
from ingest.sources.saved_page import is_saved_page, read_saved_page
from ingest.sources.texts import read_whole

PACKED_SUFFIX = ".gz"
_MOST_LINES = 200_000  # of a saved page


def _accept(path: Path, options: ReadOptions) -> None:
    """For formats in which any text can be read."""


@dataclass(frozen=True)
class Format:
    """`name` is its name for `--format`, `label` its name in messages. `read` yields the entries of a file,
    which it attributes to a source. `check` raises ValueError, with the problem and the remedy, where a
    file is surely not in this format or cannot be read with these options.
    """

    name: str
    label: str
    suffixes: tuple[str, ...]
    read: Callable[[Path, str, ReadOptions], Iterator[Entry]]
    check: Callable[[Path, ReadOptions], None] = _accept


def _read_page(path: Path, source: str, options: ReadOptions) -> Iterator[Entry]:
    yield from read_saved_page(read_whole(path), source, options.saved)


def _check_page(path: Path, options: ReadOptions) -> None:
    try:
        text = read_whole(path)
    except UnicodeDecodeError as error:
        raise ValueError(f"is not a text file: give it {READABLE}") from error
    if text.count("\n") > _MOST_LINES or not is_saved_page(text):
        raise ValueError(f"is not a saved page of Daily Papers: give it {READABLE}")


# These are loaded when a file needs them: their libraries take time, and pyarrow is optional.


def _read_bibtex(path: Path, source: str, options: ReadOptions) -> Iterator[Entry]:
    from ingest.sources.bibtex import read_bibtex

    yield from read_bibtex(path, source, options)


def _read_endnote_xml(path: Path, source: str, options: ReadOptions) -> Iterator[Entry]:
    from ingest.sources.endnote_xml import read_endnote_xml

    yield from read_endnote_xml(path, source, options)


def _read_pubmed_xml(path: Path, source: str, options: ReadOptions) -> Iterator[Entry]:
    from ingest.sources.pubmed_xml import read_pubmed_xml

    yield from read_pubmed_xml(path, source, options)


def _parquet() -> ModuleType:
    try:
        from ingest.sources import parquet
    except ModuleNotFoundError as error:
        raise ValueError(
            'is Parquet, which needs pyarrow: run `pip install "askpapers[parquet]"`'
        ) from error
    return parquet


def _read_parquet(path: Path, source: str, options: ReadOptions) -> Iterator[Entry]:
    yield from _parquet().read_parquet(path, source, options)


def _check_parquet(path: Path, options: ReadOptions) -> None:
    _parquet().check_parquet(path, options)


def _read_pdf(path: Path, source: str, options: ReadOptions) -> Iterator[Entry]:
    label = None if source == shown_path(path) else source
    yield Attachment(source, path, keeps=options.keep, label=label)


def _check_pdf(path: Path, _: ReadOptions) -> None:
    try:
        check_file(path, Limits())
    except PdfError as error:
        raise ValueError(str(error)) from error


PAGE = Format("page", "a saved page of Daily Papers", (".txt",), _read_page, _check_page)
JSONL = Format("jsonl", "papers as JSON lines", (".jsonl", ".ndjson"), read_jsonl, check_jsonl)
ARXIV = Format("arxiv", "arXiv's metadata snapshot", (".json",), read_snapshot)
CSL = Format("csl", "CSL-JSON", (".json",), read_csl_json)
BIBTEX = Format("bibtex", "BibTeX", (".bib", ".bibtex"), _read_bibtex)
CSV = Format("csv", "a table", (".csv", ".tsv"), read_csv, check_csv)
PARQUET = Format("parquet", "Parquet", (".parquet",), _read_parquet, _check_parquet)
PDF = Format("pdf", "PDF", (".pdf",), _read_pdf, _check_pdf)
RIS = Format("ris", "RIS", (".ris",), read_ris)
MEDLINE = Format("nbib", "PubMed's citations", (".nbib",), read_medline)
ENDNOTE = Format("endnote", "EndNote's XML", (".xml",), _read_endnote_xml)
PUBMED = Format("pubmed", "PubMed's XML", (".xml",), _read_pubmed_xml)
FORMATS = (PDF, PAGE, JSONL, ARXIV, CSL, BIBTEX, RIS, MEDLINE, ENDNOTE, PUBMED, CSV, PARQUET)

SUFFIXES = tuple(dict.fromkeys(suffix for form in FORMATS for suffix in form.suffixes))
_LABELS = [f"{form.label} ({', '.join(form.suffixes)})" for form in FORMATS]
READABLE = f"{', '.join(_LABELS[:-1])} or {_LABELS[-1]}, texts also packed ({PACKED_SUFFIX})"

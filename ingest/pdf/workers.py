"""Parses PDFs."""

from collections.abc import Iterable, Iterator
from pathlib import Path

from ingest.pdf.document import Document
from ingest.pdf.faults import PdfError


def parse_all(paths: Iterable[Path]) -> Iterator[tuple[Path, Document | PdfError]]:
    raise NotImplementedError

"""Opens a PDF in pdfium. Only processes that read PDFs import this."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pypdfium2 import PdfDocument, PdfiumError
from pypdfium2.raw import FPDF_ERR_PASSWORD, FPDF_ERR_SECURITY

from ingest.pdf.faults import PdfError


@contextmanager
def open_pdf(path: Path) -> Iterator[PdfDocument]:
    """The document, open; nothing in it runs. Raises PdfError."""
    try:
        document = PdfDocument(path)
    except PdfiumError as error:
        if error.err_code in (FPDF_ERR_PASSWORD, FPDF_ERR_SECURITY):
            raise PdfError("is encrypted: save it without its password") from error
        raise PdfError("is damaged, or no PDF: fetch it again, or print it to a new PDF") from error
    try:
        yield document
    finally:
        document.close()

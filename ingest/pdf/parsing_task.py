"""What a process that parses PDFs does for each."""

from pathlib import Path

from ingest.pdf.messages import Message
from ingest.pdf.packing import pack
from ingest.pdf.parsing import parse


def parse_apart(path: Path) -> Message:
    """The message that holds the document in a file. Raises PdfError."""
    return pack(parse(path))

"""The whole texts of files as lines of a backup: one with all but the body, then the body in pieces."""

import base64
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from ingest.pdf.document import Document
from ingest.pdf.messages import MalformedError
from ingest.pdf.packing import unpack
from rag.library.paper_files import PaperFile, PaperFiles
from rag.plain import encodable
from rag.types import Span

_PIECE = 1_000_000  # bytes of a packed body in one line
_MOST_PIECES = 1_000
_FILE = re.compile(r"[0-9a-f]{64}")

Line = dict[str, Any]


@dataclass(frozen=True)
class StoredFile:
    """A file with its document and the spans of its passages."""

    row: PaperFile
    document: Document
    spans: list[Span]


def _is_id(value: object) -> bool:
    """Whether this is a SHA-256 in hexadecimal digits."""
    return isinstance(value, str) and _FILE.fullmatch(value) is not None


def file_lines(files: PaperFiles, file: str) -> Iterator[Line]:
    """The lines of a file of the catalog."""
    row, passages, body = files.stored(file)
    pieces = [body[start : start + _PIECE] for start in range(0, len(body), _PIECE)]
    yield {
        "file": file,
        "path": row.path,
        "reader": row.reader,
        "front": dict(row.front),
        "passages": [[passage.start, passage.end] for passage in passages],
        "pieces": len(pieces),
    }
    for piece in pieces:
        yield {"piece": base64.b64encode(piece).decode()}


def read_files(lines: Iterator[Line]) -> Iterator[StoredFile]:
    """The files of these lines. Raises ValueError where there is none in them."""
    for line in lines:
        count = line.get("pieces")
        if not isinstance(count, int) or not 0 < count <= _MOST_PIECES:
            raise ValueError("its text is not whole")
        pieces = [str(next(lines, {}).get("piece", "?")) for _ in range(count)]  # `?` is not in base64
        yield _stored(line, b"".join(base64.b64decode(piece, validate=True) for piece in pieces))


def _stored(line: Line, packed: bytes) -> StoredFile:
    """Raises ValueError."""
    file, path, reader = line.get("file"), line.get("path"), line.get("reader")
    if not (_is_id(file) and isinstance(path, str) and isinstance(reader, int)):
        raise ValueError("it is no file")
    try:
        document = unpack(line, packed)
        spans = [(start, end) for start, end in line["passages"]]
    except (MalformedError, KeyError, TypeError) as error:
        raise ValueError("its text is damaged") from error
    size = len(document.body.text)
    if not all(type(start) is type(end) is int and 0 <= start <= end <= size for start, end in spans):
        raise ValueError("its passages are not in its text")
    row = PaperFile(str(file), encodable(path), is_kept=False, reader=reader, front=line["front"])
    return StoredFile(row, document, spans)
